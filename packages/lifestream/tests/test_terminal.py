"""How every command, and the logs, show titles, messages and addresses that others wrote."""

from __future__ import annotations

import io
import json
import logging
import re
import tempfile
import unicodedata
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from factories import make_feed, make_lifestream, make_subscription
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.management.base import BaseCommand
from lifestream.models import Feed, Fetch, Lifestream
from lifestream.terminal import Visible, VisibleFormatter, quoted, visible, visible_json

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HIDDEN = "\x00\x07\x08\r\x1b\x7f\x80\x9b\xad\u200b\u2028\u2029\u2060\ufeff\ufff9\U000e0041\ud800"
HOSTILE = "\u202egnp.exe\u2066\x1b[31m\x9b31m\r\u200f\u061c"
_OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[0-9]*[AK]|\r")
"""Escape sequences of lifestream itself: colours, and the movements of a progress bar."""


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def hidden_in(text: str) -> list[str]:
    """Return the characters of *text* that hide, turn or move others, except for our own colours and line feeds."""
    left = _OURS.sub("", text).replace("\n", "")
    return sorted({hex(ord(c)) for c in left if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")})


@pytest.mark.parametrize("character", TURNING + HIDDEN)
def test_what_turns_or_hides_text_is_an_escape(character: str) -> None:
    shown = visible(f"a{character}b")
    assert shown == f"a{character.encode('unicode_escape').decode()}b"
    assert visible(shown) is shown and isinstance(shown, Visible)


def test_writing_of_all_kinds_is_left_as_it_is() -> None:
    text = "Grüße\tעברית العربية می\u200cخواهم 👨\u200d👩\u200d👧 a\\path\nnext"
    assert visible(text) == text
    assert visible("a\nb", lines=False) == "a\\nb"


@pytest.mark.parametrize("character", TURNING + HIDDEN)
def test_what_turns_or_hides_text_becomes_escapes_of_json_that_keep_the_value(character: str) -> None:
    value = {f"a{character}": [f"{character}b", "Grüße\n\t"]}
    shown = visible_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(shown) == value
    assert character not in shown and "Grüße" in shown
    assert visible(shown) is shown


def test_marks_in_a_row_cover_no_lines_of_a_terminal() -> None:
    mark, escapes = "\u0301", r"\u0301\u0301"
    shown = visible(f"a{mark * 10}b")
    assert shown == f"a{mark * 8}{escapes}b" and visible(str(shown)) == shown
    document = json.dumps(f"a{mark * 10}", ensure_ascii=False)
    assert visible_json(document) == f'"a{mark * 8}{escapes}"'
    assert json.loads(visible_json(document)) == json.loads(document)


def test_a_record_cannot_forge_a_line_of_the_log() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(VisibleFormatter("%(levelname)s %(message)s"))
    with pytest.raises(ValueError, match="forged") as caught:
        raise ValueError(f"{HOSTILE}\nERROR forged")
    failure = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("x", 40, "x.py", 1, "asked for %s", (f"{HOSTILE}\nERROR forged",), failure)
    handler.emit(record)
    text = out.getvalue()
    assert not hidden_in(text), ascii(text)
    message, *below = text.splitlines()
    assert message.startswith("ERROR asked for \\u202egnp.exe") and message.endswith("\\nERROR forged")
    assert all(line.startswith("    ") for line in below)
    assert below[0] == "    Traceback (most recent call last):"


def test_every_command_of_ours_has_the_base_class_that_makes_output_visible() -> None:
    ours = [name for name, app in get_commands().items() if app == "lifestream"]
    assert len(ours) >= 8
    for name in ours:
        assert isinstance(load_command_class("lifestream", name), BaseCommand), name


@pytest.mark.usefixtures("shared_parsers")
class CommandsTest(FeedServerTransactionTestCase):
    """Commands that show what others wrote, with and without a terminal, where all such text is hostile."""

    def setUp(self) -> None:
        super().setUp()
        self.lifestream = make_lifestream("main")
        body = (
            f"<rss version='2.0'><channel><title>{visible_in_xml(HOSTILE)}</title><link>http://x.example/\u202e</link>"
            f"<description>{visible_in_xml(HOSTILE)}</description><item><title>{visible_in_xml(HOSTILE)}</title>"
            "<guid>1</guid></item></channel></rss>"
        )
        self.feedserver.add("/feed", Response(body, headers={"Content-Type": "application/rss+xml"}))
        self.feedserver.add("/broken", Response(status=500, reason="\u00ad\u009bno"))
        self.feedserver.add("/moved", Response(status=302, headers={"Location": "ftp://\u00ad\u009b31m/"}))
        for path in ("broken", "moved"):
            make_subscription(make_feed(self.get_url(path), title=HOSTILE), self.lifestream)

    def run_on(self, stream: io.StringIO, *arguments: str, **options: Any) -> str:
        errors = type(stream)()
        try:
            call_command(*arguments, stdout=stream, stderr=errors, **options)
        except SystemExit:
            pass
        except CommandError as error:
            # `run_from_argv`, which a command line calls, prints an error in this way.
            command = load_command_class("lifestream", arguments[0])
            command.stderr._out = errors  # type: ignore[attr-defined]
            command.stderr.write(f"CommandError: {error}")
        return stream.getvalue() + errors.getvalue()

    @pytest.mark.slow
    def test_no_command_lets_a_title_reverse_its_output(self) -> None:
        opml = Path(self.enterContext(temporary_folder())) / "list.opml"
        opml.write_text(
            "<opml version='2.0'><body><outline type='rss' text='x' xmlUrl='ftp://\u202e/'/></body></opml>",
            encoding="utf-8",
        )
        never_fetched = Feed.objects.filter(pk=make_feed(self.get_url("never-fetched")).pk)
        for stream in (io.StringIO, Terminal):
            Feed.objects.update(next_fetch=timezone.now() - timedelta(days=1), not_before=None)
            Feed.objects.update(title=HOSTILE, last_error=HOSTILE, moved_to=HOSTILE, next_reason=HOSTILE, failures=20)
            never_fetched.update(etag=HOSTILE, status=Feed.Status.PAUSED)
            for arguments in (
                ("status",),
                ("why", self.get_url("never-fetched")),
                ("add_feed", self.get_url("feed")),
                ("add_feed", f"http://{HOSTILE}/"),
                ("update_feeds", "--feed", self.get_url("broken")),
                ("update_feeds", "--all"),
                ("update_feeds", "--feed", f"http://x.example/{HOSTILE}"),
                ("update_feeds",),
                ("why", self.get_url("broken")),
                ("why", f"http://x.example/{HOSTILE}"),
                ("import_opml", str(opml)),
                ("import_opml", f"/{HOSTILE}".replace("\0", "")),
                ("rename", self.get_url("broken"), HOSTILE.replace("\0", "")),
                ("resume", HOSTILE),
                ("read", self.get_url("feed")),
                ("edit_feed", f"http://x.example/{HOSTILE}", "--interval", "6h"),
                ("remove_feed", f"http://x.example/{HOSTILE}"),
                ("export_opml", f"/{HOSTILE}/x"),
                ("export_opml", "-", "--lifestream", HOSTILE),
            ):
                text = self.run_on(stream(), *arguments)
                assert not hidden_in(text), f"{arguments[0]} {stream.__name__}: {text!a}"
                # In a URL, it is percent-encoded.
                assert "\\u" in text or "%E2%80%AE" in text, f"{arguments[0]} shows nothing hostile: {text!a}"
        assert Fetch.objects.exists()

    def test_a_title_is_escaped_without_a_terminal(self) -> None:
        Feed.objects.update(next_fetch=timezone.now() - timedelta(days=1))
        assert "\\u202egnp.exe" in self.run_on(io.StringIO(), "update_feeds", "--all")

    def test_an_exported_document_is_escaped_only_on_a_terminal(self) -> None:
        Lifestream.objects.update(title="A \u200ftitle")
        assert "<title>A \u200ftitle</title>" in self.run_on(io.StringIO(), "export_opml", "-")
        assert "<title>A \\u200ftitle</title>" in self.run_on(Terminal(), "export_opml", "-")

    def test_json_stays_json_and_is_visible(self) -> None:
        feed = make_feed(self.get_url("x"), title=HOSTILE, failures=20)
        make_subscription(feed, self.lifestream, name=HOSTILE, folder=HOSTILE.replace("\0", ""))
        Feed.objects.update(
            last_error=HOSTILE, failures=20, last_fetch=timezone.now(), url=Concat("url", Value(HOSTILE))
        )
        for stream in (io.StringIO, Terminal):
            for arguments in (("status",), ("status", "--limits"), ("doctor",), ("export_json",)):
                out = stream()
                asked = arguments if arguments == ("export_json",) else (*arguments, "--json")
                with suppress(SystemExit):
                    call_command(*asked, stdout=out, stderr=io.StringIO())
                text = out.getvalue()
                assert json.loads(text)
                if stream is Terminal or arguments != ("export_json",):
                    assert not hidden_in(text), f"{arguments[0]}: {text!a}"
        out = io.StringIO()
        call_command("export_json", stdout=out)
        assert HOSTILE in [each["title"] for each in json.loads(out.getvalue())["subscriptions"]]


def visible_in_xml(text: str) -> str:
    """Return *text* as XML text, without the control characters that XML doesn't allow."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text).replace("&", "&amp;")


def temporary_folder() -> Any:
    return tempfile.TemporaryDirectory()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("it's", '"it\'s"'),
        (None, "None"),
        (1 << 20_000, f"0x1{'0' * 197}…"),
        ([1 << 20_000, "a"], f"[0x1{'0' * 196}…"),
        ("x" * 300, f"'{'x' * 199}…"),
    ],
    ids=["text", "nothing", "a number of 6,021 digits", "such a number in a list", "a long text"],
)
def test_a_message_quotes_every_value_of_a_setting(value: object, written: str) -> None:
    assert quoted(value) == written


def test_a_message_quotes_a_value_of_any_depth() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert quoted(value) == "[[[[[[[...]]]]]]]"
