"""The template tags and filters: `{% load lifestream %}`.

An item is rendered with the template of its site: `lifestream/sites/github-com.html` if the feed's domain is github.com
or ends in .github.com, otherwise `lifestream/sites/basic.html`. The item's own page uses the templates in
`lifestream/sites/detail/`. A Django site adds or replaces templates in its own template folders.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, TypeVar, cast

from django import template
from django.template import Context, Template
from django.template.backends.django import Template as BackendTemplate
from django.template.loader import select_template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from lifestream.content import highlighting
from lifestream.content.fragment_ids import with_key
from lifestream.content.plain_links import with_plain_marked
from lifestream.content.text_direction import isolated
from lifestream.content.tokenizer import pattern_of
from lifestream.content.unsized_pictures import with_unsized_marked
from lifestream.fetcher.url_hosts import host_in_words
from lifestream.models import Feed, Item, Lifestream, OwnPage, Post, Subscription, Tag
from lifestream.web.look import Look, look_of
from lifestream.web.picture_addresses import shown_here
from lifestream.web.presenters import Badge, Mark, badge_of, card_of, mark_of
from lifestream.web.structured_data import json_ld, picture_of
from lifestream.web.timeline import Timeline
from lifestream.wording import relative, worded

register = template.Library()


@register.simple_tag(takes_context=True)
def render_item(context: Context, post: Post) -> SafeString:
    """Render *post* for a timeline, with the template of its site. The template has `post`, `item`, `feed`, `card`,
    `timeline` and `lifestream`, and the other variables of the context.
    """
    return _render(context, _checked(post, Post, "render_item"), "lifestream/sites/", complete=False)


@register.simple_tag(takes_context=True)
def render_item_detail(context: Context, post: Post) -> SafeString:
    """Render *post* for its own page, with the template of its site and the same variables."""
    return _render(context, _checked(post, Post, "render_item_detail"), "lifestream/sites/detail/", complete=True)


@register.inclusion_tag("lifestream/includes/item_head.html")
def item_head(post: Post) -> dict[str, Any]:
    """Render the description of *post* for search engines and messengers: OpenGraph, Twitter's card, and JSON-LD."""
    card = card_of(_checked(post, Post, "item_head"), originals=True)
    # Every character that could end the element is escaped.
    facts = mark_safe(json_ld(post, card))  # noqa: S308
    return {"post": post, "item": post.item, "card": card, "picture": picture_of(card), "facts": facts}


def site_templates(domain: str, folder: str = "lifestream/sites/") -> list[str]:
    """Return the names of templates for items of *domain*; the first that exists is used. "a.b.c" gives a-b-c, b-c,
    basic.
    """
    labels = [re.sub(r"[^a-z0-9]+", "-", label).strip("-") for label in domain.lower().split(".")]
    labels = [label for label in labels if label][-6:]
    names = ["-".join(labels[start:]) for start in range(max(len(labels) - 1, 0))]
    return [f"{folder}{name}.html" for name in [*names, "basic"]]


_Kind = TypeVar("_Kind")
_KINDS_IN_WORDS: dict[type, str] = {  # not translated
    Lifestream: "a lifestream (lifestream.models.Lifestream)",
    Post: "a post (lifestream.models.Post)",
    Subscription: "a subscription (lifestream.models.Subscription)",
    Timeline: "a timeline (lifestream.api.timeline)",
}


def _checked(value: object, kind: type[_Kind], tag: str) -> _Kind:
    """Return *value*. Raises TypeError, with the name of the *tag*, if it is not of *kind*."""
    if isinstance(value, kind):
        return value
    missing = "nothing: no such variable is in the context"  # not translated
    got = f"{type(value).__name__} {str(value)[:40]!r}" if value else missing
    raise TypeError(f"{{% {tag} %}} takes {_KINDS_IN_WORDS[kind]}, and got {got}")


def _render(context: Context, post: Post, folder: str, *, complete: bool) -> SafeString:
    feed = post.item.feed
    post.subscription.feed = feed  # the same feed: otherwise a template would query it again
    if not hasattr(post, "has_icon"):  # `Timeline.page` annotates posts with it
        post.has_icon = bool(feed.icon)  # type: ignore[attr-defined]
    timeline = _timeline(context, post)
    card = card_of(post, complete=complete)
    chosen: dict[str, Template] = cast("Any", context.render_context).setdefault(f"lifestream {folder}", {})
    if feed.domain not in chosen:
        chosen[feed.domain] = _django_template(site_templates(feed.domain, folder))
    known = {"timeline": timeline, "lifestream": timeline.lifestream}
    with context.push(post=post, item=post.item, feed=feed, card=card, **known):
        return mark_safe(chosen[feed.domain].render(context))  # noqa: S308  a template's output, which it has escaped


def _timeline(context: Context, post: Post) -> Timeline:
    """Return the timeline of the context if it is of the lifestream of *post*; otherwise one of that lifestream."""
    timeline = context.get("timeline")
    if isinstance(timeline, Timeline) and timeline.lifestream.pk == post.lifestream_id:
        return timeline
    render_context: Any = context.render_context
    timelines: dict[int, Timeline] = render_context.setdefault("lifestream timelines", {})  # not translated
    if post.lifestream_id not in timelines:
        timelines[post.lifestream_id] = Timeline(post.lifestream)
    return timelines[post.lifestream_id]


def _django_template(names: list[str]) -> Template:
    found = select_template(names)
    if not isinstance(found, BackendTemplate):
        raise TypeError(f"{found.origin} is no template of Django's engine, which render_item needs")
    return found.template


