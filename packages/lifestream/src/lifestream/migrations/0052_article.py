import django.db.models.deletion
from django.db import migrations, models

import lifestream.models.message_field


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0051_feed_options"),
    ]

    operations = [
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="article",
                        to="lifestream.item",
                        verbose_name="item",
                    ),
                ),
                ("fingerprint", models.CharField(blank=True, editable=False, max_length=64)),
                ("fetched", models.DateTimeField(verbose_name="fetched")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("message", lifestream.models.message_field.MessageField(blank=True, verbose_name="message")),
            ],
            options={
                "verbose_name": "page of an item",
                "verbose_name_plural": "pages of items",
            },
        ),
    ]
