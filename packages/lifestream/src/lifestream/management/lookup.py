"""The feed or lifestream that a command's argument names. If there is none, the error lists similar feeds, or all
lifestreams.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from django.core.management.base import CommandError
from django.db.models import Q
from django.utils.translation import gettext

from lifestream.fetcher.feed_urls import UrlRefused, request_url, shown_in_message
from lifestream.fetcher.url_hosts import domain_of
from lifestream.models import Feed, Lifestream
from lifestream.models.feeds import url_hash
from lifestream.storage.credentials import split_url
from lifestream.wording import worded

_MOST_COMPARED: Final = 20_000  # comparing so many URLs takes less than a second


def feeds_at(url: str) -> list[int]:
    """Return the keys of the feeds at *url*: several only if some of them have a login.

    Raises CommandError if no feed has this URL, naming those with a similar one.
    """
    try:
        bare, _ = split_url(url)
    except ValueError as error:  # the message is without the URL, which may contain a password
        raise CommandError(gettext("there is no such feed: {reason}").format(reason=worded(str(error)))) from error
    try:
        requested = request_url(bare)
    except UrlRefused:
        requested = bare
    hashes = {url_hash(requested), url_hash(bare)}
    found = list(Feed.objects.filter(url_hash__in=hashes).order_by("pk").values_list("pk", flat=True))
    if not found:
        nearest = _nearest(requested)
        if nearest:
            # Translators: between the last two URLs of a list.
            urls = gettext(" or ").join(nearest)
            text = gettext("there is no feed {url}; add it with add_feed; did you mean {nearest}?")
            raise CommandError(text.format(url=shown_in_message(url), nearest=urls))
        raise CommandError(gettext("there is no feed {url}; add it with add_feed").format(url=shown_in_message(url)))
    return found


def _nearest(url: str) -> list[str]:
    """Return up to three URLs of feeds that the user may have meant by *url*: of the same site, or spelt nearly like
    it.
    """
    host = Q(domain=domain_of(url)) if domain_of(url) else Q(site_url=url)
    of_site = list(Feed.objects.filter(host).order_by("url").values_list("url", flat=True)[:100])
    candidates = of_site or Feed.objects.order_by("url").values_list("url", flat=True)[:_MOST_COMPARED]
    return get_close_matches(url, list(dict.fromkeys(candidates)), 3, 0.0 if of_site else 0.85)


def chosen_lifestream(slug: str | None) -> Lifestream:
    """Return the lifestream called *slug*; without a slug, the only one, or else `main`. If there is none at all,
    `main` is created, unless another slug is given.

    Raises CommandError, naming the existing lifestreams, if there is no such lifestream, or if one has to be chosen.
    """
    if not Lifestream.objects.exists() and slug in (None, "main"):
        return Lifestream.objects.create(slug="main", title=gettext("Lifestream"))
    if slug is None:
        first_two = list(Lifestream.objects.all()[:2])
        found = first_two[0] if len(first_two) == 1 else Lifestream.objects.filter(slug="main").first()
        problem = gettext("there are several lifestreams; choose one with --lifestream: {slugs}")
    else:
        found = Lifestream.objects.filter(slug=slug).first()
        problem = gettext("there is no lifestream '{slug}'; choose one of these: {slugs}")
    if found is None:
        slugs = ", ".join(Lifestream.objects.order_by("slug").values_list("slug", flat=True))
        if not slugs:
            raise CommandError(gettext("there is no lifestream; make one in the admin"))
        raise CommandError(problem.format(slug=slug, slugs=slugs))
    return found
