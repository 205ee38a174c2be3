"""The charset matrix: each document matches its case, and each outcome is that of the standards."""

from __future__ import annotations

import codecs

import pytest

from feedserver import FeedServer
from feedserver.encodings import CHARSETS, DECLARATIONS, MEDIA_TYPES, RULES, TEXT, TRUTHS, Case, case, matrix
from rawclient import RawClient

XML_TYPES = [media_type for media_type in MEDIA_TYPES if media_type != "text/html"]
# What RFC 7303 §8 and the sentences of XML 1.0 §4.3.3 say, spelled out by hand; the matrix works it out from rules.
# charset, declaration, byte order mark, true encoding: verdict, deciding rule.
BY_THE_BOOK = [
    ("utf-8", "utf-8", False, "utf-8", "read", "charset"),  # RFC 7303 §8.1
    ("utf-16", "utf-16", True, "utf-16-le", "read", "BOM"),  # §8.2
    ("utf-16", None, True, "utf-16-be", "read", "BOM"),  # §8.2
    (None, "windows-1251", False, "windows-1251", "read", "declaration"),  # §8.3
    (None, "utf-16", True, "utf-16-be", "read", "BOM"),  # §8.4
    (None, None, True, "utf-16-le", "read", "BOM"),  # §8.4
    (None, None, False, "utf-8", "read", "default"),  # §8.5
    ("windows-1251", "windows-1251", False, "windows-1251", "read", "charset"),  # §8.7
    ("windows-1251", "utf-8", False, "windows-1251", "read", "charset"),  # §8.8: the declaration is ignored
    ("windows-1251", "utf-8", False, "utf-8", "garbled", "charset"),  # §8.8: even if it is right
    ("windows-1251", None, True, "utf-16-le", "read", "BOM"),  # §8.9: the charset is ignored
    ("windows-1251", None, True, "utf-8", "read", "BOM"),
    (
        "us-ascii",
        "utf-8",
        False,
        "utf-8",
        "refused",
        "charset",
    ),  # §3.2; RFC 3023 took this charset for text/xml without one
    (
        None,
        "utf-8",
        False,
        "windows-1251",
        "refused",
        "declaration",
    ),  # XML 1.0 §4.3.3: bytes that are illegal in the declared encoding
    (None, None, False, "windows-1251", "refused", "default"),
    (None, "windows-1251", False, "utf-8", "garbled", "declaration"),
    (None, "windows-1251", True, "utf-8", "refused", "conflict"),
    (None, "utf-16", False, "utf-8", "refused", "conflict"),
    (None, "utf-8", True, "utf-16-le", "refused", "conflict"),
    (None, None, False, "utf-16-le", "refused", "undeclared"),
    (None, "utf-16", False, "utf-16-le", "open", "unmarked"),
    ("utf-16", "utf-16", False, "utf-16-be", "open", "unmarked"),
    ("utf-16", "utf-8", False, "utf-8", "refused", "charset"),
    ("utf-8", "utf-16", False, "utf-16-le", "refused", "charset"),  # zero bytes are legal in UTF-8, but not in XML
    ("windows-1251", None, False, "utf-16-be", "refused", "charset"),
    ("x-unknown", "utf-8", False, "utf-8", "refused", "unknown"),
    ("x-unknown", None, True, "utf-8", "read", "BOM"),
    ("utf-8", "utf-8", True, "windows-1251", "refused", "BOM"),
]
# The same for the HTML Standard, §13.2.3.2.
BY_THE_HTML_STANDARD = [
    ("windows-1251", "utf-8", True, "utf-8", "read", "HTML: BOM"),
    ("utf-8", "windows-1251", False, "utf-8", "read", "HTML: charset"),
    ("us-ascii", None, False, "utf-8", "garbled", "HTML: charset"),
    ("utf-16", None, False, "utf-16-le", "read", "HTML: charset"),
    ("utf-16", None, False, "utf-16-be", "garbled", "HTML: charset"),
    ("x-unknown", "windows-1251", False, "windows-1251", "read", "HTML: declaration"),
    (None, "windows-1251", False, "windows-1251", "read", "HTML: declaration"),
    (None, "windows-1251", False, "utf-16-be", "read", "HTML: declaration"),
    (None, "utf-16", False, "utf-8", "read", "HTML: declaration"),
    (None, "utf-8", False, "windows-1251", "garbled", "HTML: declaration"),
    (None, None, False, "utf-8", "open", "HTML: default"),
    (None, None, False, "utf-16-le", "open", "HTML: default"),
]


