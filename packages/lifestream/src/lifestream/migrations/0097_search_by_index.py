"""The function that searches PostgreSQL's index never reads the whole table. The entries of the index stay as they
are. The description of a lifestream gets a largest length, which only forms check.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps.registry import Apps
from django.core.validators import MaxLengthValidator
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from lifestream.models import fulltext


def create(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    fulltext.create(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies: ClassVar[list[Any]] = [("lifestream", "0096_idle_since")]
    operations: ClassVar[list[Any]] = [
        migrations.RunPython(create, migrations.RunPython.noop),
        migrations.AlterField(
            "lifestream",
            "description",
            models.TextField(
                "description",
                blank=True,
                validators=[MaxLengthValidator(5000)],
                help_text="A few sentences, for search engines.",
            ),
        ),
    ]
