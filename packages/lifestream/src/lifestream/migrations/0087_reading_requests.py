import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0087_ids_of_feeds"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=20, verbose_name="language")),
                (
                    "wanted",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="wanted"),
                ),
                ("claimed_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("read", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="read")),
                ("found", models.TextField(blank=True, editable=False, verbose_name="found")),
                (
                    "feed",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reading_requests",
                        to="lifestream.feed",
                        verbose_name="feed",
                    ),
                ),
            ],
            options={
                "verbose_name": "reading request",
                "verbose_name_plural": "reading requests",
                "indexes": [
                    models.Index(condition=models.Q(("read", None)), fields=["id"], name="lifestream_reading_open")
                ],
                "constraints": [models.UniqueConstraint(fields=("feed", "language"), name="lifestream_reading_unique")],
            },
        ),
    ]
