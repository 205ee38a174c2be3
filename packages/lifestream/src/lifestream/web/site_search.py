"""Sites of a lifestream by the words of their names, for the page of all sites and for the search."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left

from lifestream.content.tokenizer import line_of, terms, written_out
from lifestream.models import Post, Subscription
from lifestream.models.fulltext import LONGEST_QUERY
from lifestream.web.timeline import Timeline

MOST_LOOKED_AT: Final = 5_000
"""Up to this number of sites, all names are read. If there are more, the database compares the names, and accents have
to match.
"""

SEARCHED: Final = 200
"""How many characters of a name are searched: 5,000 titles of 2,000 characters take more than half a second."""


def has_many_sites(timeline: Timeline) -> bool:
    """Return whether *timeline*'s lifestream has more than MOST_LOOKED_AT sites that the reader may see."""
    # All sites are counted first, without checking whether the reader may see the feed of each: the check takes 30
    # times as long, and nearly always the reader may see all of them.
    if not _are_many(Subscription.objects.filter(lifestream=timeline.lifestream)):
        return False
    return timeline.shows_all_sites or _are_many(timeline.subscriptions())


def _are_many(sites: QuerySet[Subscription]) -> bool:
    # Ordered, so that SQLite uses an index by lifestream. Otherwise it would begin with all feeds if its statistics say
    # that a lifestream has very many sites. exists() would drop the order.
    keys = sites.order_by("sort_name", "pk").values_list("pk")
    return bool(keys[MOST_LOOKED_AT : MOST_LOOKED_AT + 1])


def sites_named(timeline: Timeline, query: str) -> QuerySet[Subscription]:
    """Return the sites of *timeline*'s lifestream whose name, title and domain together have all words of *query*, or
    words that begin with these; none for a query without words. Of each of the three, the first SEARCHED characters
    count. If the lifestream has very many sites, only the name by which each is sorted is searched, and each word may
    stand anywhere in it.
    """
    sites = timeline.subscriptions()
    wanted = terms(query[:LONGEST_QUERY], beginnings=True)
    if not wanted:
        return sites.none()
    if has_many_sites(timeline):
        words = [" ".join(term.words) for term in wanted]
        return sites.filter(reduce(and_, (Q(sort_name__contains=word) for word in words)))
    columns = (Left(column, SEARCHED) for column in ("name", "feed__title", "feed__domain"))
    named = sites.order_by("sort_name", "pk").values_list("pk", *columns)
    return sites.filter(
        pk__in=[
            pk
            for pk, *names in named
            if (line := line_of(" ".join(written_out(name, SEARCHED) for name in names)))
            and all(term.is_in(line) for term in wanted)
        ]
    )


def with_last_post(sites: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Return *sites* with the date of the latest visible post of each as `last_post`, None if there is none."""
    latest = Post.objects.visible().filter(subscription=OuterRef("pk")).order_by("-date", "-item_id")
    return sites.annotate(last_post=Subquery(latest.values("date")[:1]))
