"""The configuration files of planets (Planet Venus, Pluto): what is imported from them, and what is left out."""

from __future__ import annotations

import configparser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

from costs import assert_linear
from factories import make_lifestream
from lifestream.models import Subscription
from lifestream.refresh import planet_ini
from lifestream.refresh.opml import NotOpml, Outline
from lifestream.wording import worded

VENUS = b"""# Planet Venus
[Planet]
name = Planet Example
link = http://planet.example/
feed_timeout = 20
template_files = atom.xml.tmpl

[DEFAULT]
facewidth = 85

[index.html.tmpl]
items_per_page = 60

[https://ada.example/feed.xml]
name = Ada L\xc3\xb6velace
face = ada.png
filter = python|"django rest"

[https://bob.example/rss?a=1&b=100%]
name: Bob
exclude = (?i)(sponsored|job offer)

[https://lists.example/members.opml]
name = Members
content_type = opml
"""
PLUTO = b"""title = Planet Ruby
url   = http://planet.example

[carol]
  title = Carol
  link  = https://carol.example
  feed  = https://carol.example/atom.xml
  includes = ruby | rails
  avatar = carol.png

[nobody]
  title = Without a feed
"""


def test_venus_names_feeds_in_section_headers() -> None:
    ada, bob, members = planet_ini.read(VENUS)
    assert (ada.url, ada.title, ada.keep_rules) == ("https://ada.example/feed.xml", "Ada Lövelace", "")
    assert ada.note == 'Ada Lövelace: filter = python|"django rest", face = ada.png'
    assert bob == Outline("https://bob.example/rss?a=1&b=100%", "Bob", block_rules='sponsored\n"job offer"')
    assert members.refusal == (
        "https://lists.example/members.opml is a list of feeds (opml) and no feed: download and import it by itself"
    )


def test_the_reason_why_a_list_of_feeds_is_refused_has_no_password() -> None:
    [members] = planet_ini.read(b"[https://me:secret@lists.example/members.opml]\ncontent_type = opml\n")
    assert members.refusal.startswith("https://lists.example/members.opml is a list of feeds (opml)")


def test_pluto_names_feeds_in_an_option() -> None:
    [carol] = planet_ini.read(PLUTO)
    assert carol == Outline(
        "https://carol.example/atom.xml", "Carol", "https://carol.example", keep_rules="ruby\nrails",
        note="Carol: avatar = carol.png",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "rules"),
    [
        ("python", "python"),
        ("(?i)kites|boats", "kites\nboats"),
        ("(new release|kites)", '"new release"\nkites'),
        ("^python", ""),
        (r"\bpython\b", ""),
        ("py.*", ""),
        ("a|", "a"),
    ],
)
def test_only_filters_that_are_words_become_rules(pattern: str, rules: str) -> None:
    [outline] = planet_ini.read(f"[https://a.example/]\nfilter = {pattern}\n".encode())
    assert outline.keep_rules == rules
    assert (outline.note == "") == (rules != "")


@pytest.mark.parametrize(
    ("document", "is_planet"),
    [(VENUS, True), (PLUTO, True), (b"\xef\xbb\xbf[Planet]\n", True), (b"<opml/>", False), (b"no section", False)],
)
def test_a_planet_is_distinguished_from_opml(document: bytes, is_planet: bool) -> None:
    assert planet_ini.is_planet(document) == is_planet


@pytest.mark.parametrize(
    ("document", "reason"),
    [(b"[Planet]\nname = x\n", "no section names a feed"), (b"[a]\n= x\n", "can't be read as a planet's")],
)
def test_a_planet_without_feeds_or_with_an_error_is_refused_with_the_reason(document: bytes, reason: str) -> None:
    with pytest.raises(NotOpml, match=reason):
        planet_ini.read(document)


def test_a_configuration_is_read_as_configparser_reads_it() -> None:
    text = (
        "above = 1\n[DEFAULT]\nname: of all\nFilter = one\n"
        "[https://a.example/]\n# note\n; note\nname =\n  two\n\tlines\n\n  link = https://a.example\n"
        "[ https://b.example/ ]  \nexclude: x=y\nalone\n"
        "[a]b]\nfeed=https://c.example/\n"
        "[https://a.example/]\nname = again\n[]\nx = = y\n"
    )
    reference = configparser.RawConfigParser(strict=False, allow_no_value=True, empty_lines_in_values=False)
    reference.read_string(f"[above]\n{text}")
    expected = {
        name.strip(): {option: reference.get(name, option, fallback=None) for option in ("name", "link")}
        for name in reference.sections()
        if name.strip().startswith("https://")
    }
    found = {outline.url: outline for outline in planet_ini.read(text.encode())}
    assert {url: (found[url].title, found[url].site_url) for url in expected} == {
        url: (" ".join((options["name"] or "").split()), options["link"] or "") for url, options in expected.items()
    }
    assert found["https://a.example/"].keep_rules == "one"
    assert found["https://b.example/"].note.endswith("exclude = x=y")
    assert found["https://c.example/"].title == "of all"


def _many_feeds(count: int) -> str:
    return "".join(f"[https://a{number}.example/]\n" for number in range(count))


