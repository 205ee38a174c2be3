from django.db import migrations, models

NOTE_NAMES = """UPDATE lifestream_subscription SET sort_folder = substr(folder, 1, 100),
    sort_name = substr(lower(substr(coalesce(nullif(name, ''), (
        SELECT coalesce(nullif(feed.title, ''), nullif(feed.domain, ''), feed.url) FROM lifestream_feed feed
        WHERE feed.id = lifestream_subscription.feed_id), ''), 1, 100)), 1, 100)"""


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0052_article"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="sort_folder",
            field=models.CharField(blank=True, default="", editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name="subscription",
            name="sort_name",
            field=models.CharField(blank=True, default="", editable=False, max_length=100),
        ),
        migrations.RunSQL(NOTE_NAMES, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["lifestream", "sort_name", "id"], name="lifestream_subscr_name"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["lifestream", "sort_folder", "sort_name", "id"], name="lifestream_subscr_folder"
            ),
        ),
    ]
