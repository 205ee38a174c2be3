"""The domain of each feed was that of the site that the feed names. It becomes that of the feed's URL, unless this URL
or most links of the feed lead to the site that it names.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from lifestream.fetcher.url_hosts import domain_of, site_domain

_LINKS = 100  # the latest ones


def decide(apps: Any, schema_editor: Any) -> None:
    """Decide the domain anew for each feed whose domain is not that of its URL."""
    using = schema_editor.connection.alias
    feeds = apps.get_model("lifestream", "Feed").objects.using(using)
    items = apps.get_model("lifestream", "Item").objects.using(using)
    rows = feeds.values_list("pk", "url", "validated_url", "site_url", "domain")
    for pk, url, validated_url, site_url, domain in rows.iterator(chunk_size=2000):
        if domain == domain_of(url):
            continue
        links = items.filter(feed=pk).order_by("-date").values_list("link", flat=True)[:_LINKS]
        decided = site_domain(site_url, validated_url or url, links)
        if decided != domain:
            feeds.filter(pk=pk).update(domain=decided)


class Migration(migrations.Migration):
    dependencies = [("lifestream", "0006_first_key")]
    operations = [migrations.RunPython(decide, migrations.RunPython.noop)]