@pytest.mark.parametrize(
    "document",
    [
        lambda n: "[https://a.example/]\na" + " " * n + "b\n",
        lambda n: "[https://a.example/]\nfilter = a" + "|a" * n,
        lambda n: "[DEFAULT]\n" + "".join(f"o{i}=1\n" for i in range(n)) + "".join(f"[{i}]\n" for i in range(n)),
        lambda n: "[https://a.example/]\na = 1\n" + " x\n" * n,
        lambda n: "[" * n + "\n" + "[a]\n" * n,
        lambda n: "[DEFAULT]\nname = a\n" + " b\n" * n + _many_feeds(n // 6),
        lambda n: "[DEFAULT]\nface = a\n" + " b\n" * n + _many_feeds(n // 6),
        lambda n: f"[DEFAULT]\nfilter = {'w' * 4 * n}\n" + _many_feeds(n // 6),
        lambda n: f"[Planet]\nexclude = {'w' * 4 * n}\n" + _many_feeds(n // 6),
    ],
)
@pytest.mark.costly
def test_a_configuration_is_read_in_linear_time(document: Callable[[int], str]) -> None:
    def read(text: str) -> None:
        with suppress(NotOpml):
            planet_ini.read(text.encode())

    assert_linear(read, document, 5_000)


def test_an_option_without_a_value_may_be_continued() -> None:
    [outline] = planet_ini.read(b"[https://a.example/]\nname\n  Ada\n")  # configparser raises AttributeError
    assert outline.title == "Ada"


def test_the_first_line_without_an_option_name_is_reported() -> None:
    with pytest.raises(NotOpml) as refused:
        planet_ini.read(b"[https://a.example/]\n" + b"=\n" * 1_000_000)
    assert "line 2, '='" in worded(str(refused.value))


@pytest.mark.parametrize("section", ["Planet", "DEFAULT", "https://a.example/"])
def test_a_filter_that_is_too_long_becomes_no_rule(section: str) -> None:
    document = f"[{section}]\nfilter = {'w' * 5_000}{{}}\n[https://a.example/]\n"
    [shorter], [longer] = planet_ini.read(document.format("").encode()), planet_ini.read(document.format("w").encode())

    assert (len(shorter.keep_rules), shorter.note) == (5_000, "")
    assert longer.keep_rules == ""
    assert "filter = www" in longer.note and len(longer.note) < 300


def test_a_filter_with_too_many_words_becomes_no_rule() -> None:
    [outline] = planet_ini.read(b"[https://a.example/]\nfilter = a" + b"|a" * 1000)
    assert outline.keep_rules == ""
    assert len(outline.note) < 300


@pytest.mark.django_db
def test_the_command_imports_a_configuration_and_prints_what_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lifestream("main")
    (tmp_path / "config.ini").write_bytes(VENUS)
    call_command("import_opml", tmp_path / "config.ini", update=False)
    out, err = capsys.readouterr()
    assert "2 feeds added to 'main', 0 known before, 1 left out." in out
    assert "Left out: https://lists.example/members.opml is a list of feeds" in err
    assert "Has no counterpart: Ada Lövelace: filter = " in err
    assert Subscription.objects.get(name="Bob").block_rules == 'sponsored\n"job offer"'


def test_a_configuration_that_is_too_large_is_refused_and_not_cut() -> None:
    document = b"[Planet]\nname = x\n[https://a.example/feed]\nname = A\n[https://b.example/feed]\nname = B\n"
    with override_settings(LIFESTREAM_MAX_OPML=len(document)):
        assert len(planet_ini.read(document)) == 2
    with override_settings(LIFESTREAM_MAX_OPML=len(document) - 1), pytest.raises(NotOpml, match="it is larger than"):
        planet_ini.read(document)
    with override_settings(LIFESTREAM_MAX_OPML_FEEDS=1), pytest.raises(NotOpml, match="more than 1 feeds"):
        planet_ini.read(document)


def test_filters_of_the_whole_planet_apply_to_each_feed_without_its_own() -> None:
    ada, bob = planet_ini.read(
        b"[Planet]\nname = Planet Example\nfilter = python|django\nexclude = sponsored\n"
        b"[https://ada.example/feed.xml]\nname = Ada\n[https://bob.example/rss]\nexclude = jobs\n"
    )
    assert (ada.title, ada.keep_rules, ada.block_rules, ada.note) == ("Ada", "python\ndjango", "sponsored", "")
    assert (bob.title, bob.keep_rules, bob.block_rules) == ("", "python\ndjango", "jobs")


def test_options_of_the_whole_planet_without_a_counterpart_are_reported_once() -> None:
    _, ada, bob = planet_ini.read(
        b"[Planet]\nfilters = excerpt.py\nexclude = ad.*\n[https://lists.example/]\ncontent_type = opml\n"
        b"[https://ada.example/feed.xml]\nface = ada.png\n[https://bob.example/rss]\nfilters = html2.xslt\n"
    )
    assert ada.note == "Planet: exclude = ad.*, filters = excerpt.py; https://ada.example/feed.xml: face = ada.png"
    assert bob.note == "https://bob.example/rss: filters = html2.xslt"
    assert (ada.block_rules, bob.block_rules) == ("", "")


def test_a_planet_does_not_subscribe_to_itself() -> None:
    found = planet_ini.read(b"[Planet]\nfeed = https://planet.example/atom.xml\n[https://ada.example/feed.xml]\n")
    assert [outline.url for outline in found] == ["https://ada.example/feed.xml"]
