from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0081_latest_items"),
    ]

    operations = [
        migrations.AddField(
            model_name="lifestream",
            name="shows_faces",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Shows the picture of a site beside each of its posts.",
                verbose_name="faces",
            ),
        ),
        migrations.AlterField(
            model_name="lifestream",
            name="site_order",
            field=models.CharField(
                choices=[("name", "By name"), ("latest", "The latest post first")],
                default="name",
                help_text=(
                    "Of the sites beside the timeline. If there are many, those with the latest posts stand there."
                ),
                max_length=10,
                verbose_name="order of sites",
            ),
        ),
    ]