@register.simple_tag(takes_context=True)
def page_look(context: Context) -> Look:
    """Return how the page looks: its `theme`, `accent` and `logo`, as the lifestream in the context, or else the site,
    has chosen, and the `title` and the `styles` of the site.
    """
    lifestream = context.get("lifestream")
    return look_of(lifestream if isinstance(lifestream, Lifestream) else None)


@register.simple_tag(takes_context=True)
def look_attributes(context: Context) -> SafeString:
    """Render the attributes of `<html>` that carry the theme and the accent, each with a space before it; empty if the
    theme is "standard" and no accent was chosen.
    """
    look = page_look(context)
    theme = format_html(' data-look="{}"', look.theme) if look.theme != "standard" else ""
    accent = format_html(' style="--own-accent: {}"', look.accent) if look.accent else ""
    return format_html("{}{}", theme, accent)


@register.simple_tag
def own_pages(lifestream: Lifestream) -> list[OwnPage]:
    """Return the pages of the owner's own text, for the links to them."""
    # There are a dozen at most: to sort them here is cheaper than a sort in the database.
    taken = _checked(lifestream, Lifestream, "own_pages")
    found = getattr(taken, "listed_pages", None)  # which `timeline_for` has read with the lifestream
    if found is None:
        found = OwnPage.objects.filter(lifestream=taken).defer("text", "html").order_by()
    return sorted(found, key=lambda page: (page.position, page.title, page.pk))


@register.simple_tag
def site_badge(subscription: Subscription, feed: Feed | None = None) -> Badge:
    """Return the letter and the colour (0 to 11) of a site without an icon."""
    site = _checked(subscription, Subscription, "site_badge")
    return badge_of(site, feed or site.feed)


@register.simple_tag
def site_mark(subscription: Subscription, last_post: dt.datetime | None = None) -> Mark | None:
    """Return the mark for the state of a site: its `code` and `words`, or None if all is well. *last_post* is the date
    of the latest post of the site.
    """
    return mark_of(_checked(subscription, Subscription, "site_mark"), last_post, timezone.now())


@register.filter(name="isolated")
def isolated_text(text: str | None) -> str:
    """Return *text* for a title or an attribute, where no element is allowed, so that it cannot change the direction
    of the text after it.
    """
    return isolated(text or "")


@register.filter
def marked(text: str | None, query: str) -> SafeString:
    """Return *text* with `<mark>` around the words that the search *query* has found."""
    text = text or ""
    pattern = pattern_of(query or "")
    if pattern is None:
        return conditional_escape(text)
    pieces = (
        format_html("<mark>{}</mark>", piece) if is_hit else conditional_escape(piece)
        for piece, is_hit in highlighting.marked(text, pattern)
    )
    return mark_safe("".join(pieces))  # noqa: S308  each piece is escaped


@register.filter
def since(moment: dt.datetime | None) -> str:
    """Return how long ago *moment* was, in words; "" if it is None, as for a feed that was never fetched."""
    return relative(moment) if moment else ""


@register.filter(name="worded")
def in_own_words(text: str | None) -> str:
    """Return *text*, which may be a `Message`, in the language of the page."""
    return worded(text or "")


@register.filter
def prose(item: Item | None) -> SafeString:
    """Return the HTML of *item* for a page. Its ids and the references to them get the item's key, so that footnotes
    work on a page with several items. Pictures of unknown size are marked, so that they keep their space, and so are
    links whose text is their address, so that a printed page has the address once. With LIFESTREAM_SERVE_PICTURES, the
    addresses of pictures are those on this site. Without an item, the result is "", as with all filters here.
    """
    if not item:
        return SafeString()
    # It was cleaned before it was stored.
    html = shown_here(with_key(item.content, item.pk), item.feed_id)
    return mark_safe(with_plain_marked(with_unsized_marked(html)))  # noqa: S308


@register.filter
def host_name(url: str | None) -> str:
    """Return the host of *url*, for the text of a link to it."""
    return host_in_words(url or "")


@register.simple_tag
def item_url(timeline: Timeline, post: Post) -> str:
    """Return the address of *post*'s own page in *timeline*'s lifestream."""
    return _checked(timeline, Timeline, "item_url").item_url(_checked(post, Post, "item_url"))


@register.simple_tag
def site_url(timeline: Timeline, subscription: Subscription) -> str:
    """Return the address of the page of a site."""
    site = _checked(subscription, Subscription, "site_url")
    return _checked(timeline, Timeline, "site_url").site_url(site)


@register.simple_tag
def tag_url(timeline: Timeline, tag: Tag) -> str:
    """Return the address of the page of a tag."""
    return _checked(timeline, Timeline, "tag_url").narrowed(subscription=None, tag=tag, query="", day=None).url()


@register.simple_tag
def day_url(timeline: Timeline, day: dt.date) -> str:
    """Return the address of the page of *day*, which may be a day or a moment."""
    if isinstance(day, dt.datetime):
        day = timezone.localtime(day).date()
    return _checked(timeline, Timeline, "day_url").narrowed(subscription=None, tag=None, query="", day=day).url()


@register.filter
def day_name(day: dt.date | None) -> str:
    """Return the name of *day*, a day or a moment, for a reader: "Today", "Yesterday", "Friday, 2 October"; with the
    year if it is not this year. Without a day, the result is "".
    """
    if not day:
        return ""
    if isinstance(day, dt.datetime):
        day = timezone.localtime(day).date()
    today = timezone.localdate()
    if day == today:
        return gettext("Today")
    if day == today - dt.timedelta(days=1):
        return gettext("Yesterday")
    # Translators: the date above the items of a day; see Django's `date` filter for the letters.
    shape = gettext("l, j F") if day.year == today.year else gettext("l, j F Y")
    return date_format(day, shape, use_l10n=False)
