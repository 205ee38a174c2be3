"""reading.md rules 1 to 5: the characters that the bytes of a document stand for."""

from __future__ import annotations

import re

import pytest

from languages import LANGUAGES, encoded
from lifestream.parser import parse
from lifestream.parser.charsets import charset_of
from lifestream.parser.encoding import BELIEVED, DISTINCT, decode

URL = "https://feeds.example/feed"
LABELLED = [(language, label) for language, found in LANGUAGES.items() for label in found.labels]
MULTI_BYTE = {"Chinese", "Traditional Chinese", "Japanese", "Korean"}
SINGLE = [(language, label) for language, label in LABELLED if language not in MULTI_BYTE]


def rss(title: str, label: str = "", coded: str = "utf-8") -> bytes:
    head = f'<?xml version="1.0" encoding="{label}"?>' if label else ""
    before, after = f'{head}<rss version="2.0"><channel><title>', "</title></channel></rss>"
    return before.encode() + encoded(title, coded) + after.encode()


def title(body: bytes, content_type: str = "") -> str:
    return parse(body, {"content-type": content_type}, URL).title


@pytest.mark.reading(1)
@pytest.mark.parametrize(("language", "label"), LABELLED)
def test_text_is_read_under_the_label_of_its_charset(language: str, label: str) -> None:
    text = LANGUAGES[language].text

    assert decode(rss(text, label, label)).text == rss(text, label).decode()
    assert title(rss(text, coded=label), f"text/xml; charset={label.upper()}") == text


@pytest.mark.reading(1)
@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ("ascii us-ascii ANSI_X3.4-1968 iso-8859-1 iso8859-1 latin1 l1 cp819 x-cp1252 windows-1252", "windows-1252"),
        ("gb2312 gbk GB_2312-80 x-gbk chinese csgb2312 iso-ir-58 gb18030", "gb18030"),
        ("tis-620 windows-874 iso-8859-11 dos-874", "windows-874"),
        ("x-sjis shift-jis ms932 windows-31j sjis", "shift_jis"),
        ("ks_c_5601-1987 ksc5601 korean windows-949 euc-kr", "euc-kr"),
        ("koi8-ru koi8-u", "koi8-u"),
        ("koi8 koi8-r koi", "koi8-r"),
        ("big5 cn-big5 x-x-big5 big5-hkscs", "big5"),
        ("latin5 iso-8859-9 x-cp1254", "windows-1254"),
        ("utf8 unicode-1-1-utf-8 'UTF-8'", "utf-8"),
        ("hz-gb-2312 hz", "hz"),
        ("iso-2022-kr csiso2022kr", "iso2022_kr"),
        ("cp850", "cp850"),
    ],
)
def test_a_label_has_its_meaning_in_the_encoding_standard_and_otherwise_in_python(labels: str, name: str) -> None:
    found = {charset.name if (charset := charset_of(label)) else None for label in labels.split()}
    assert found == {name}


@pytest.mark.reading(1)
@pytest.mark.parametrize("label", ["replacement", "rot13", "unicode_escape", "idna", "utf-7", "no such", "", "utf-16"])
def test_a_label_of_no_charset_based_on_ascii_is_no_candidate(label: str) -> None:
    assert charset_of(label) is None
    assert title(rss("Grüße ☃", label)) == "Grüße ☃"


@pytest.mark.reading(1)
@pytest.mark.parametrize(
    ("label", "written", "read"),
    [
        ("iso-8859-1", b"\x93quoted\x94 \x80 5", "“quoted” € 5"),
        ("gbk", b"\x80 5", "€ 5"),
        ("gb2312", b"\x81\x30\x84\x36", "¥"),  # four bytes, which only gb18030 has
        ("euc-jp", b"\xad\xa1\xfc\xe2", "①髙"),
        ("iso-2022-jp", b"\x1b$B-!\x1b(B \x1b(I1\x1b(B", "① ｱ"),
        ("big5", b"\xf9\xd6\xa3\xe1\xc6\xa1", "碁€①"),
        ("shift_jis", b"\x87\x40\xfa\x40", "①ⅰ"),
        ("euc-kr", b"\x8c\x63", "똠"),
        ("hz-gb-2312", b"~{<:Ky2;~}", "己所不"),
        ("tis-620", b"\x93\xa1\x94", "“ก”"),
        ("windows-1251", "х\u00a0№ ў".encode("cp1251"), "х\u00a0№ ў"),
    ],
)
def test_characters_that_vendors_added_to_a_charset_are_read(label: str, written: bytes, read: str) -> None:
    assert decode(written, f"text/plain; charset={label}").text == read


