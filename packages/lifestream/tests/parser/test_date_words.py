"""The words of dates."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lifestream.parser.date_words import _NAMES, _WEEK, MONTHS, WEEKDAYS, ZONES, plain


@pytest.mark.parametrize(
    ("word", "month"),
    [
        ("March", 3),
        ("Mär.", 3),
        ("MÄRZ", 3),
        ("févr.", 2),
        ("dez", 12),
        ("Août", 8),
        ("мая", 5),
        ("sept", 9),
        ("Haz.", 6),
    ],
)
def test_a_month_is_known_by_its_name_or_its_beginning_in_any_language(word: str, month: int) -> None:
    assert MONTHS[plain(word)] == month


@pytest.mark.parametrize(
    ("word", "month"), [("červen", 6), ("července", 7), ("června", 6), ("červenec", 7), ("čvc", 7)]
)
def test_a_whole_name_takes_precedence_over_the_beginning_of_another(word: str, month: int) -> None:
    assert MONTHS[plain(word)] == month


@pytest.mark.parametrize("words", [*_NAMES, *_WEEK])
def test_a_word_counts_in_capitals_as_well(words: str) -> None:
    """The capitals of the Turkish ı and i are I and İ."""
    for word in words.split():
        assert plain(word.upper()) == plain(word.capitalize()) == plain(word)
    assert plain("NİSAN") == plain("nisan")


@pytest.mark.parametrize("word", ["ju", "jui", "xyz", "de", "fe", ""])
def test_an_ambiguous_unknown_or_short_word_is_no_month(word: str) -> None:
    assert plain(word) not in MONTHS


def test_days_of_the_week_are_numbered_from_monday_and_no_name_is_that_of_two_days() -> None:
    assert [WEEKDAYS[plain(word)] for word in ("Mon", "Dienstag", "mié", "Sun")] == [0, 1, 2, 6]
    for names in _WEEK:
        assert [WEEKDAYS[plain(name)] for name in names.split()] == [*range(7)], names


ABBREVIATIONS = [
    ("Etc/UTC", 2010, "z ut utc", ""),
    ("Europe/London", 2010, "gmt", "bst"),
    ("Europe/Lisbon", 2010, "wet", "west"),
    ("Europe/Berlin", 2010, "cet met mez", "cest mest mesz"),
    ("Europe/Athens", 2010, "eet", "eest"),
    ("Europe/Moscow", 2010, "msk", "msd"),
    ("Europe/Istanbul", 2020, "trt", ""),
    ("Africa/Lagos", 2010, "wat", ""),
    ("Africa/Johannesburg", 2010, "sast", ""),
    ("Africa/Maputo", 2010, "cat", ""),
    ("Africa/Nairobi", 2010, "eat", ""),
    ("Asia/Jerusalem", 2010, "", "idt"),
    ("Asia/Dubai", 2010, "gst", ""),
    ("Asia/Karachi", 2010, "pkt", ""),
    ("Asia/Tashkent", 2010, "uzt", ""),
    ("Asia/Yekaterinburg", 2010, "yekt", ""),
    ("Asia/Kolkata", 2010, "ist", ""),
    ("Asia/Kathmandu", 2010, "npt", ""),
    ("Asia/Dhaka", 2010, "bdt", ""),
    ("Asia/Yangon", 2010, "mmt", ""),
    ("Asia/Bangkok", 2010, "ict", ""),
    ("Asia/Jakarta", 2010, "wib", ""),
    ("Asia/Makassar", 2010, "wita", ""),
    ("Asia/Jayapura", 2010, "wit", ""),
    ("Asia/Hong_Kong", 2010, "hkt", ""),
    ("Asia/Singapore", 2010, "sgt", ""),
    ("Asia/Manila", 2010, "pht", ""),
    ("Asia/Kuala_Lumpur", 2010, "myt", ""),
    ("Asia/Tokyo", 2010, "jst", ""),
    ("Asia/Seoul", 2010, "kst", ""),
    ("Australia/Perth", 2010, "awst", ""),
    ("Australia/Adelaide", 2010, "acdt", "acst"),
    ("Australia/Sydney", 2010, "aedt", "aest"),
    ("Pacific/Auckland", 2010, "nzdt", "nzst"),
    ("America/Sao_Paulo", 2010, "brst", "brt"),
    ("America/Argentina/Buenos_Aires", 2010, "art", ""),
    ("America/Montevideo", 2010, "", "uyt"),
    ("America/Santiago", 2010, "clst", "clt"),
    ("America/Bogota", 2010, "cot", ""),
    ("America/Lima", 2010, "pet", ""),
    ("America/St_Johns", 2010, "nst", "ndt"),
    ("America/Halifax", 2010, "ast at", "adt"),
    ("America/New_York", 2010, "est et", "edt"),
    ("America/Chicago", 2010, "cst ct", "cdt"),
    ("America/Denver", 2010, "mst mt", "mdt"),
    ("America/Los_Angeles", 2010, "pst pt", "pdt"),
    ("America/Anchorage", 2010, "akst", "akdt"),
    ("America/Adak", 2010, "hst", "hdt"),
    ("Pacific/Pago_Pago", 2010, "sst", ""),
]


@pytest.mark.parametrize(("place", "year", "january", "july"), ABBREVIATIONS)
def test_an_abbreviation_means_the_time_of_the_place_where_it_is_used(
    place: str, year: int, january: str, july: str
) -> None:
    for month, names in ((1, january), (7, july)):
        offset = datetime(year, month, 15, tzinfo=ZoneInfo(place)).utcoffset()
        assert [timedelta(minutes=ZONES[name]) for name in names.split()] == [offset] * len(names.split()), names


def test_the_place_of_each_abbreviation_is_tested() -> None:
    assert {name for *_, january, july in ABBREVIATIONS for name in f"{january} {july}".split()} == ZONES.keys()
