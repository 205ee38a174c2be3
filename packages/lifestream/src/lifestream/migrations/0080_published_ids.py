import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0070_feeds_in_trouble"),
    ]

    operations = [
        migrations.CreateModel(
            name="PublishedId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="published_id",
                        to="lifestream.item",
                        verbose_name="item",
                    ),
                ),
                ("uri", models.TextField(verbose_name="id")),
            ],
            options={
                "verbose_name": "published id",
                "verbose_name_plural": "published ids",
                "constraints": [models.UniqueConstraint(fields=("uri",), name="lifestream_published_uri")],
            },
        ),
        migrations.AddField(
            model_name="tombstone",
            name="uri",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddIndex(
            model_name="tombstone",
            index=models.Index(fields=["uri"], name="lifestream_tombstone_uri"),
        ),
    ]