@pytest.mark.reading(2)
@pytest.mark.parametrize(
    ("content_type", "declared", "coded"),
    [
        ("text/xml; charset=windows-1251", "koi8-r", "cp1251"),  # the label of HTTP comes before that of the document
        ("text/xml; charset=nonsense", "koi8-r", "koi8-r"),
        ("text/xml", "koi8-r", "koi8-r"),
        ("text/xml; charset=utf-8", "koi8-r", "koi8-r"),  # as UTF-8 it has errors
        ("", "", "utf-8"),
    ],
)
def test_candidates_are_tried_in_order_and_the_first_without_an_error_wins(
    content_type: str, declared: str, coded: str
) -> None:
    assert title(rss("Привет, мир", declared, coded), content_type) == "Привет, мир"


@pytest.mark.reading(2)
def test_utf_8_wins_although_both_labels_could_decode_it() -> None:
    assert title(rss("Привет, мир", "euc-kr"), "text/xml; charset=gb2312") == "Привет, мир"


@pytest.mark.reading(2)
@pytest.mark.parametrize(("language", "label"), LABELLED)
def test_utf_8_is_recognised_under_any_label(language: str, label: str) -> None:
    text = LANGUAGES[language].text
    for wrong in {label, "gb18030", "shift_jis", "euc-kr", "windows-1252", "windows-1251", "koi8-r"}:
        assert decode(text.encode(), f"text/xml; charset={wrong}").text == text


@pytest.mark.reading(2)
@pytest.mark.parametrize(("language", "label"), LABELLED)
def test_a_bad_byte_affects_nothing_else(language: str, label: str) -> None:
    text = LANGUAGES[language].text
    for place in (0, 3, len(text)):
        before, after = text[:place], text[place:]
        body = encoded(before, label) + b"\xff" + encoded(f" {after}", label)
        found = decode(body, f"text/xml; charset={label}")
        assert (found.text[: len(before)], found.text[len(before) + 1 :]) == (before, f" {after}")


@pytest.mark.reading(2)
@pytest.mark.parametrize(
    ("label", "cut"),
    [
        ("gbk", b"\xc4"),
        ("big5", b"\xa4"),
        ("shift_jis", b"\x82"),
        ("euc-jp", b"\xa4"),
        ("euc-kr", b"\xb0"),
        ("utf-8", b"\xe4\xbd"),
    ],
)
@pytest.mark.parametrize("section", [True, False])
def test_a_character_that_an_excerpt_cuts_in_two_costs_no_other(label: str, cut: bytes, section: bool) -> None:
    start, end = (b"<![CDATA[", b"]]>") if section else (b"", b"")
    text = "우산" if label == "euc-kr" else "文字"
    item = b"<item><description>" + start + encoded(text, label) + cut + end + b"</description></item>"
    body = rss("", label).replace(b"</channel>", item * 2 + b"</channel>")
    feed = parse(body, {}, URL)

    assert [entry.summary for entry in feed.entries] == [f"{text}\ufffd"] * 2
    assert feed.well_formed


@pytest.mark.reading(2)
def test_bytes_that_no_candidate_can_decode_are_windows_1252() -> None:
    assert title(rss("Grüße – €", coded="windows-1252"), "text/xml; charset=utf-8") == "Grüße – €"


def runs(body: bytes) -> list[bytes]:
    return re.findall(rb"[\x80-\xff]+", body)


def is_valid(run: bytes) -> bool:
    try:
        return bool(run.decode("utf-8"))
    except UnicodeDecodeError:
        return False


@pytest.mark.reading(3)
@pytest.mark.parametrize(("language", "label"), SINGLE)
def test_little_text_in_a_single_byte_charset_is_valid_utf_8(language: str, label: str) -> None:
    """The reason for the thresholds: less than a tenth is valid, and has fewer than `DISTINCT` characters."""
    found = runs(encoded(LANGUAGES[language].text, label))
    valid = [run for run in found if is_valid(run)]

    assert len(valid) / len(found) < 0.1 < BELIEVED
    assert len({character for run in valid for character in run.decode()}) < DISTINCT


@pytest.mark.reading(3)
@pytest.mark.parametrize(("language", "label"), SINGLE)
def test_each_part_of_a_text_is_read_under_its_label(language: str, label: str) -> None:
    words = LANGUAGES[language].text.split(" ")
    for length in (1, 2, 3, 5):
        for start in range(len(words) - length + 1):
            part = " ".join(words[start : start + length])
            assert decode(encoded(part, label), f"x; charset={label}").text == part


@pytest.mark.reading(3)
@pytest.mark.parametrize(("language", "label"), SINGLE)
def test_each_part_of_a_text_in_utf_8_is_recognised_under_its_languages_label(language: str, label: str) -> None:
    words = LANGUAGES[language].text.split(" ")
    for length in (1, 2, 3, 5):
        for start in range(len(words) - length + 1):
            part = " ".join(words[start : start + length])
            assert decode(part.encode(), f"x; charset={label}").text == part


