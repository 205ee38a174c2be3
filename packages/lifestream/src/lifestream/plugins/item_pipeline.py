"""From a `ParsedFeed` to drafts that may be stored: entries pass through their plugin first, and are made safe after
it.

Both steps are pure. `hooked` runs a plugin's hooks, in whichever process can import the plugin. `cleaned` makes the
results safe, always in a parser's child process, which has a deadline. `prepare` runs both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from lifestream.content import item_card
from lifestream.content.plaintext import html_of, scrub, shorten
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.urls import FETCHED, safe_url
from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed
from lifestream.message import Message, say
from lifestream.plugins import caps
from lifestream.plugins.base import FeedPlugin, ItemDraft
from lifestream.plugins.caps import Tally
from lifestream.plugins.draft_checks import MAX_TEXT as MAX_TEXT  # noqa: PLC0414 - the name that the manual gives
from lifestream.plugins.draft_checks import checked_draft, said_by, size_within_total
from lifestream.plugins.reading_notes import Notes, removals

SUMMARY_LENGTH: Final = 300
_ENOUGH: Final = 4 * SUMMARY_LENGTH  # of a text whose spaces are collapsed already


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """A failure of a plugin: the *hook* that failed ("" where none could be called), the *entry* (by its best-known
    identifier), and the *error* in words.
    """

    plugin: str
    hook: str
    entry: str
    error: str

    def __str__(self) -> str:
        return self.told

    @property
    def told(self) -> Message:
        """The sentence about this failure."""
        if not self.hook:
            return say("plugin-not-chosen", plugin=self.plugin, reason=self.error)
        return say("plugin-failed", plugin=self.plugin, hook=self.hook, entry=repr(self.entry), reason=self.error)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result of reading a document: the *feed*, without its entries, and the *items* that they became.

    It is safe to store and to show once it has been `cleaned`.

    *plugin* is the name of the plugin that the entries passed through, *left_out* how many of them it rejected, and
    *problems* are its failures. *damaged* holds the indices in *items* of those that come from damaged entries (see
    `Flaw`). *capped* has a sentence for each cap that was exceeded (see `caps`). *notes* say how the document was
    understood, if the reader was asked for them.
    """

    feed: ParsedFeed
    items: tuple[ItemDraft, ...] = ()
    plugin: str = ""
    left_out: int = 0
    problems: tuple[PluginProblem, ...] = ()
    damaged: tuple[int, ...] = ()
    capped: tuple[str, ...] = ()
    notes: Notes | None = None

    @property
    def dates(self) -> tuple[datetime | None, ...]:
        """The date of each item: when it was published, or else when it was updated."""
        return tuple(item.published or item.updated for item in self.items)


def prepare(feed: ParsedFeed, plugin: FeedPlugin, sanitizer: Sanitizer, notes: Notes | None = None) -> Prepared:
    """Return *feed* with its entries passed through *plugin* and *sanitizer*. An exception in the plugin loses only the
    entry that it was raised for. *notes* are told what was removed from each item.
    """
    return cleaned(hooked(feed, plugin), sanitizer, notes)


def hooked(feed: ParsedFeed, plugin: FeedPlugin) -> Prepared:
    """Return *feed* with its entries passed through the hooks of *plugin*. Nothing in the result is safe yet."""
    tally = Tally()
    feed = caps.bounded_feed(feed, tally)
    items: list[ItemDraft] = []
    problems: list[PluginProblem] = []
    damaged: list[int] = []
    scraps = frozenset(feed.flaw.damaged if feed.flaw else ())
    total = 0
    for index, entry in enumerate(feed.entries):
        try:
            item = _item(entry, plugin)
            if item is not None:
                total += _call("post_process", partial(size_within_total, before=total), item)
        except _HookFailed as failed:
            problems.append(_problem(plugin.name, failed, entry))
            continue
        if item is not None:
            if index in scraps:
                damaged.append(len(items))
            items.append(item)
    left_out = len(feed.entries) - len(items) - len(problems)
    said = replace(feed, entries=())
    return Prepared(said, tuple(items), plugin.name, left_out, tuple(problems), tuple(damaged), tally.notes)


