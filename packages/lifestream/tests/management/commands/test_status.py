"""`status`: the state of the site, and whether somebody has to act."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone
from django.utils.translation import override

from factories import make_feed, make_subscription

pytestmark = pytest.mark.django_db


def test_a_healthy_site_exits_with_status_0() -> None:
    make_subscription(make_feed(next_fetch=timezone.now() + timedelta(days=1)))
    out = StringIO()
    call_command("status", stdout=out)
    assert "1 active" in out.getvalue()
    assert "none yet" in out.getvalue()


def test_feeds_that_nobody_fetches_exit_with_status_1_and_the_remedy() -> None:
    make_subscription(make_feed(next_fetch=timezone.now() - timedelta(days=2), failures=3, last_error="404"))
    out, errors = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("status", stdout=out, stderr=errors)
    assert ended.value.code == 1
    assert "Nothing fetches" in errors.getvalue() and "Run `lifestream serve`" in errors.getvalue()
    assert "   3  https://" in out.getvalue()


def test_the_state_and_its_times_are_told_in_the_language_of_the_reader() -> None:
    make_subscription(make_feed(next_fetch=timezone.now() - timedelta(days=2, hours=1)))
    out, errors = StringIO(), StringIO()
    with override("de"), pytest.raises(SystemExit):
        call_command("status", stdout=out, stderr=errors)
    assert "2 Tage 1 Stunde" in out.getvalue()
    assert "2 Tage" in errors.getvalue()


def test_the_state_is_printed_as_json() -> None:
    make_subscription(make_feed(next_fetch=timezone.now() - timedelta(days=2)))
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("status", "--json", stdout=out)
    printed = json.loads(out.getvalue())
    assert printed["feeds"] == {"active": 1}
    assert printed["late_by"] > 86400
    assert len(printed["alarms"]) == 1


@pytest.mark.parametrize(("option", "text"), [((), "Täglich 404 😀"), (("--limits",), "größ")])
def test_json_can_be_printed_in_any_encoding(option: tuple[str, ...], text: str) -> None:
    """Python encodes what goes to a pipe or a file in the code page of Windows."""
    tomorrow = timezone.now() + timedelta(days=1)
    make_subscription(make_feed(next_fetch=tomorrow, failures=3, last_error="Täglich 404 😀"))
    make_feed("https://b.example/feed", next_fetch=tomorrow)  # if all feeds failed, the exit status would be 1
    out = StringIO()
    with override("de"):
        call_command("status", "--json", *option, stdout=out)
    assert out.getvalue().isascii()
    assert text in json.dumps(json.loads(out.getvalue()), ensure_ascii=False)


class Terminal(StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@override_settings(LIFESTREAM_MAX_BODY=5 * 1024**2)
def test_a_narrow_terminal_has_the_limits_in_lines_of_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal()
    call_command("status", "--limits", stdout=out, no_color=True)
    lines = out.getvalue().splitlines()
    at = lines.index("LIFESTREAM_MAX_BODY 5 MiB (default: 10 MiB)")
    assert lines[at + 1 : at + 4] == [
        "    the size of an answer, inflated",
        "    Feeds with their whole history have a few MiB; several answers are held in",
        "    memory at once.",
    ]
    assert max(map(len, lines)) <= 80


@override_settings(LIFESTREAM_MAX_BODY=5 * 1024**2)
def test_the_limits_are_shown_with_their_values_now() -> None:
    out = StringIO()
    call_command("status", "--limits", stdout=out)
    (line,) = (line for line in out.getvalue().splitlines() if line.startswith("LIFESTREAM_MAX_BODY"))
    assert "5 MiB" in line
    assert "10 MiB" in line
    assert "(fixed)" in out.getvalue()
    assert out.getvalue().count("2 GiB") == 1, "the default is shown only if the value differs from it"
    out = StringIO()
    call_command("status", "--limits", "--json", stdout=out)
    (row,) = (row for row in json.loads(out.getvalue()) if row["setting"] == "LIFESTREAM_MAX_BODY")
    assert (row["value"], row["default"], row["unit"], row["differs"]) == (
        5 * 1024**2,
        10 * 1024**2,
        "bytes",
        True,
    )
