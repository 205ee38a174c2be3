"""The text of JSON: text around it is skipped, and the undamaged items of damaged JSON are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from costs import assert_linear
from lifestream.parser import NotAFeed, parse
from lifestream.parser.json_text import loaded, start_of

URL = "https://site.example/feed.json"
ITEMS = [{"id": str(number), "content_text": f"Text {number}", "attachments": [{"url": "/a"}]} for number in range(4)]
FEED = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": ITEMS})


def ids(text: str, content_type: str = "application/feed+json") -> list[str]:
    found = parse(text.encode(), {"Content-Type": content_type}, URL)
    assert found.title == "T"
    return [entry.guid for entry in found.entries]


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("callback(", ");"),
        ("/**/jQuery_1.on[0](", ")"),
        ("/**/typeof show === 'function' && show(", ");"),
        (")]}'\n", ""),
        ("while(1);", ""),
        ("for (;;); ", ""),
        ("var feed = ", ";"),
        ("\ufeff\ufeff \n", "\x00"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/feed+json", "text/javascript", ""])
def test_javascript_around_a_feed_is_mended(before: str, behind: str, content_type: str) -> None:
    assert ids(before + FEED + behind, content_type) == ["0", "1", "2", "3"]


@pytest.mark.reading(8)
@pytest.mark.parametrize("before", ["<br />\n<b>Warning</b>: foo() in <b>a.php</b><br />\n", "Notice: {x} in a.php\n"])
def test_text_before_json_is_skipped_only_if_the_server_declares_it_as_json(before: str) -> None:
    found = parse((before + FEED).encode(), {"Content-Type": "application/json; charset=utf-8"}, URL)

    assert len(found.entries) == 4
    assert (
        found.complaint
        == "not well-formed at line 1, column 1: text before the JSON (mended: nothing of the document is lost)"
    )
    with pytest.raises(NotAFeed):
        parse((before + FEED).encode(), {"Content-Type": "text/html"}, URL)


@pytest.mark.reading(7)
@pytest.mark.parametrize(("nuls", "is_mended"), [("\0", True), ("\0\0", False), ("\0" * 40, False)])
def test_a_single_nul_inside_a_feed_is_mended_and_several_in_a_row_are_not(nuls: str, is_mended: bool) -> None:
    at = FEED.index("Text 1") + 2
    _, flaw = loaded(FEED[:at] + nuls + FEED[at + len(nuls) :] + "\0\0")
    assert flaw is not None and flaw.mended is is_mended


@pytest.mark.reading(7)
def test_a_feed_that_ends_before_its_last_items_is_not_complete() -> None:
    early = FEED.replace('{"id": "2"', ']}, {"id": "2"')
    found = parse(early.encode(), {}, URL)

    assert [entry.guid for entry in found.entries] == ["0", "1"]
    assert not found.is_complete
    assert found.flaw is not None and found.flaw.damaged == (1,)  # it may have ended too early
    assert parse(f"{FEED}; show();".encode(), {}, URL).is_complete


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("at", "extra", "damaged"),
    [(1, "}", (1,)), (1, "},", (1,)), (1, "}]", (1,)), (3, "}", (3,)), (3, "}]", (3,)), (1, "", ())],
)
def test_an_item_that_ends_too_early_is_damaged_and_affects_no_other_one(
    at: int, extra: str, damaged: tuple[int, ...]
) -> None:
    found = parse(FEED.replace(f'"id": "{at}"', f'"id": "{at}"{extra}').encode(), {}, URL)
    expected = ["0", "1"] if extra == "}]" and at == 1 else ["0", "1", "2", "3"]
    assert [entry.guid for entry in found.entries] == expected
    assert (found.flaw.damaged if found.flaw else ()) == damaged


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("written", "read", "damaged"),
    [
        ('"/a"}]', '"/a"', (0,)),  # all other items are in the attachments
        (
            '"Text 1", "attachments": [{"url": "/a"}]',
            '"Text"}, {"mime_type": "audio/ogg"}]',
            (1,),
        ),  # the file is left out
    ],
)
def test_an_item_that_may_have_lost_a_part_is_damaged(written: str, read: str, damaged: tuple[int, ...]) -> None:
    flaw = parse(FEED.replace(written, read, 1).encode(), {}, URL).flaw
    assert flaw is not None and (flaw.damaged, flaw.mended) == (damaged, False)


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"/a"}]', '"/a"},]'),
        ('"id": "1", ', '"url": "/1", "x": "a\nb", '),
        ('{"url": "/a"}', '{"mime_type": "audio/ogg",}'),
        ('"title": "T"', '"title": "T", "author": {"name": "A\x07"}'),
        ('"Text 1"', '"Text\x071", "tags": ["a\x0bb"], "title": "T", "title": "T"'),
        ('"id": "1"', '"id": "1\x07"'),
    ],
)
def test_no_item_is_damaged_by_a_slip_that_loses_nothing(written: str, read: str) -> None:
    found = parse(FEED.replace(written, read, 1).encode(), {}, URL)
    assert found.flaw is not None and (found.flaw.damaged, found.flaw.mended) == ((), True)
    assert len(found.entries) == len(ITEMS)


@pytest.mark.reading(7)
def test_an_item_before_one_whose_text_breaks_the_json_is_whole() -> None:
    items = ", ".join(f'{{"content_text": "{text}", "url": "/a", "id": "{text}"}}' for text in ("a", 'b"b', "c", "d"))
    found = parse(f'{{"version": "https://jsonfeed.org/version/1.1", "items": [{items}]}}'.encode(), {}, URL)
    assert [entry.guid for entry in found.entries] == ["a", "c", "d"]
    assert found.flaw is not None and (found.flaw.damaged, found.flaw.mended) == ((), False)


@pytest.mark.reading(7)
def test_items_without_commas_between_them_are_whole_though_one_has_no_id() -> None:
    flaw = parse(FEED.replace("}, {", "} {").replace('"id": "1"', '"url": "/1"').encode(), {}, URL).flaw
    assert flaw is not None and (flaw.damaged, flaw.mended) == ((), False)


@pytest.mark.reading(7)
def test_an_item_with_a_brace_too_many_at_its_end_is_not_damaged() -> None:
    found = parse(FEED.replace("]}, ", "]}}, ").encode(), {}, URL)
    assert [entry.guid for entry in found.entries] == ["0", "1", "2", "3"]
    assert found.flaw is not None and found.flaw.damaged == ()


def test_xml_is_no_json_whatever_the_server_says() -> None:
    body = '<rss version="2.0"><channel><title>T</title><description>{"a": 1}</description></channel></rss>'
    assert ids(body, "application/json") == []


@pytest.mark.reading(7)
@pytest.mark.parametrize("end", range(FEED.index('"items"') + 90, len(FEED)))
def test_the_whole_items_of_a_truncated_feed_are_read(end: int) -> None:
    found = parse(FEED[:end].encode(), {}, URL)

    whole = [item["id"] for item in ITEMS if end >= FEED.index(json.dumps(item)) + len(json.dumps(item))]
    assert [entry.guid for entry in found.entries] == whole
    assert found.flaw is not None
    assert not found.flaw.mended


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    "damage",
    ['"content_text": "He said "no" to it"', '"content_text": Text', '"content_text"', '"a": {]}', '"a": [}'],
)
def test_a_damaged_item_loses_only_itself(damage: str) -> None:
    assert ids(FEED.replace('"content_text": "Text 1"', damage)) == ["0", "2", "3"]


def test_a_part_of_a_damaged_item_is_no_item() -> None:
    body = FEED.replace('"Text 1", "attachments": [{"url": "/a"}', 'Text, "attachments": [{"url": "/a"}, {"url": "/b"}')
    assert ids(body) == ["0", "2", "3"]


def test_reading_ends_at_the_101st_damaged_item() -> None:
    items = [*['{"id": }'] * 100, '{"id": "1"}', '{"id": }', '{"id": "2"}']
    assert loaded(f'{{"items": [{", ".join(items)}]}}')[0] == {"items": [{"id": "1"}]}


def test_the_items_of_damaged_json_are_kept_and_the_members_after_them_are_lost() -> None:
    damaged = '{"title": "T", "items": [{"id": "1"}], "x": nul, "y": 1}'
    assert loaded(damaged)[0] == {"title": "T", "items": [{"id": "1"}]}


@pytest.mark.parametrize("text", ["", "a", "<html>{}</html>", "f(1)"])
def test_other_text_has_no_json(text: str) -> None:
    assert start_of(text, "text/html") is None


def test_the_text_behind_a_call_does_not_matter() -> None:
    assert start_of("feed({})x" * 2, "text/html") == len("feed(")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"items": [{"id": }]}', "Expecting value: line 1 column 19 (char 18)"),
        ('{"title": "T", "x": nul, "items": [{"id": "1"}]}', "Expecting value: line 1 column 21 (char 20)"),
        ('["a" "b"]', "Expecting ',' delimiter: line 1 column 6 (char 5)"),
        ('{"a": "\x07"} {"b": 2}', "Invalid control character at: line 1 column 8 (char 7)"),
    ],
    ids=["no whole item", "damaged before the items", "a list", "two values"],
)
def test_damaged_json_of_which_no_item_can_be_read_is_no_feed(text: str, reason: str) -> None:
    with pytest.raises(NotAFeed) as caught:
        loaded(text)
    assert str(caught.value) == f"it looks like JSON, but is not: {reason}"


@pytest.mark.parametrize("end", ["}", ",}"])
def test_a_number_with_too_many_digits_is_read_as_text(end: str) -> None:
    digits = "1" * 4301
    assert loaded(f'{{"a": {digits}{end}')[0] == {"a": digits}


def test_only_backslashes_that_escape_nothing_are_kept() -> None:
    assert loaded(r'{"a": "C:\dir \u00e9 \" \q \n"}')[0] == {"a": 'C:\\dir é " \\q \n'}


@pytest.mark.parametrize(
    ("members", "items"),
    [
        ('"tags": [1], "items": [{"id": "1"}, {"id": }]', [{"id": "1"}]),
        ('"items": [{"x": "a"}, {"id": "1"}, {"id": }]', [{"x": "a"}, {"id": "1"}]),
        ('"items": [{"x": }, {"id": "1"}]', [{"id": "1"}]),
        ('"items": [{"id": "1"}, {"id": "2", "x": 1 {"id": "3"}]', [{"id": "1"}]),
    ],
    ids=["after a list", "without an id", "after a damaged one", "none inside a damaged one"],
)
def test_the_whole_items_of_damaged_json_are_read(members: str, items: list[dict[str, str]]) -> None:
    assert loaded(f"{{{members}}}")[0]["items"] == items


def test_output_before_json_may_be_64_kib_long() -> None:
    output = "\n" + "x" * (64 * 1024 - 2)
    assert start_of(output + '{"', "application/json") == len(output)
    assert start_of(output + 'x{"', "application/json") is None


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('{"a": "\x07"}', 1, 8), ('\n{"a": "\x07"}', 2, 8), ('\n\n{"title": "T",\n "a": "x\x07"}', 4, 9)],
)
def test_a_flaw_is_located_in_the_text_that_was_served(text: str, line: int, column: int) -> None:
    flaw = loaded(text)[1]
    assert flaw is not None and (flaw.line, flaw.column) == (line, column)


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("members", "damaged"),
    [
        ('"items": [{"id": "1"}, {"id": "2"}], "a": {"b": 1, "b": 2}, "c": "\0\0 "', (0, 1)),
        ('"items": [{"id": "1"}, {"id": "2"}], "a": [["\0\0"]]', (0, 1)),
        ('"items": [{"id": "1"}, {"id": "2"}], "a": "\x07"', ()),
        ('"items": {"0": {"id": "1"}, "1": {"id": "2\0\0"}}', (1,)),
        ('"items": [{"content_text": "a"}, {"id": "1"}, {"id": "2"}],', ()),
        ('"items": [1, {"id": "1"}],', ()),
    ],
)
def test_items_are_damaged_if_they_or_the_members_beside_them_may_lack_a_part(
    members: str, damaged: tuple[int, ...]
) -> None:
    flaw = loaded(f"{{{members}}}")[1]
    assert flaw is not None and (flaw.damaged, flaw.mended) == (damaged, not damaged)


@pytest.mark.parametrize(
    ("text", "value"), [('["\x07"]', ["\x07"]), ("[1,]", [1]), ('{"items": "x",}', {"items": "x"})]
)
def test_json_that_is_no_feed_is_mended_too(text: str, value: Any) -> None:
    found, flaw = loaded(text)
    assert found == value
    assert flaw is not None and flaw.mended


@pytest.mark.costly
@pytest.mark.parametrize("unit", ["{},", '{"id": },', '{"id": "1" "},{', "},{", '},{\\"', '{"a": [},', "{ ", '"},{"'])
def test_damaged_items_are_read_in_linear_time(unit: str) -> None:
    def make(number: int) -> bytes:
        return f'{{"version": "1.1", "items": [{{"id": "1"}}, {unit * number}'.encode()

    def read(body: bytes) -> Any:
        return parse(body, {}, URL)

    assert_linear(read, make, 3000)


@pytest.mark.costly
@pytest.mark.parametrize("unit", ["a", "a.", "/*", "/**/", ")]}", "var ", "{ ", "(", " ", "while(1);"])
def test_text_before_json_is_skipped_in_linear_time(unit: str) -> None:
    def make(number: int) -> str:
        return unit * number

    assert_linear(lambda text: start_of(text, "application/json"), make, 5000)