@pytest.mark.parametrize(
    ("media_type", "charset", "declaration", "bom", "truth", "verdict", "rule"),
    [
        *((media_type, *row) for media_type in XML_TYPES for row in BY_THE_BOOK),
        *(("text/html", *row) for row in BY_THE_HTML_STANDARD),
    ],
)
def test_the_matrix_answers_as_the_standards_do(
    media_type: str, charset: str | None, declaration: str | None, bom: bool, truth: str, verdict: str, rule: str
) -> None:
    outcome = case(media_type, charset, declaration, truth, bom=bom).outcome
    assert (outcome.verdict, outcome.rules[0].name) == (verdict, rule)


@pytest.mark.slow
def test_the_matrix_is_complete() -> None:
    cases = list(matrix())
    assert len(cases) == len(MEDIA_TYPES) * len(CHARSETS) * len(DECLARATIONS) * len(TRUTHS) * 2 == 960
    assert len({each.name for each in cases}) == 960
    assert {rule for each in cases for rule in each.outcome.rules} == set(RULES)
    assert [each.media_type for each in matrix("text/html")] == ["text/html"] * 192


@pytest.mark.slow
def test_xml_types_are_treated_alike() -> None:
    by_type = [[(each.outcome.verdict, each.outcome.rules) for each in matrix(kind)] for kind in XML_TYPES]
    assert all(outcomes == by_type[0] for outcomes in by_type)


def test_a_document_has_the_encoding_mark_and_declaration_of_its_case() -> None:
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    for each in matrix("application/xml"):
        data = each.response.body
        assert isinstance(data, bytes)
        mark = marks.get(each.true_encoding, b"\xef\xbb\xbf")
        assert data.startswith(mark) == each.bom, each.name
        text = data.removeprefix(mark).decode(each.true_encoding)
        assert text.count(TEXT) == 2, each.name
        assert text.startswith(f'<?xml version="1.0" encoding="{each.declaration}"?>' if each.declaration else "<rss")
        charset = f"; charset={each.charset}" if each.charset else ""
        assert each.response.headers["Content-Type"] == f"application/xml{charset}", each.name


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("UTF-16BE", codecs.BOM_UTF16_BE), ("utf-16", codecs.BOM_UTF16_LE), ("koi8-r", codecs.BOM_UTF8)],
)
def test_a_case_has_one_byte_order_mark_or_none_however_its_encoding_is_spelled(encoding: str, mark: bytes) -> None:
    marked, unmarked = (case("text/xml", None, None, encoding, bom=bom).response.body for bom in (True, False))

    assert isinstance(unmarked, bytes)
    assert marked == mark + unmarked
    assert unmarked.lstrip(b"\0").startswith(b"<")


@pytest.mark.slow
def test_a_case_accepts_only_the_titles_that_its_outcome_allows() -> None:
    for each in matrix():
        verdict, title = each.outcome.verdict, each.outcome.title
        is_open = verdict == "open"
        assert each.accepts(title), each.name
        assert each.accepts(TEXT) == (verdict == "read" or is_open), each.name
        assert each.accepts(None) == (title is None or is_open), each.name
        assert each.accepts("neither") == (is_open and not _is_xml(each)), each.name
        assert (title == TEXT) == (verdict == "read" or (is_open and _is_xml(each))), each.name


def _is_xml(each: Case) -> bool:
    return each.media_type != "text/html"


def test_a_case_can_be_served() -> None:
    cases = list(matrix("text/xml"))
    with FeedServer() as server, RawClient(server) as client:
        for each in cases:
            server.add(each.path, each.response)
        for each in cases:
            answer = client.get(each.path)
            assert (answer.body, answer.headers["Content-Type"]) == (
                each.response.body,
                each.response.headers["Content-Type"],
            )
    assert cases[0].name == str(cases[0]) == "text/xml/-/-/utf-8"
