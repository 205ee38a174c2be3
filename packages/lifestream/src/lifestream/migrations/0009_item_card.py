from django.db import migrations, models


class Migration(migrations.Migration):
    # Null for the items that are there: with a default, SQLite would write the whole table anew. Their cards are made
    # by the pages that show them, until a feed's next change of the item stores one.
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
