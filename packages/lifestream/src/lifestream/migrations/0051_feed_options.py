from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0050_one_feed_one_row"),
    ]

    operations = [
        migrations.AddField(
            model_name="feed",
            name="options",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
    ]
