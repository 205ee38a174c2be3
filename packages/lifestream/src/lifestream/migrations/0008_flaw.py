from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0007_site_domain"),
    ]

    operations = [
        migrations.AddField(
            model_name="feed",
            name="flaw",
            field=models.TextField(blank=True, editable=False, help_text="Where its document is ill-formed, and why."),
        ),
        migrations.AddField(
            model_name="feed",
            name="withheld",
            field=models.BooleanField(default=False, editable=False),
        ),
    ]
