"""The frames between a parser's child process and its parent."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from io import BufferedWriter, BytesIO
from struct import pack
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.entry import (
    Enclosure,
    Entry,
    Episode,
    Flaw,
    Media,
    ParsedFeed,
    Person,
    Rhythm,
    Source,
    Transcript,
)
from lifestream.parser import ipc
from lifestream.plugins import ItemDraft
from lifestream.plugins.item_pipeline import PluginProblem, Prepared
from lifestream.plugins.reading_notes import Notes

DATE = datetime(9999, 12, 31, 23, 59, 59, 123456, tzinfo=UTC)
ENCLOSURES = (Enclosure("https://a.example/1", "audio/mpeg", 1, 2),)
MEDIA = (Media("u", "t", "th", "p", "ti", "d"),)
EPISODE = Episode("1", transcripts=(Transcript("u", captions=True),), persons=(Person("n"), Person("m")))
FEED = ParsedFeed(
    title="T ☃",
    flaw=Flaw("m", 1, 2, mended=True, damaged=(0, 1)),
    rhythm=Rhythm(1, 2, frozenset({3, 4}), frozenset({5})),
    entries=(
        Entry(
            guid="g",
            published=DATE,
            tags=("a", "b"),
            enclosures=ENCLOSURES,
            media=MEDIA,
            source=Source("s", "u"),
            episode=EPISODE,
        ),
        Entry(),
    ),
)
PREPARED = Prepared(
    FEED,
    (ItemDraft(guid="g", updated=DATE, tags=("a",), enclosures=ENCLOSURES, media=MEDIA, episode=EPISODE), ItemDraft()),
    "generic",
    3,
    (PluginProblem("p", "h", "e", "x"),),
    (1,),
    ("capped",),
    Notes("reason", "strict", {DATE: ("text", "form")}, ["never"], [("<script>", "link"), ()]),
    ("digest", ""),
    (0,),
)
RULES = SanitizerRules.of({"a": ["href"], "*": ["title"]}, ["color"], ["https"])


def sent(message: object, data: bytes = b"") -> tuple[object, bytes]:
    pipe = BytesIO()
    ipc.send(pipe, message, data)
    pipe.seek(0)
    return ipc.receive(pipe)


def test_a_received_message_is_the_same_as_the_sent_one() -> None:
    assert ipc.FEED.unpack(sent(ipc.FEED.pack(FEED))[0]) == FEED
    assert ipc.PREPARED.unpack(sent(ipc.PREPARED.pack(PREPARED))[0]) == PREPARED
    assert ipc.RULES.unpack(sent(ipc.RULES.pack(RULES))[0]) == RULES
    assert sent({"a": 1}, b"\0\xff") == ({"a": 1}, b"\0\xff")


def test_items_and_entries_are_sent_one_by_one() -> None:
    for name, shape, value in (("prepared", ipc.PREPARED, PREPARED), ("feed", ipc.FEED, FEED)):
        message = {name: shape.pack(value), "capped": []}  # type: ignore[arg-type]
        before = copy.deepcopy(message)
        pipe = BytesIO()
        ipc.send(pipe, message)
        assert message == before
        assert pipe.getvalue()[8:12] == b"\0\0\0\2"
        pipe.seek(0)
        assert ipc.receive(pipe) == (message, b"")


def test_text_is_sent_in_utf_8_whatever_is_in_it() -> None:
    text = "日本語 \ud800 \0 \u2028"
    pipe = BytesIO()
    ipc.send(pipe, {"a": text})
    assert "日本語".encode() in pipe.getvalue()
    assert sent({"a": text}) == ({"a": text}, b"")


def test_long_texts_are_sent_unescaped_after_the_rest() -> None:
    texts = ['"' * length + "日本語 \ud800" for length in (0, 180, 195, 5000)]
    items = tuple(ItemDraft(guid=text, title=text, content=text, text=text) for text in texts)
    prepared = Prepared(ParsedFeed(), items)
    pipe = BytesIO()
    ipc.send(pipe, {"prepared": ipc.PREPARED.pack(prepared)})

    assert pipe.getvalue().endswith(texts[-1].encode("utf-8", "surrogatepass") * 4)
    pipe.seek(0)
    assert ipc.PREPARED.unpack(ipc.receive(pipe)[0]["prepared"]) == prepared


def test_several_long_texts_of_an_item_keep_their_places() -> None:
    item = ItemDraft(title="ä" * 300, content="b" * 500, summary="c" * 400, text="d")
    prepared = Prepared(ParsedFeed(), (item, ItemDraft(content="e" * 700), item))
    message, data = sent({"prepared": ipc.PREPARED.pack(prepared)}, b"data")
    assert isinstance(message, dict)
    assert ipc.PREPARED.unpack(message["prepared"]) == prepared
    assert data == b"data"


@pytest.mark.parametrize(("length", "is_after"), [(199, False), (200, True)])
def test_a_text_is_long_from_200_characters_on(length: int, is_after: bool) -> None:
    pipe = BytesIO()
    ipc.send(pipe, {"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed(), (ItemDraft(content="a" * length),)))})
    assert pipe.getvalue().endswith(b"a") is is_after


def test_all_of_a_frame_is_sent_at_once() -> None:
    arrived = BytesIO()
    pipe = BufferedWriter(arrived)
    ipc.send(pipe, {"a": [1, "ä"]}, b"data")
    text = '{"a":[1,"ä"]}'.encode()
    assert arrived.getvalue() == pack(">III", len(text), 4, 0) + text + b"data"
    pipe.close()


EMPTY_PART = pack(">II", 7, 0) + b"[[],[]]"


@pytest.mark.parametrize(
    "frame",
    [
        lambda more: pack(">III", 2**29 - 1 + more, 1, 0),
        lambda more: pack(">III", 1, 2**29 - 1 + more, 0),
        lambda more: pack(">III", 8 + more, 0, 2**26 - 1) + b"{}      ",
        lambda more: pack(">III", 2, 3, 1) + b"{}xyz" + pack(">II", 2**29 - 15 + more, 2),
        lambda more: pack(">III", 2, 0, 2) + b"{}" + EMPTY_PART + pack(">II", 7, 2**29 - 32 + more),
    ],
    ids=["message", "data", "number of parts", "a part", "all parts"],
)
def test_a_frame_has_at_most_512_mebibytes(frame: Callable[[int], bytes]) -> None:
    with pytest.raises(EOFError):  # it is read, but there is no more of it
        ipc.receive(BytesIO(frame(0)))
    with pytest.raises(ValueError, match=r"^a frame of "):
        ipc.receive(BytesIO(frame(1)))


def test_the_size_of_a_frame_that_is_too_long_is_told() -> None:
    with pytest.raises(ValueError, match=rf"^a frame of {2**29 + 3} bytes and 5 parts$"):
        ipc.receive(BytesIO(pack(">III", 2**29, 3, 5)))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0\0",
        pack(">III", 2, 1, 0) + b"{}",
        pack(">III", 9, 0, 0) + b"{}",
        pack(">III", 2, 0, 1) + b"{}",
        pack(">III", 2, 0, 1) + b"{}" + pack(">II", 3, 0) + b"[]",
        pack(">III", 2, 0, 1) + b"{}" + pack(">II", 2, 1) + b"[]",
    ],
)
def test_a_frame_that_is_cut_short_is_the_end(frame: bytes) -> None:
    with pytest.raises(EOFError):
        ipc.receive(BytesIO(frame))


@pytest.mark.parametrize(
    "frame",
    [
        pack(">III", 2**32 - 1, 0, 0),
        pack(">III", 2, 0, 2**32 - 1) + b"{}",
        pack(">III", 5, 0, 0) + b"\x80\x04N.x",
        pack(">III", 2, 0, 0) + b"\xff\xff",
        pack(">III", 2, 0, 1) + b"{}" + pack(">II", 2**32 - 1, 0),
        pack(">III", 2, 0, 1) + b"{}" + pack(">II", 0, 2**32 - 1),
        pack(">III", 2, 0, 1) + b"{}" + pack(">II", 7, 0) + b"[[],[]]",
        pack(">III", 15, 0, 1) + b'{"prepared":[]}' + pack(">II", 7, 0) + b"[[],[]]",
        pack(">III", 16, 0, 1) + b'{"prepared":[0]}' + pack(">II", 7, 0) + b"[[],[]]",
        pack(">III", 14, 0, 1) + b'{"prepared":1}' + pack(">II", 7, 0) + b"[[],[]]",
        *(
            pack(">III", 2, 0, 1) + b"{}" + pack(">II", len(part), 1) + part + b"x"
            for part in (b"[]", b"1", b"[1,2]", b"[[],[[0,1]]]", b"[[0],[[0]]]", b'[[0],[["",1]]]', b'[[0],[[0,""]]]')
        ),
        pack(">III", 2, 0, 1) + b"{}" + pack(">II", 13, 1) + b"[[0],[[0,1]]]\xff",
    ],
)
def test_a_frame_that_makes_no_sense_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        ipc.receive(BytesIO(frame))


@pytest.mark.parametrize("head", [b"", pack(">III", 2, 0, 1) + b"{}"], ids=["message", "part"])
def test_json_that_is_nested_too_deep_is_refused(head: bytes) -> None:
    lengths = pack(">II", 100_000, 0) if head else pack(">III", 100_000, 0, 0)
    with pytest.raises(ValueError, match="nested too deep"):
        ipc.receive(BytesIO(head + lengths + b"[" * 100_000))


def places(row: object, way: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield the place of each value in *row*, a nested list, as a tuple of indexes."""
    for place, part in enumerate(row if isinstance(row, list) else ()):
        yield (*way, place)
        yield from places(part, (*way, place))


