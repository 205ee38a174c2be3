from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0087_reading_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="feed",
            name="entry_digests",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
    ]
