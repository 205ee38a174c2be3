"""From a `ParsedFeed` to drafts that may be stored: entries pass through their plugin first, and are made safe
afterwards.

Neither step reads or writes anything outside its process. `hooked` runs a plugin's hooks, in whichever process can
import the plugin. `cleaned` makes the results safe in a parser's child process, which has a deadline; only tests run it
elsewhere. `prepare` runs both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TypeVar

from lifestream.content.plaintext import html_of, scrub, shorten
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Entry, ParsedFeed
from lifestream.message import Message, say
from lifestream.plugins import caps
from lifestream.plugins.base import FeedPlugin, ItemDraft
from lifestream.plugins.caps import CapTally
from lifestream.plugins.draft_checks import MAX_TEXT as MAX_TEXT  # noqa: PLC0414 - the name that the manual gives
from lifestream.plugins.draft_checks import checked_draft, said_by, size_within_total
from lifestream.plugins.draft_cleaning import identifies, made_safe, outlined, safe_feed
from lifestream.plugins.entry_digests import Digests
from lifestream.plugins.reading_notes import Notes, removals


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """A failure of a plugin: the *hook* that failed ("" if none could be called, "cleaning" if the hooks' result could
    not be cleaned), the *entry* (by its title, else its link, else its guid), and the *error* in words.
    """

    plugin: str
    hook: str
    entry: str
    error: str

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> Message:
        """The message about this failure."""
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

    *digests* are those of the items (see `entry_digests`), "" for an item that has to be cleaned each time. *known*
    holds the indices in *items* of those that were recognised by their digests: they are outlines, which have only what
    identifies an item.
    """

    feed: ParsedFeed
    items: tuple[ItemDraft, ...] = ()
    plugin: str = ""
    left_out: int = 0
    problems: tuple[PluginProblem, ...] = ()
    damaged: tuple[int, ...] = ()
    capped: tuple[str, ...] = ()
    notes: Notes | None = None
    digests: tuple[str, ...] = ()
    known: tuple[int, ...] = ()

    @property
    def dates(self) -> tuple[datetime | None, ...]:
        """The date of each item: when it was published, or else when it was updated."""
        return tuple(item.published or item.updated for item in self.items)


def prepare(
    feed: ParsedFeed,
    plugin: FeedPlugin,
    sanitizer: Sanitizer,
    notes: Notes | None = None,
    digests: Digests | None = None,
) -> Prepared:
    """Return *feed* with its entries passed through *plugin*, and `cleaned`. An exception in the plugin loses only the
    entry that it was raised for.
    """
    return cleaned(hooked(feed, plugin), sanitizer, notes, digests)


def hooked(feed: ParsedFeed, plugin: FeedPlugin) -> Prepared:
    """Return *feed* with its entries passed through the hooks of *plugin*. Nothing in the result is safe yet."""
    tally = CapTally()
    feed = caps.bounded_feed(feed, tally)
    items: list[ItemDraft] = []
    problems: list[PluginProblem] = []
    damaged: list[int] = []
    damaged_entries = frozenset(feed.flaw.damaged if feed.flaw else ())
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
            if index in damaged_entries:
                damaged.append(len(items))
            items.append(item)
    left_out = len(feed.entries) - len(items) - len(problems)
    head = replace(feed, entries=())
    return Prepared(head, tuple(items), plugin.name, left_out, tuple(problems), tuple(damaged), tally.notes)


def cleaned(
    drafted: Prepared, sanitizer: Sanitizer, notes: Notes | None = None, digests: Digests | None = None
) -> Prepared:
    """Return the result of `hooked`, made safe to store and to show. A draft that can't be cleaned is dropped, and is
    one of the *problems*. What was removed from each item is added to *notes*, which are part of the result.

    With *digests*, the result has the digests of its items; items that need no cleaning are outlines (see `_outlines`).
    """
    tally = CapTally()
    items: list[ItemDraft] = []
    problems = [*drafted.problems]
    damaged: list[int] = []
    damaged_drafts = frozenset(drafted.damaged)
    known: list[int] = []
    item_digests: list[str] = []
    draft_digests = [*map(digests.of, drafted.items)] if digests is not None else []
    outlines = _outlines(drafted.items, draft_digests, sanitizer, digests.known) if digests is not None else {}
    for index, draft in enumerate(drafted.items):
        exceeded_before = tally.count
        try:
            safe = outlines.get(index) or _call("cleaning", lambda given: made_safe(given, sanitizer, tally), draft)
        except _HookFailed as failed:
            problems.append(_problem(drafted.plugin, failed, draft))
            continue
        if index in damaged_drafts:
            damaged.append(len(items))
        if index in outlines:
            known.append(len(items))
        if draft_digests:
            # An item that exceeds a cap has no digest: it is cleaned, and the cap reported, each time.
            item_digests.append(draft_digests[index] if tally.count == exceeded_before and identifies(safe) else "")
        items.append(safe)
        if notes is not None:
            notes.removed.append(removals(draft, safe))
    return replace(
        drafted,
        feed=safe_feed(drafted.feed, sanitizer),
        items=tuple(items),
        problems=tuple(problems),
        damaged=tuple(damaged),
        capped=tuple(dict.fromkeys(drafted.capped + tally.notes)),
        notes=notes,
        digests=tuple(item_digests),
        known=tuple(known),
    )


def _outlines(
    drafts: Sequence[ItemDraft], draft_digests: Sequence[str], sanitizer: Sanitizer, known: Collection[str]
) -> dict[int, ItemDraft]:
    """Return the outlines of the drafts that need no cleaning, by their indices in *drafts*.

    A draft needs none if its digest, at the same index in *draft_digests*, is one of *known*, and if its outline is
    enough to find its item again.

    Entries that look alike can be distinguished by their whole content only, so their outlines are never enough.
    """
    if not (known and any(map(known.__contains__, draft_digests))):
        return {}
    try:
        outlines = [_call("cleaning", lambda given: outlined(given, sanitizer), draft) for draft in drafts]
    except _HookFailed:  # it will be reported when that draft is cleaned
        return {}
    alike = Counter(map(_LOOKS, outlines))
    return {
        index: outline
        for index, outline in enumerate(outlines)
        if draft_digests[index] in known and alike[_LOOKS(outline)] == 1 and identifies(outline)
    }


_LOOKS = attrgetter("guid", "title", "published")


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
    # end the thread that reads the feed. Neither SystemExit nor a panic of nh3, the sanitizer, is an Exception.
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
