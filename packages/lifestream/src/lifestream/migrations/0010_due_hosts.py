from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NOTE_DUE = """UPDATE lifestream_host SET next_due = (
    SELECT CASE WHEN lifestream_host.not_before > feed.next_fetch THEN lifestream_host.not_before
    ELSE feed.next_fetch END FROM lifestream_feed feed
    WHERE feed.host_id = lifestream_host.id AND feed.status = 'active' ORDER BY feed.next_fetch LIMIT 1)"""


def drop_index_of_hosts(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # The index lifestream_feed_next begins with the host, so that of the foreign key is not needed. It is dropped by
    # hand, since Django's AlterField would write SQLite's table of feeds anew.
    feed = apps.get_model("lifestream", "Feed")
    kept = {index.name for index in feed._meta.indexes}
    for name in schema_editor._constraint_names(feed, ["host_id"], index=True, unique=False):
        if name not in kept:
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def make_index_of_hosts(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    feed = apps.get_model("lifestream", "Feed")
    schema_editor.execute(schema_editor._create_index_sql(feed, fields=[feed._meta.get_field("host")]))


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0009_item_card"),
    ]

    operations = [
        migrations.AddField(
            model_name="host",
            name="next_due",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="host",
            name="held_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="host",
            name="token",
            field=models.CharField(blank=True, default="", editable=False, max_length=32),
        ),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(fields=["host", "status", "next_fetch"], name="lifestream_feed_next"),
        ),
        migrations.RemoveIndex(model_name="feed", name="lifestream_feed_due"),
        migrations.RemoveIndex(model_name="feed", name="lifestream_feed_claim"),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(
                condition=models.Q(("claim_token", ""), _negated=True),
                fields=["claim_token", "host"],
                name="lifestream_feed_held",
            ),
        ),
        migrations.RunSQL(NOTE_DUE, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="host",
            index=models.Index(
                condition=models.Q(("next_due__isnull", False)),
                fields=["next_due", "id"],
                name="lifestream_host_due",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop_index_of_hosts, make_index_of_hosts)],
            state_operations=[
                migrations.AlterField(
                    model_name="feed",
                    name="host",
                    field=models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=models.deletion.PROTECT,
                        related_name="feeds",
                        to="lifestream.host",
                    ),
                ),
            ],
        ),
    ]
