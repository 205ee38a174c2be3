"""JSON Feed: its fields, and deep, wide or wrong JSON, which is read or refused in linear time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from costs import assert_linear
from lifestream.entry import Enclosure, Entry, Media, ParsedFeed
from lifestream.parser import NotAFeed, json_feed, parse
from lifestream.parser.encoding import Decoded

START = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "x": '


@pytest.mark.parametrize("unit", ["[", '{"a":', '[{"a":', "[[],["])
@pytest.mark.parametrize("start", ["", START])
def test_json_that_is_nested_too_deep_is_no_feed(unit: str, start: str) -> None:
    with pytest.raises(NotAFeed, match=r"^it is JSON nested too deep$"):
        parse((start + unit * 500_000).encode(), {}, "https://site.example/")


def test_json_that_is_nested_and_closed_is_no_feed_either() -> None:
    with pytest.raises(NotAFeed, match=r"^it is JSON nested too deep$"):
        parse(f"{START}{'[' * 200_000}{']' * 200_000}}}]}}".encode(), {}, "https://site.example/")


def test_json_that_is_nested_a_hundred_deep_is_read() -> None:
    [entry] = parse(f"{START}{'[' * 100}{']' * 100}}}]}}".encode(), {}, "https://site.example/").entries
    assert entry.guid == "1"


VERSION = '"version": "https://jsonfeed.org/version/1.1"'
WIDE = {
    "items": ('"items": [{}', ", {}", "]"),
    "tags": ('"items": [{"tags": ["a"', ', "a"', "]}]"),
    "authors": ('"items": [{"authors": [{}', ', {"name": "a"}', "]}]"),
    "attachments": ('"items": [{"attachments": [{}', ', {"url": "/a"}', "]}]"),
    "hubs": ('"items": [], "hubs": [{}', ', {"type": "x"}', "]"),
}


@pytest.mark.costly
@pytest.mark.parametrize("name", WIDE)
def test_json_that_is_wide_takes_linear_time(name: str) -> None:
    start, unit, end = WIDE[name]

    def make(number: int) -> bytes:
        return f"{{{VERSION}, {start}{unit * number}{end}}}".encode()

    assert_linear(lambda body: parse(body, {}, "https://site.example/"), make, 5000)


@pytest.mark.costly
@pytest.mark.parametrize("unit", ['"a":1,', '"a":[],', '"a":"\\\\",', '"a":1e99,', '"a":' + "9" * 5000 + ","])
def test_json_with_many_members_or_digits_takes_linear_time(unit: str) -> None:
    def make(number: int) -> bytes:
        return f"{START}0, {unit * number}{chr(34)}z{chr(34)}: 0}}]}}".encode()

    assert_linear(lambda body: parse(body, {}, "https://site.example/"), make, 1000)


URL = "https://site.example/blog/feed.json"


def read(document: Any) -> ParsedFeed:
    return json_feed.read(Decoded(json.dumps(document), "utf-8", "a complaint"), URL)


def feed(**members: Any) -> ParsedFeed:
    return read({"version": "https://jsonfeed.org/version/1.1", "items": [], **members})


def entry(**members: Any) -> Entry:
    [found] = feed(items=[members]).entries
    return found


def test_a_feed_is_read_with_all_its_members() -> None:
    found = feed(
        title=" A  title ",
        home_page_url="/",
        feed_url="feed.json",
        description="What it is",
        icon="/icon.png",
        favicon="/favicon.ico",
        authors=[{"name": "Ada"}, {"name": "Bob"}, {"name": "Ada"}, {"url": "https://x.example/"}, "Eve"],
        language="en-GB",
        hubs=[{"type": "rssCloud", "url": "/cloud"}, {"type": "WebSub", "url": "/hub"}],
    )
    assert found == ParsedFeed(
        title="A title",
        link="https://site.example/",
        subtitle="What it is",
        author="Ada, Bob, Eve",
        language="en-GB",
        icon="https://site.example/icon.png",
        self_url=URL,
        hub_url="https://site.example/hub",
        format="json11",
        encoding="utf-8",
        complaint="a complaint",
    )


def test_an_item_is_read_with_all_its_members() -> None:
    found = entry(
        id=" 1 ",
        url="one",
        external_url="https://else.example/",
        title="One",
        content_html="<p>a\x00b</p>",
        content_text="a & b",
        summary="a < b",
        image="/one.png",
        banner_image="/banner.png",
        date_published="2024-05-01T12:00:00+02:00",
        date_modified="2024-05-02t12:00:00z",
        author={"name": "Ada"},
        tags=["a", " b ", "a", "", None, 2024, "c"],
        language="de",
        attachments=[
            {"url": "/1.mp3", "mime_type": "Audio/MPEG", "size_in_bytes": 2000, "duration_in_seconds": 60.5},
            {"mime_type": "audio/mpeg"},
            "none",
        ],
    )
    assert found == Entry(
        guid="1",
        link="https://site.example/blog/one",
        title="One",
        author="Ada",
        published=datetime(2024, 5, 1, 10, 0, tzinfo=UTC),
        updated=datetime(2024, 5, 2, 12, 0, tzinfo=UTC),
        content="<p>ab</p>",
        summary="<p>a &lt; b</p>",
        tags=("a", "b", "2024", "c"),
        enclosures=(Enclosure("https://site.example/1.mp3", "audio/mpeg", 2000, 60),),
        media=(Media("https://site.example/one.png", type="image/*", thumbnail="https://site.example/one.png"),),
        language="de",
        base="https://site.example/blog/one",
    )


def test_members_that_an_item_lacks_are_replaced_by_the_feeds_or_by_other_members() -> None:
    found = feed(
        author={"name": "Ada"},
        language="en",
        favicon="/favicon.ico",
        items=[{"external_url": "https://else.example/", "content_text": "a & b", "banner_image": "/banner.png"}],
    )
    [item] = found.entries
    assert (item.author, item.language, item.link) == ("Ada", "en", "https://else.example/")
    assert (item.content, item.media[0].url) == ("<p>a &amp; b</p>", "https://site.example/banner.png")
    assert (found.author, found.icon) == ("Ada", "https://site.example/favicon.ico")


def test_an_address_whose_host_cannot_exist_counts_as_none() -> None:
    impossible = "https://a\N{COMBINING ACUTE ACCENT}" + "\N{COMBINING ACUTE ACCENT}" * 300 + ".example/"
    found = feed(favicon=impossible, items=[{"id": "1", "url": impossible, "image": impossible}])
    [item] = found.entries
    assert (found.icon, item.link, item.media) == ("", "", ())


@pytest.mark.parametrize(
    ("version", "form"),
    [
        ("https://jsonfeed.org/version/1", "json10"),
        ("http://www.jsonfeed.org/version/1.0", "json10"),
        ("https://jsonfeed.org/version/1.1/", "json11"),
        ("1.1", "json11"),
        ("jsonfeed.org/version/1", "json10"),
        ("HTTPS://JSONFEED.ORG/VERSION/1.1", "json11"),
        ("https://jsonfeed.org/version/2", "json"),
    ],
)
def test_a_version_is_known_in_all_its_spellings(version: str, form: str) -> None:
    assert feed(version=version).format == form


@pytest.mark.parametrize("members", [{}, {"items": None}])
def test_a_feed_whose_items_are_missing_or_null_is_a_feed(members: dict[str, None]) -> None:
    found = read({"version": "https://jsonfeed.org/version/1.1", "title": "New", **members})
    assert (found.title, found.entries) == ("New", ())


def test_a_list_that_php_writes_as_an_object_of_numbers_is_a_list() -> None:
    found = feed(items={"0": {"id": "1", "tags": {"1": "a", "3": "b"}}, "2": {"id": "2"}})
    assert [(entry.guid, entry.tags) for entry in found.entries] == [("1", ("a", "b")), ("2", ())]


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "feed",
        {"version": "https://jsonfeed.org/version/1.1", "items": {}},
        {"version": "https://jsonfeed.org/version/1.1", "items": "none"},
        {"version": "1.1"},
        {"items": []},
        {"version": 1, "items": []},
        {"version": 1.1, "title": "A list", "items": [{"id": 1, "title": "One", "url": "/1"}]},
        {"version": "v2", "kind": "list", "items": [{"content_text": "One"}]},
        {"version": "https://jsonfeed.org.example/version/1", "items": []},
    ],
)
def test_other_json_is_no_feed(document: Any) -> None:
    with pytest.raises(NotAFeed) as refused:
        read(document)
    assert str(refused.value) == "it is JSON, but no JSON Feed: that has a version at jsonfeed.org, and items"


def test_an_error_in_json_is_reported_with_its_place() -> None:
    with pytest.raises(NotAFeed, match=r"^it looks like JSON, but is not: Expecting .*line 1 column 2"):
        json_feed.read(Decoded("{x", "utf-8"), URL)


def test_noise_before_a_feed_is_skipped() -> None:
    document = json.dumps({"version": "1.1", "items": []})
    assert json_feed.read(Decoded(f"\ufeff\0 \r\n\t{document}", "utf-8"), URL).format == "json11"


@pytest.mark.parametrize(
    ("id_", "guid"), [("a", "a"), (7, "7"), (1.5, "1.5"), (True, ""), (None, ""), ([], ""), ("a\x00b", "ab")]
)
def test_an_id_is_a_string_or_a_number(id_: Any, guid: str) -> None:
    assert entry(id=id_).guid == guid


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (0, None),
        (1, 1),
        (2**53 - 1, 2**53 - 1),
        (2**53, None),
        (-1, None),
        (1.9, 1),
        ("1,024", 1024),
        ("1 MB", None),
        (True, None),
    ],
)
def test_a_size_is_a_positive_number_below_2_to_the_53(written: Any, size: int | None) -> None:
    [enclosure] = entry(attachments=[{"url": "/1", "size_in_bytes": written}]).enclosures
    assert enclosure.length == size


def test_a_duration_may_be_zero() -> None:
    [enclosure] = entry(attachments=[{"url": "/1", "duration_in_seconds": 0}]).enclosures
    assert enclosure.duration == 0


def test_numbers_with_too_many_digits_for_python_lose_no_item() -> None:
    digits = "9" * 5000
    document = '{"version": "1.1", "items": [{"id": "1", "n": %s}, {"id": 12}, {"id": %s}]}'
    # The second document ends in a comma that has to be removed, so it is read a second time.
    for end in ("}", ",}"):
        found = json_feed.read(Decoded(document[:-1] % (digits, digits) + end, "utf-8"), URL)
        assert [item.guid for item in found.entries] == ["1", "12", digits]


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2024-05-01T12:00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        (True, None),
    ],
)
def test_a_date_may_lack_its_zone_and_time_and_other_values_are_no_date(written: Any, date: datetime | None) -> None:
    assert entry(date_published=written).published == date


@pytest.mark.parametrize(
    ("hubs", "hub"),
    [
        ([{"type": "WebSub", "url": "http://["}, {"url": "/hub"}], "https://site.example/hub"),
        ([{"type": "PubSubHubbub", "url": "/hub"}], "https://site.example/hub"),
        ([{"type": "rssCloud", "url": "/cloud"}], ""),
        (["https://site.example/hub"], ""),
        ({"type": "WebSub", "url": "/hub"}, ""),
    ],
)
def test_the_hub_of_a_feed_is_one_of_websub_or_of_no_type(hubs: Any, hub: str) -> None:
    assert feed(hubs=hubs).hub_url == hub


@pytest.mark.parametrize("wrong", [None, 1, [1], {"a": 1}, True])
def test_a_member_of_the_wrong_type_is_treated_as_missing(wrong: Any) -> None:
    members = ("url", "content_html", "content_text", "summary", "image", "date_published", "language")
    assert entry(**dict.fromkeys((*members, "authors", "author", "attachments"), wrong)) == Entry(base=URL)
    of_feed = ("title", "home_page_url", "feed_url", "description", "icon", "authors", "author", "language", "hubs")
    assert feed(**dict.fromkeys(of_feed, wrong)) == feed()


def test_a_value_that_is_no_item_affects_nothing_else() -> None:
    assert [item.guid for item in feed(items=[1, {"id": "1"}, None, [], {"id": "2"}]).entries] == ["1", "2"]


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("item", "title", "message"),
    [
        ('{"id": "1", "title": "a\nb"}', "a b", "Invalid control character at"),
        ('{"id": "1", "title": "a\tb"}', "a b", "Invalid control character at"),
        ('{"id": "1", "title": "a", }', "a", "Expecting property name enclosed in double quotes"),
        ('{"id": "1", "title": "a, ]", "tags": ["x", ], }', "a, ]", "Expecting value"),
        ('{"id": "1", "title": "\\",}", },', '",}', "Expecting property name enclosed in double quotes"),
        (r'{"id": "1", "title": "C:\dir\\ \u00e9 \ud \"", "url": "\/"}', r'C:\dir\ é \ud "', "Invalid \\escape"),
    ],
)
def test_json_that_can_be_mended_in_only_one_way_is_read(item: str, title: str, message: str) -> None:
    found = parse(f'{{{VERSION},\n"items": [{item}]}}'.encode(), {}, URL)

    assert [entry.title for entry in found.entries] == [title]
    assert found.flaw is not None and found.flaw.mended and not found.well_formed
    # Later versions of Python name a trailing comma and what it ends, in place of *message*.
    assert (found.flaw.message.removeprefix("Illegal trailing comma before end of "), found.flaw.line >= 2) in (
        (message, True),
        ("object", True),
        ("array", True),
    )
    assert str(found.flaw) in found.complaint


@pytest.mark.reading(8)
def test_html_after_a_json_feed_is_left_out() -> None:
    found = parse(f'{{{VERSION}, "items": [{{"id": "1"}}]}}\n<!-- cached -->'.encode(), {}, URL)

    assert [entry.guid for entry in found.entries] == ["1"]
    assert found.flaw is not None and found.flaw.mended and found.flaw.message == "Extra data"
    with pytest.raises(NotAFeed, match="Extra data"):
        parse(f'{{{VERSION}, "items": []}} {{{VERSION}, "items": []}}'.encode(), {}, URL)


@pytest.mark.reading(8)
@pytest.mark.parametrize("member", ["content_html", "content_text", "date_published"])
@pytest.mark.parametrize("version", [{}, {"version": None}, {"version": ""}, {"version": 1}])
def test_a_feed_without_a_version_is_recognised_by_its_items(version: dict[str, Any], member: str) -> None:
    found = read({**version, "title": "T", "items": [{"id": "1"}, {"id": "2", member: "2021-08-17"}]})

    assert (found.format, len(found.entries)) == ("json", 2)


@pytest.mark.parametrize("item", ['{"id": "1" "title": "a"}', '{"id": 1', "{id: 1}", ",,", '{"id": "1\\"}'])
def test_json_with_an_ambiguous_error_is_no_feed(item: str) -> None:
    with pytest.raises(NotAFeed, match=r"^it looks like JSON, but is not: "):
        parse(f'{{{VERSION}, "items": [{item}]}}'.encode(), {}, URL)


@pytest.mark.parametrize(
    ("members", "field", "value"),
    [
        ({"authors": ["Ada", "Bo"]}, "author", "Ada, Bo"),
        ({"author": "Ada"}, "author", "Ada"),
        ({"authors": {"name": "Ada"}}, "author", "Ada"),
        ({"authors": "Ada"}, "author", "Ada"),
        ({"author": [{"name": "Ada"}, {"name": "Bo"}]}, "author", "Ada, Bo"),
        ({"title": 1984}, "title", "1984"),
        ({"title": True}, "title", ""),
        ({"tags": "rope, knots"}, "tags", ("rope", "knots")),
        ({"tags": [2024, True, {"name": "a"}]}, "tags", ("2024",)),
        ({"attachments": {"url": "/1"}}, "enclosures", (Enclosure("https://site.example/1"),)),
        (
            {"attachments": [{"url": "/1", "duration_in_seconds": "1:02", "size_in_bytes": " 9 "}]},
            "enclosures",
            (Enclosure("https://site.example/1", length=9, duration=62),),
        ),
        (
            {"image": {"url": "/1.png"}},
            "media",
            (Media("https://site.example/1.png", "image/*", "https://site.example/1.png"),),
        ),
        ({"id": "https://site.example/1"}, "link", "https://site.example/1"),
        ({"id": "https://site.example/1", "external_url": "/2"}, "link", "https://site.example/2"),
        ({"id": "tag:site.example,2021:1"}, "link", ""),
        ({"date_published": 1629236653}, "published", datetime(2021, 8, 17, 21, 44, 13, tzinfo=UTC)),
        ({"date_published": 1629236653000.0}, "published", datetime(2021, 8, 17, 21, 44, 13, tzinfo=UTC)),
        ({"date_published": 1892160000000000}, "published", datetime(2029, 12, 17, tzinfo=UTC)),
        ({"external_url": "http://[half"}, "link", ""),
    ],
)
def test_a_wrong_type_with_a_clear_meaning_is_understood(members: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(entry(**members), field) == value


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 1e300, -1, True])
def test_a_number_that_is_no_moment_is_no_date(number: float) -> None:
    assert entry(date_published=number).published is None


def test_one_attachment_and_one_tag_more_than_are_kept_are_read() -> None:
    many = entry(attachments=[{"url": f"/{number}"} for number in range(1000)], tags=list(map(str, range(1000))))

    assert [each.url for each in many.enclosures] == [f"https://site.example/{number}" for number in range(101)]
    assert many.tags == tuple(map(str, range(101)))
