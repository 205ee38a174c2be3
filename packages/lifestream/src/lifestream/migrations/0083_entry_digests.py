from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0082_faces"),
    ]

    operations = [
        migrations.AddField(
            model_name="feed",
            name="entry_digests",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
    ]
