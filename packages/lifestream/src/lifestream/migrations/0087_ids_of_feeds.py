"""The feed of each lifestream gets an id that never changes: the one that it was published under, which was the address
of its page. Without LIFESTREAM_PUBLIC_URL there is no lasting address, and the feed gets a UUID.
"""

from django.db import migrations, models
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

import lifestream.models.lifestreams
from lifestream.conf import settings
from lifestream.models.lifestreams import make_feed_uri


def forwards(apps, schema_editor):
    lifestreams = apps.get_model("lifestream", "Lifestream").objects.using(schema_editor.connection.alias)
    for pk, slug in list(lifestreams.filter(feed_uri="").values_list("pk", "slug")):
        lifestreams.filter(pk=pk).update(feed_uri=_address(slug) or make_feed_uri())


def _address(slug):
    if not settings.public_url:
        return ""
    try:
        return settings.absolute(reverse("lifestream:timeline", kwargs={"slug": slug}))
    except NoReverseMatch:
        return ""  # a site without our pages


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0083_entry_digests"),
    ]

    operations = [
        migrations.AddField(
            model_name="lifestream",
            name="feed_uri",
            field=models.TextField(db_default="", default="", editable=False, verbose_name="id of the feed"),
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="lifestream",
            name="feed_uri",
            field=models.TextField(
                db_default="",
                default=lifestream.models.lifestreams.make_feed_uri,
                editable=False,
                verbose_name="id of the feed",
            ),
        ),
        migrations.AddConstraint(
            model_name="lifestream",
            constraint=models.UniqueConstraint(
                condition=~Q(feed_uri=""), fields=("feed_uri",), name="lifestream_feed_uri"
            ),
        ),
    ]
