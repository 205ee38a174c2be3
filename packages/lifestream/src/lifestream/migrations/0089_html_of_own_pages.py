from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0088_uploaded_logos"),
    ]

    operations = [
        migrations.AddField(
            model_name="ownpage",
            name="html",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="ownpage",
            name="html_digest",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
    ]
