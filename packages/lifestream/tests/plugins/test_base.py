"""The hooks of a plugin, and hooks that fail, which cost only their entry."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import ClassVar

import pytest

from lifestream.content.sanitizer import Beginning, Sanitizer
from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed, Person, Transcript
from lifestream.plugins import FeedPlugin, ItemDraft, draft_checks
from lifestream.plugins.draft_checks import LONGEST_ERROR, MAX_TEXT
from lifestream.plugins.item_pipeline import PluginProblem, hooked, prepare
from site_documents import SANITIZER

FEED = ParsedFeed(title="T", entries=(Entry(guid="1", title="One"), Entry(guid="2", title="Two"), Entry(guid="3")))


class Telling(FeedPlugin):
    """Notes the order of the calls, leaves out the second entry, and changes something in each other hook."""

    name = "telling"
    calls: ClassVar[list[str]] = []

    def pre_process(self, entry: Entry) -> Entry:
        self.calls.append(f"pre_process {entry.guid}")
        return replace(entry, title=f"{entry.title}!")

    def include_entry(self, entry: Entry) -> bool:
        self.calls.append(f"include_entry {entry.title}")
        return entry.guid != "2"

    def process(self, entry: Entry) -> Entry:
        self.calls.append(f"process {entry.guid}")
        return replace(entry, content="<script>alert(1)</script><p>Made <b>here</b></p>", link="javascript:alert(1)")

    def post_process(self, draft: ItemDraft) -> None:
        self.calls.append(f"post_process {draft.guid}")
        draft.tags = ("told", "told")
        draft.summary = "<i>Told</i>"


def test_the_hooks_are_called_in_order_and_sanitising_comes_after_them() -> None:
    Telling.calls.clear()
    prepared = prepare(replace(FEED, entries=FEED.entries[:2]), Telling(), SANITIZER)

    assert Telling.calls == [
        *("pre_process 1", "include_entry One!", "process 1", "post_process 1"),
        *("pre_process 2", "include_entry Two!"),
    ]
    assert prepared.left_out == 1
    assert prepared.items == (
        ItemDraft(
            guid="1",
            title="One!",
            content="<p>Made <b>here</b></p>",
            text="Made here",
            summary="Told",
            tags=("told",),
        ),
    )


class Failing(FeedPlugin):
    """A plugin whose *hook* raises an exception for the second entry."""

    name = "failing"
    hook: ClassVar[str] = ""

    def _maybe_fail(self, hook: str, guid: str) -> None:
        if self.hook == hook and guid == "2":
            raise LookupError("no luck")

    def pre_process(self, entry: Entry) -> Entry:
        self._maybe_fail("pre_process", entry.guid)
        return entry

    def include_entry(self, entry: Entry) -> bool:
        self._maybe_fail("include_entry", entry.guid)
        return True

    def process(self, entry: Entry) -> Entry:
        self._maybe_fail("process", entry.guid)
        return entry

    def post_process(self, draft: ItemDraft) -> None:
        self._maybe_fail("post_process", draft.guid)


@pytest.mark.parametrize("hook", ["pre_process", "include_entry", "process", "post_process"])
def test_an_exception_in_a_hook_costs_only_its_entry_and_is_reported(
    hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Failing, "hook", hook)
    prepared = prepare(FEED, Failing(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["1", "3"]
    assert prepared.problems == (PluginProblem("failing", hook, "Two", "LookupError: no luck"),)
    assert str(prepared.problems[0]) == (
        f"plugin failing: {hook} failed on 'Two', which is left out: LookupError: no luck"
    )


class Wordless(Exception):
    """An exception that cannot be converted to text."""

    def __str__(self) -> str:
        raise ValueError("no words")


class OfItsOwnKind(BaseException):
    """An exception that is no `Exception`, as a panic in a library written in Rust."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (GeneratorExit(), "GeneratorExit: "),
        (OfItsOwnKind("panic"), "OfItsOwnKind: panic"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (MemoryError(), "MemoryError: "),
        (Wordless(), "Wordless: it can't say why"),
    ],
)
def test_an_exception_of_any_kind_but_a_keyboard_interrupt_costs_only_its_entry(
    error: BaseException, words: str
) -> None:
    class Raising(FeedPlugin):
        name = "raising"

        def process(self, entry: Entry) -> Entry:
            if entry.guid == "2":
                raise error
            return entry

    prepared = prepare(FEED, Raising(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["1", "3"]
    assert [problem.error for problem in prepared.problems] == [words]


def test_a_keyboard_interrupt_in_a_hook_ends_the_reading() -> None:
    class Interrupted(FeedPlugin):
        def process(self, entry: Entry) -> Entry:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(FEED, Interrupted(), SANITIZER)


class Forgetful(FeedPlugin):
    """A plugin that returns no entry for the first one, and sets the title of the third to None."""

    name = "forgetful"

    def process(self, entry: Entry) -> Entry:
        return None if entry.guid == "1" else entry  # type: ignore[return-value]

    def post_process(self, draft: ItemDraft) -> None:
        if draft.guid == "3":
            draft.title = None  # type: ignore[assignment]


class WithoutTruthValue:
    """A value that is neither true nor false."""

    def __bool__(self) -> bool:
        raise ValueError("hard to say")


def test_an_answer_without_a_truth_value_costs_only_its_entry() -> None:
    class Unsure(FeedPlugin):
        name = "unsure"

        def include_entry(self, entry: Entry) -> bool:
            return WithoutTruthValue() if entry.guid == "2" else True  # type: ignore[return-value]

    prepared = prepare(FEED, Unsure(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["1", "3"]
    assert prepared.problems == (PluginProblem("unsure", "include_entry", "Two", "ValueError: hard to say"),)


def test_a_hook_that_returns_or_sets_a_wrong_type_costs_only_its_entry() -> None:
    prepared = prepare(FEED, Forgetful(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["2"]
    assert [(problem.hook, problem.entry) for problem in prepared.problems] == [
        ("process", "One"),
        ("post_process", "3"),
    ]
    assert prepared.problems[0].error == "it returned NoneType, not an Entry"


class Leaving(FeedPlugin):
    """Sets *field* of the draft with the guid *only*, or of each draft, to *value*."""

    name = "leaving"
    only: ClassVar[str] = ""
    field: ClassVar[str] = ""
    value: ClassVar[object] = None

    def post_process(self, draft: ItemDraft) -> None:
        if self.only in ("", draft.guid):
            setattr(draft, self.field, self.value)


class Nowhere(tzinfo):
    """A zone that raises an error when it is asked for its offset from UTC."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        raise LookupError("lost")

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "nowhere"


class Undecided(tzinfo):
    """A zone without an offset from UTC."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "undecided"


class Silent(Exception):
    """An exception that raises SystemExit when it is converted to text."""

    def __str__(self) -> str:
        raise SystemExit(4)


def test_an_exception_that_cannot_be_shown_costs_only_its_entry() -> None:
    class Quiet(FeedPlugin):
        name = "quiet"

        def process(self, entry: Entry) -> Entry:
            if entry.guid == "2":
                raise Silent
            return entry

    prepared = prepare(FEED, Quiet(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["1", "3"]
    assert [problem.error for problem in prepared.problems] == ["Silent: it can't say why"]


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("title", None, "TypeError: title is NoneType, not str"),
        ("content", b"<p>", "TypeError: content is bytes, not str"),
        ("published", "today", "TypeError: published is str, not datetime or None"),
        ("tags", None, "TypeError: tags is NoneType, not tuple"),
        ("tags", ("a", 1), "TypeError: a tag is int, not str"),
        ("enclosures", ("u",), "TypeError: an enclosure is str, not Enclosure"),
        ("enclosures", (Enclosure("u", length="9"),), "TypeError: an enclosure's length is str, not int or None"),  # type: ignore[arg-type]
        ("media", (Media(url=None),), "TypeError: a medium's url is NoneType, not str"),  # type: ignore[arg-type]
        ("media", ("u",), "TypeError: a medium is str, not Media"),
        ("episode", "3", "TypeError: episode is str, not Episode or None"),
        ("episode", Episode(season=3), "TypeError: an episode's season is int, not str"),  # type: ignore[arg-type]
        ("episode", Episode(transcripts=("u",)), "TypeError: a transcript is str, not Transcript"),  # type: ignore[arg-type]
        ("episode", Episode(persons=("Ada",)), "TypeError: a person is str, not Person"),  # type: ignore[arg-type]
        (
            "episode",
            Episode(transcripts=(Transcript("u", captions=None),)),  # type: ignore[arg-type]
            "TypeError: a transcript's captions is NoneType, not bool",
        ),
        ("episode", Episode(persons=(Person(None),)), "TypeError: a person's name is NoneType, not str"),  # type: ignore[arg-type]
        ("enclosures", (Enclosure("u", length=True),), "TypeError: an enclosure's length is bool, not int or None"),
        ("enclosures", (Enclosure("u", length=-1),), "ValueError: an enclosure's length is negative"),
        (
            "enclosures",
            (Enclosure("u", duration=10**5000),),
            "ValueError: an enclosure's duration is 9007199254740992 or more",
        ),
        (
            "published",
            datetime(2026, 1, 1, tzinfo=Nowhere()),
            "ValueError: published can't be converted to UTC: LookupError: lost",
        ),
        (
            "updated",
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            "ValueError: updated can't be converted to UTC: OverflowError: date value out of range",
        ),
        ("content", "x" * (MAX_TEXT + 1), "ValueError: content has 8388609 characters; at most 8388608 are cleaned"),
    ],
)
def test_a_value_that_cannot_be_cleaned_costs_only_its_entry_and_is_named(
    field: str, value: object, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Leaving, "field", field)
    monkeypatch.setattr(Leaving, "value", value)
    monkeypatch.setattr(Leaving, "only", "1")
    prepared = hooked(FEED, Leaving())

    assert [item.guid for item in prepared.items] == ["2", "3"]
    assert prepared.problems == (PluginProblem("leaving", "post_process", "One", error),)


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the local time of this machine be that of Kiritimati, fourteen hours ahead of UTC, where that can be set."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        if sys.platform != "win32":
            time.tzset()
        yield
    if sys.platform != "win32":
        time.tzset()


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize("zone", [None, Undecided()], ids=["no zone", "a zone without an offset"])
@pytest.mark.parametrize("field", ["published", "updated"])
def test_a_date_without_a_zone_is_taken_for_utc(
    field: str, zone: tzinfo | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Leaving, "field", field)
    monkeypatch.setattr(Leaving, "value", datetime(2026, 1, 1, tzinfo=zone))
    prepared = hooked(replace(FEED, entries=FEED.entries[:1]), Leaving())

    assert getattr(prepared.items[0], field) == datetime(2026, 1, 1, tzinfo=UTC)
    assert prepared.problems == ()


@pytest.mark.parametrize("field", ["content", "summary", "tags", "enclosures", "media", "episode"])
def test_the_size_of_all_drafts_together_is_bounded(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x" * 1000
    values: dict[str, object] = {
        "tags": (text,) * 10,
        "enclosures": (Enclosure(text * 9, text),),
        "media": (Media(title=text * 5, description=text * 5),),
        "episode": Episode(text, transcripts=(Transcript(text * 4),), persons=(Person(text * 4, text),)),
    }
    monkeypatch.setattr(Leaving, "field", field)
    monkeypatch.setattr(Leaving, "value", values.get(field, text * 10))
    monkeypatch.setattr(draft_checks, "MAX_TOTAL", 25_000)
    prepared = hooked(ParsedFeed(entries=tuple(Entry(guid=str(number)) for number in range(4))), Leaving())

    assert [item.guid for item in prepared.items] == ["0", "1"]
    assert [problem.entry for problem in prepared.problems] == ["2", "3"]
    assert prepared.problems[0].hook == "post_process"
    assert prepared.problems[0].error == (
        "ValueError: the entries so far have 30003 characters; at most 25000 are cleaned"
    )


@pytest.mark.parametrize(
    "card", [{"title": "a"}, {"a": object()}, {(1, 2): 3}, [0]], ids=["JSON", "no JSON", "no key of JSON", "a list"]
)
def test_a_card_that_a_plugin_sets_is_ignored(card: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leaving, "field", "card")
    monkeypatch.setattr(Leaving, "value", card)
    left = hooked(FEED, Leaving())

    assert [item.card for item in left.items] == [{}] * len(FEED.entries)
    assert left.problems == ()


class Verbose(FeedPlugin):
    """Raises an exception with a long message."""

    name = "verbose"

    def process(self, entry: Entry) -> Entry:
        raise ValueError("x " * 1_000_000)


def test_a_long_message_of_an_exception_is_cut() -> None:
    problems = hooked(FEED, Verbose()).problems

    assert len(problems) == len(FEED.entries)
    assert max(len(problem.error) for problem in problems) <= LONGEST_ERROR


@pytest.mark.parametrize(
    ("field", "value"), [("tags", ["a", "b"]), ("enclosures", [Enclosure("u")]), ("media", [Media("u")])]
)
def test_lists_are_taken_for_tuples(field: str, value: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leaving, "field", field)
    monkeypatch.setattr(Leaving, "value", value)

    assert getattr(hooked(FEED, Leaving()).items[0], field) == tuple(value)


def test_a_draft_that_cannot_be_cleaned_is_left_out_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    beginning = Sanitizer.beginning

    def panic(sanitizer: Sanitizer, fragment: str, base_url: str, length: int) -> Beginning:
        if fragment == "<p>panic":
            raise OfItsOwnKind("at the disco")
        return beginning(sanitizer, fragment, base_url, length)

    monkeypatch.setattr(Sanitizer, "beginning", panic)
    entries = (Entry(guid="1", content="<p>calm"), Entry(guid="2", title="Two", content="<p>panic"))
    prepared = prepare(ParsedFeed(entries=entries), FeedPlugin(), SANITIZER)

    assert [item.content for item in prepared.items] == ["<p>calm</p>"]
    assert prepared.problems == (PluginProblem("", "cleaning", "Two", "OfItsOwnKind: at the disco"),)
