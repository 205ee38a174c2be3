from django.db import migrations, models


class Migration(migrations.Migration):
    # Null for existing items: with a default, SQLite would write the whole table anew. Pages make the cards of these
    # items when they show them, until the next change of an item in its feed stores its card.
    dependencies = [
        ("lifestream", "0008_flaw"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="card",
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
    ]