@pytest.mark.reading(3)
@pytest.mark.parametrize("text", ["BEYONCÉ’S", "CAFÉ™", "LE CAFÉ’ — no", "ESPAÑ”", "Ä…"])
def test_words_that_are_valid_utf_8_by_chance_are_read_under_their_label(text: str) -> None:
    assert title(rss(text, "windows-1252", "windows-1252")) == text


@pytest.mark.reading(3)
def test_one_bad_byte_in_utf_8_under_a_single_byte_label_costs_no_other() -> None:
    text = "Grüße aus Köln, " * 100
    body = rss("", "iso-8859-1").replace(b"</title>", text.encode() + b"\xfc!</title>")

    assert title(body) == f"{text}\ufffd!"


@pytest.mark.reading(4)
@pytest.mark.parametrize("label", ["utf-16", "UTF-16LE", "utf-16be", "utf-32", "ucs-2", "unicode", "iso-10646-ucs-2"])
@pytest.mark.parametrize("pad", ["", " ", "  ", "   "])
def test_a_label_of_utf_16_on_8_bit_text_is_no_candidate(label: str, pad: str) -> None:
    for coded, declared in (("utf-8", label), ("windows-1252", "windows-1252")):
        body = rss(f"Grüße – €{pad}", declared, coded)
        found = decode(body, f"text/xml; charset={label}")
        assert (found.encoding, f"Grüße – €{pad}<" in found.text) == (coded, True)


@pytest.mark.reading(4)
@pytest.mark.parametrize("coded", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("before", ["", "\n", " \n"])
@pytest.mark.parametrize("after", [b"", b"\n", b"\0", b"\n\n\n"])
def test_text_in_utf_16_is_recognised_by_its_first_character(coded: str, before: str, after: bytes) -> None:
    body = f"{before}<rss version='2.0'><channel><title>Grüße ☃</title></channel></rss>".encode(coded) + after
    for label in ("utf-8", "utf-16", "windows-1251"):
        assert "<title>Grüße ☃</title>" in decode(body, f"text/xml; charset={label}").text
    assert title(body) == "Grüße ☃"


@pytest.mark.reading(5)
@pytest.mark.parametrize(
    ("written", "coded", "label"),
    [
        ("It\x92s \x93here\x94 \x80", "utf-8", "utf-8"),
        ("It&#146;s &#147;here&#x94; &#x80;", "utf-8", "utf-8"),
        ("It\x92s &#147;here\x94 &#128;", "iso8859_5", "iso-8859-5"),
        ("<![CDATA[It&#146;s &#147;here&#148; &#0128;]]>", "utf-8", "utf-8"),
        ("It&amp;#146;s &amp;#147;here&amp;#148; &amp;#128;", "utf-8", "utf-8"),
    ],
)
@pytest.mark.parametrize("broken", ["", "<b>"])
def test_c1_controls_are_the_characters_of_windows_1252(written: str, coded: str, label: str, broken: str) -> None:
    head = f'<?xml version="1.0" encoding="{label}"?><rss version="2.0"><channel>'
    body = f"{head}<item><title>{written}</title></item>{broken}</channel></rss>"
    [entry] = parse(body.encode(coded), {}, URL).entries
    assert entry.title == "It’s “here” €"


@pytest.mark.reading(5)
def test_c1_controls_in_json_are_the_characters_of_windows_1252() -> None:
    body = b'{"version": "https://jsonfeed.org/version/1.1", "title": "It\\u0092s", "items": [{"title": "\xc2\x80 5"}]}'
    feed = parse(body, {}, URL)
    assert (feed.title, feed.entries[0].title) == ("It’s", "€ 5")


@pytest.mark.reading(5)
@pytest.mark.parametrize("pair", ["&#55357;&#56832;", "&#xD83D;&#xDE00;", "&#xd83d;&#56832;", "&#x0D83D;&#056832;"])
@pytest.mark.parametrize("section", [True, False])
def test_references_to_two_surrogates_are_one_character(pair: str, section: bool) -> None:
    written = f"<![CDATA[a{pair}b]]>" if section else f"a{pair}b"
    assert title(rss(written)) == "a😀b"


@pytest.mark.reading(5)
@pytest.mark.parametrize("alone", ["&#55357;", "&#56832;", "&#56832;&#55357;", "&#xD83D; &#xDE00;"])
def test_a_reference_to_half_a_pair_affects_nothing_else(alone: str) -> None:
    assert title(rss(f"a{alone}b")).replace(" ", "") == "ab"
