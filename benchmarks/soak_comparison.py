"""Compares the database after a soak with all entries that the feeds have published, and prints the figures as JSON.
`soak.py` runs it with the environment and the clock of the soak. The names of figures that must be zero begin with
"MUST BE 0".

    python benchmarks/soak_comparison.py START END PACE WINDOW FEEDS [--fetch]

START, END, PACE and WINDOW are the values of `publishing.Publication`, and FEEDS is the number of its feeds.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter

import django

from publishing import Publication


def compare(publication: Publication, feeds: int, *, fetch: bool) -> dict[str, int]:
    """Compare the database with what the feeds have published. With *fetch*, all feeds are
    made due and fetched first.
    """
    from django.db import connection
    from django.db.models import Count
    from django.utils import timezone

    from lifestream.models import Feed, Fetch, Host, Item, Post, due_hosts
    from lifestream.refresh import refresh

    now = timezone.now()
    if fetch:
        Host.objects.update(not_before=None)
        Feed.objects.update(next_fetch=now, not_before=None)
        refresh()
    expected = {f"{number}-{entry}" for number in range(feeds)
                for entry in range(1, 1 + publication.entries(number, publication.end))}  # fmt: skip
    stored = Counter(Item.objects.values_list("guid", flat=True).iterator())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM lifestream_search")
        [[indexed]] = cursor.fetchall()
    fetches = dict(Fetch.objects.order_by().values_list("outcome").annotate(Count("pk")))
    posts = Post.objects.count()
    return {
        "entries published": len(expected),
        "items stored": sum(stored.values()),
        "posts": posts,
        "MUST BE 0: lost": len(expected - stored.keys()),
        "MUST BE 0: items that no feed has published": len(stored.keys() - expected),
        "MUST BE 0: stored twice": sum(stored.values()) - len(stored),
        "MUST BE 0: items without a post": Item.objects.filter(posts=None).count(),
        "MUST BE 0: posts stored twice": posts - Post.objects.values("item", "lifestream").distinct().count(),
        "MUST BE 0: items minus rows of the index": sum(stored.values()) - indexed,
        "MUST BE 0: leases left": Feed.objects.held(now).count() + Host.objects.filter(held_until__gt=now).count(),
        "MUST BE 0: hosts with a wrong due time": len(due_hosts.wrong("default")),
        "MUST BE 0: feeds that fail": Feed.objects.filter(failures__gt=0).count(),
        "MUST BE 0: feeds given up": Feed.objects.exclude(status="active").count(),
        **{f"fetches logged: {name}": count for name, count in fetches.items()},
    }


def main() -> None:
    """Read the command line and run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lifestream.site.settings")
    django.setup()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("start", "end", "pace"):
        parser.add_argument(name, type=float)
    for name in ("window", "feeds"):
        parser.add_argument(name, type=int)
    parser.add_argument("--fetch", action="store_true")
    options = parser.parse_args()
    publication = Publication(options.start, options.end, options.pace, options.window)
    print(json.dumps(compare(publication, options.feeds, fetch=options.fetch)))


if __name__ == "__main__":
    main()
