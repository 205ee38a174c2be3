"""Makes the draft of an item, and what a feed says of itself, safe to store and to show. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import time
from typing import Final

from lifestream.content import item_card
from lifestream.content.plaintext import scrub, shorten
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.urls import FETCHED, safe_url
from lifestream.entry import Enclosure, Episode, Media, ParsedFeed
from lifestream.plugins import caps
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.caps import CapTally

SUMMARY_LENGTH: Final = 300
_ENOUGH: Final = 4 * SUMMARY_LENGTH  # characters that are read for a summary: nearly all spaces are collapsed already


def made_safe(draft: ItemDraft, sanitizer: Sanitizer, tally: CapTally) -> ItemDraft:
    """Return a copy of *draft* that is safe to store and to show, as `ItemDraft` promises, and within the caps."""
    draft = caps.bounded(draft, tally)
    content = caps.content(
        draft.content, draft.base, lambda source, length: sanitizer.beginning(source, draft.base, length), tally
    )
    text = caps.text(content.text)
    summary = sanitizer.plain(caps.start_of_summary(draft.summary, tally)) if draft.summary else text
    safe = ItemDraft(
        guid=scrub(draft.guid).strip(),
        link=caps.address(sanitizer.url(draft.link, draft.base), tally),
        title=sanitizer.text(draft.title),
        author=sanitizer.text(draft.author),
        published=draft.published,
        updated=draft.updated,
        content=content.html,
        text=text,
        summary=shorten(" ".join(summary[:_ENOUGH].split()), SUMMARY_LENGTH),
        tags=_tags(draft.tags, sanitizer),
        enclosures=tuple(_enclosures(draft, sanitizer, tally)),
        media=tuple(_media(draft, sanitizer, tally)),
        language=sanitizer.text(draft.language),
        base=sanitizer.url(draft.base),
        episode=_episode(draft.episode, draft.base, sanitizer, tally),
    )
    safe.card = item_card.of(safe).as_json()
    return safe


def outlined(draft: ItemDraft, sanitizer: Sanitizer) -> ItemDraft:
    """Return what identifies *draft* (see `entry_keys`), safe, and nothing else of it."""
    tally = CapTally()
    draft = caps.bounded(draft, tally)
    return ItemDraft(
        guid=scrub(draft.guid).strip(),
        link=caps.address(sanitizer.url(draft.link, draft.base), tally),
        title=sanitizer.text(draft.title),
        published=draft.published,
        updated=draft.updated,
        enclosures=tuple(_enclosures(draft, sanitizer, tally)),
    )


def identifies(outline: ItemDraft) -> bool:
    """Return whether an *outline* is enough to find its item: it has a guid, link or title, and a date with a time, so
    that the keys of its entry need no text (see `entry_keys`).
    """
    dated = outline.published is not None and outline.published.time() != time()
    return dated and bool(outline.guid or outline.link or outline.title)


def _tags(tags: Iterable[str], sanitizer: Sanitizer) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(sanitizer.text, tags))))


def _enclosures(draft: ItemDraft, sanitizer: Sanitizer, tally: CapTally) -> Iterable[Enclosure]:
    for enclosure in draft.enclosures:
        if url := caps.address(sanitizer.url(enclosure.url, draft.base), tally):
            yield replace(enclosure, url=url, type=sanitizer.text(enclosure.type))


def _media(draft: ItemDraft, sanitizer: Sanitizer, tally: CapTally) -> Iterable[Media]:
    for medium in draft.media:
        url, thumbnail, player = (
            caps.address(safe_url(address, draft.base, FETCHED), tally)
            for address in (medium.url, medium.thumbnail, medium.player)
        )
        if url or thumbnail or player:
            yield replace(
                medium,
                url=url,
                type=sanitizer.text(medium.type),
                thumbnail=thumbnail,
                player=player,
                title=sanitizer.text(medium.title),
                description=sanitizer.text(medium.description),
            )


def _episode(episode: Episode | None, base: str, sanitizer: Sanitizer, tally: CapTally) -> Episode | None:
    if episode is None:
        return None

    def safe(url: str) -> str:
        return caps.address(safe_url(url, base, FETCHED), tally)

    transcripts = (
        replace(each, url=safe(each.url), type=sanitizer.text(each.type), language=sanitizer.text(each.language))
        for each in episode.transcripts
    )
    persons = (
        replace(
            each,
            name=sanitizer.text(each.name),
            role=sanitizer.text(each.role),
            url=safe(each.url),
            picture=safe(each.picture),
        )
        for each in episode.persons
    )
    return Episode(
        season=sanitizer.text(episode.season),
        season_name=sanitizer.text(episode.season_name),
        number=sanitizer.text(episode.number),
        number_name=sanitizer.text(episode.number_name),
        chapters=safe(episode.chapters),
        transcripts=tuple(each for each in transcripts if each.url),
        persons=tuple(each for each in persons if each.name),
    )


def safe_feed(feed: ParsedFeed, sanitizer: Sanitizer) -> ParsedFeed:
    """Return what *feed* says of itself, safe, without its entries."""
    return replace(
        feed,
        title=sanitizer.text(feed.title),
        link=sanitizer.url(feed.link),
        subtitle=sanitizer.text(feed.subtitle),
        author=sanitizer.text(feed.author),
        language=sanitizer.text(feed.language),
        icon=safe_url(feed.icon, schemes=FETCHED),
        self_url=safe_url(feed.self_url, schemes=FETCHED),
        hub_url=safe_url(feed.hub_url, schemes=FETCHED),
        generator=sanitizer.text(feed.generator),
        entries=(),
    )