def fits(value: Any, hint: Any) -> bool:
    """Return whether *value*, and each value in it, has the type that *hint* and the fields of dataclasses name."""
    parts = get_args(hint)
    if isinstance(hint, UnionType):
        return any(fits(value, part) for part in parts)
    if get_origin(hint) is dict:
        pairs = value.items() if isinstance(value, dict) else [(None, None)]
        return all(fits(key, parts[0]) and fits(each, parts[1]) for key, each in pairs)
    if get_origin(hint) is tuple and ... not in parts:
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(fits, value, parts))
    if get_origin(hint) in (tuple, frozenset, list):
        return isinstance(value, get_origin(hint)) and all(fits(each, parts[0]) for each in value)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return isinstance(value, hint) and all(fits(getattr(value, name), hints[name]) for name in hints)
    return isinstance(value, get_origin(hint) or hint)


@pytest.mark.slow
@pytest.mark.parametrize("lie", [None, 1, 1.5, "x", "2026-01-01", [], [1], [[]], {}], ids=repr)
def test_a_forged_value_is_refused_or_has_the_type_of_its_field(lie: object) -> None:
    """A parser process that a hostile document has taken over may send anything."""
    rows = ipc.PREPARED.pack(PREPARED)
    ways = [*places(rows)]
    for way in ways:
        answer = copy.deepcopy(rows)
        inside = answer
        for place in way[:-1]:
            inside = inside[place]
        inside[way[-1]] = lie
        try:
            unpacked = ipc.PREPARED.unpack(answer)
        except ipc.NONSENSE:
            continue
        assert fits(unpacked, Prepared), way
        assert ipc.PREPARED.unpack(copy.deepcopy(ipc.PREPARED.pack(unpacked))) == unpacked
        assert all(date is None or date.tzinfo for date in unpacked.dates)
    assert len(ways) > 80


@pytest.mark.parametrize("date", ["2026-01-01", "2026-01-01T00:00:00", 5, ["2026-01-01T00:00:00+00:00"]])
def test_a_value_that_is_no_date_with_a_zone_is_refused(date: object) -> None:
    rows = ipc.PREPARED.pack(PREPARED)
    rows[1][0][[field.name for field in fields(ItemDraft)].index("published")] = date
    with pytest.raises(ipc.NONSENSE):
        ipc.PREPARED.unpack(rows)


@pytest.mark.parametrize("values", ["ab" * 100, [1] * 100, [None, "a" * 100]], ids=["text", "numbers", "none"])
def test_values_that_are_no_list_of_names_are_refused_and_quoted_in_short(values: object) -> None:
    with pytest.raises(TypeError) as raised:
        ipc.NAMES.unpack(values)
    assert str(raised.value) == f"these are no list of str: {str(values)[:100]}"
