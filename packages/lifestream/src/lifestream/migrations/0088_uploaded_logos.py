import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0087_reading_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="lifestream",
            name="logo_digest",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="lifestream",
            name="logo_height",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="lifestream",
            name="logo_width",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.CreateModel(
            name="Logo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("data", models.BinaryField(verbose_name="picture")),
                ("digest", models.CharField(max_length=32, verbose_name="digest")),
                (
                    "lifestream",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uploaded_logo",
                        to="lifestream.lifestream",
                        verbose_name="lifestream",
                    ),
                ),
            ],
            options={
                "verbose_name": "uploaded logo",
                "verbose_name_plural": "uploaded logos",
            },
        ),
    ]
