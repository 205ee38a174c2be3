from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0081_ids_of_old_items"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["date", "id"], name="lifestream_item_latest"),
        ),
    ]
