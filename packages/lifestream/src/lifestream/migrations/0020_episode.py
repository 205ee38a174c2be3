from django.db import migrations, models


class Migration(migrations.Migration):
    # Null for existing items: with a default, SQLite would write the whole table anew.
    dependencies = [
        ("lifestream", "0019_look"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="episode",
            field=models.JSONField(blank=True, null=True, verbose_name="episode"),
        ),
    ]
