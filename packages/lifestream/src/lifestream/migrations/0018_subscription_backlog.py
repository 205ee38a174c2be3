from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0011_translated_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="backlog",
            field=models.BigIntegerField(blank=True, editable=False, null=True, verbose_name="backlog"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=Q(backlog__isnull=False), fields=["backlog"], name="lifestream_subscr_backlog"
            ),
        ),
    ]
