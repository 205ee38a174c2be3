"""An import finds the tombstones that its entries may be, without reading all tombstones of the feed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[Any]] = [("lifestream", "0092_search_time_limit")]
    operations: ClassVar[list[Any]] = [
        migrations.AddIndex(
            model_name="tombstone",
            index=models.Index(fields=["feed", "content_hash"], name="lifestream_tombstone_content"),
        ),
        migrations.AddIndex(
            model_name="tombstone",
            index=models.Index(fields=["feed", "first_key"], name="lifestream_tombstone_first"),
        ),
    ]