def cleaned(drafted: Prepared, sanitizer: Sanitizer, notes: Notes | None = None) -> Prepared:
    """Return the result of `hooked`, made safe to store and to show. A draft that can't be cleaned is left out and
    reported. *notes* are told what was removed from each item, and are part of the result.
    """
    tally = Tally()
    items: list[ItemDraft] = []
    problems = [*drafted.problems]
    damaged: list[int] = []
    for index, draft in enumerate(drafted.items):
        try:
            safe = _call("cleaning", lambda given: made_safe(given, sanitizer, tally), draft)
        except _HookFailed as failed:
            problems.append(_problem(drafted.plugin, failed, draft))
            continue
        if index in drafted.damaged:
            damaged.append(len(items))
        items.append(safe)
        if notes is not None:
            notes.removed.append(removals(draft, safe))
    feed = _safe_feed(drafted.feed, sanitizer)
    capped = tuple(dict.fromkeys(drafted.capped + tally.notes))
    return replace(
        drafted,
        feed=feed,
        items=tuple(items),
        problems=tuple(problems),
        damaged=tuple(damaged),
        capped=capped,
        notes=notes,
    )


def _item(entry: Entry, plugin: FeedPlugin) -> ItemDraft | None:
    """Return the draft that *entry* becomes, or None if the plugin rejects it. Raises `_HookFailed`."""
    entry = _checked("pre_process", plugin.pre_process, entry)
    if not _call("include_entry", lambda given: bool(plugin.include_entry(given)), entry):
        return None
    draft = _call("process", draft_of, _checked("process", plugin.process, entry))
    _call("post_process", plugin.post_process, draft)
    return _call("post_process", checked_draft, draft)


def _problem(plugin: str, failed: _HookFailed, entry: Entry | ItemDraft) -> PluginProblem:
    known_by = shorten(scrub(entry.title or entry.link or entry.guid), 100)
    return PluginProblem(plugin, failed.hook, known_by, failed.words)


class _HookFailed(Exception):
    def __init__(self, hook: str, words: str) -> None:
        super().__init__(words)
        self.hook, self.words = hook, words


Given = TypeVar("Given")
Returned = TypeVar("Returned")


def _call(hook: str, function: Callable[[Given], Returned], value: Given) -> Returned:
    try:
        return function(value)
    except KeyboardInterrupt:
        raise
    # Any exception: a plugin may be third-party code, and must not lose the whole feed. One that calls `sys.exit` would
    # end the thread that reads the feed, and a panic of nh3 is not an Exception either.
    # it, and a panic of nh3 is no Exception either.
    except BaseException as error:
        raise _HookFailed(hook, said_by(error)) from error


def _checked(hook: str, function: Callable[[Entry], Entry], entry: Entry) -> Entry:
    returned = _call(hook, function, entry)
    if not isinstance(returned, Entry):
        raise _HookFailed(hook, f"it returned {type(returned).__name__}, not an Entry")
    return returned


def draft_of(entry: Entry) -> ItemDraft:
    """Return *entry* as the draft of an item. A missing date or content is taken from the next best field."""
    described = next((medium.description for medium in entry.media if medium.description), "")
    return ItemDraft(
        guid=entry.guid,
        link=entry.link,
        title=entry.title,
        author=entry.author,
        published=entry.published or entry.updated,
        updated=entry.updated,
        content=entry.content or entry.summary or html_of(described),
        summary=entry.summary,
        tags=entry.tags,
        enclosures=entry.enclosures,
        media=entry.media,
        language=entry.language,
        base=entry.base,
        episode=entry.episode,
    )


def made_safe(draft: ItemDraft, sanitizer: Sanitizer, tally: Tally) -> ItemDraft:
    """Return a copy of *draft* that is safe to store and to show, as `ItemDraft` promises, and within the caps."""
    draft = caps.bounded(draft, tally)
    content = caps.content(
        draft.content, draft.base, lambda source, length: sanitizer.beginning(source, draft.base, length), tally
    )
    text = caps.text(content.text)
    summary = sanitizer.plain(draft.summary[: caps.SUMMARY.limit]) if draft.summary else text
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


def _tags(tags: Iterable[str], sanitizer: Sanitizer) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(sanitizer.text, tags))))


def _enclosures(draft: ItemDraft, sanitizer: Sanitizer, tally: Tally) -> Iterable[Enclosure]:
    for enclosure in draft.enclosures:
        if url := caps.address(sanitizer.url(enclosure.url, draft.base), tally):
            yield replace(enclosure, url=url, type=sanitizer.text(enclosure.type))


def _media(draft: ItemDraft, sanitizer: Sanitizer, tally: Tally) -> Iterable[Media]:
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


def _episode(episode: Episode | None, base: str, sanitizer: Sanitizer, tally: Tally) -> Episode | None:
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


def _safe_feed(feed: ParsedFeed, sanitizer: Sanitizer) -> ParsedFeed:
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
