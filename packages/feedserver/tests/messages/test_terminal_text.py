"""What a terminal, a log or a test's report shows of requests, files and answers."""

from __future__ import annotations

import socket
import subprocess
import sys
import unicodedata
import warnings
from pathlib import Path

import pytest

from feedserver import FeedServer, Response
from feedserver.fixtures.directives import FixtureError
from feedserver.messages.terminal_text import visible

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HIDDEN = "\x00\x07\x08\x1b\x7f\x80\x9b\xad\u200b\u2028\u2029\u2060\ufeff\ufff9\U000e0041\ud800"


@pytest.mark.parametrize("character", TURNING + HIDDEN)
def test_what_turns_or_hides_text_is_an_escape(character: str) -> None:
    shown = visible(f"a{character}b")
    assert shown.isascii() and shown.isprintable()
    assert shown == f"a{character.encode('unicode_escape').decode()}b"


def test_no_character_of_unicode_passes_that_is_none_to_look_at() -> None:
    for number in range(sys.maxunicode + 1):
        if unicodedata.category(chr(number)) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            assert visible(chr(number)).isascii(), hex(number)


def test_writing_of_all_kinds_is_left_as_it_is() -> None:
    text = "Grüße, 日本語, עברית, العربية, emoji 🎈 and a\\path"
    assert visible(text) is text


def test_lines_stay_where_they_are_wanted() -> None:
    assert visible("a\nb\u202e\n", lines=True) == "a\nb\\u202e\n"
    assert visible("a\nb") == "a\\nb"


def asked(server: FeedServer, target: bytes) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: " + f"{server.host}:{server.port}".encode())
        client.sendall(b"\r\nConnection: close\r\n\r\n")
        while client.recv(65536):
            pass


def test_the_journal_and_what_is_verified_show_what_was_asked(tmp_path: Path) -> None:
    with FeedServer(tmp_path) as server:
        asked(server, "/\u202egro.live\u009b31m".encode())
        text = server.journal.describe()
        assert text.replace("\n", "").isprintable(), ascii(text)
        assert str(server.requests[-1]).isprintable()
        with pytest.raises(AssertionError) as caught:
            server.verify()
        assert str(caught.value).replace("\n", "").isprintable(), ascii(str(caught.value))


def test_a_note_and_an_assertion_show_what_was_asked() -> None:
    with pytest.raises(KeyError) as noted, FeedServer() as server:  # noqa: PT012 - the block's end adds the note
        asked(server, b"/%E2%80%AEgro.live%1B%5B31m")
        asked(server, "/x HTTP/1.1\r\nX-A: \u202egro.live\u009b31m\r\nX-B:".encode())
        with pytest.raises(AssertionError) as missed:
            server.assert_requested("/x", headers={"X-A": "a"})
        raise KeyError
    for text in (*noted.value.__notes__, str(missed.value)):
        assert text.replace("\n", "").isprintable(), ascii(text)


def test_a_mistake_in_a_file_shows_its_name(tmp_path: Path) -> None:
    name = "\u202elmx.deef\x1b[31m.xml"
    try:
        (tmp_path / name).write_text("<!--\nStatus: nonsense\u202e\x9b\n-->\n<rss/>", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes no such name")
    with FeedServer(tmp_path) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asked(server, b"/%E2%80%AElmx.deef%1B%5B31m.xml")
        with pytest.raises(AssertionError) as caught:
            server.verify()
    assert str(caught.value).replace("\n", "").isprintable(), ascii(str(caught.value))
    assert "\\u202e" in str(FixtureError(name, 1, "\u202e", "None"))


def test_commands_show_what_a_server_answers_and_what_was_typed(tmp_path: Path) -> None:
    with FeedServer() as server:
        server.add("/feed", Response("x", headers={"Set-Cookie": "\u00ad\u009b31m=1", "Location": "/\u009b31m"}))
        for arguments in (
            ("record", server.url("/feed"), "-o", str(tmp_path / "a.xml")),
            ("record", "ftp://\u202e\x1b[31m", "-o", "b.xml"),
            ("serve", str(tmp_path / "\u202egone")),
            ("serve", "--port", "\u202e", str(tmp_path)),
            ("nonsense\x1b[31m\u202e",),
            ("stop", "1", "--host", "127.0.0.1\u202e"),
        ):
            done = subprocess.run(
                [sys.executable, "-X", "utf8", "-m", "feedserver", *arguments],
                capture_output=True,
                encoding="utf-8",
                timeout=60,
                check=False,
            )
            for line in (done.stdout + done.stderr).splitlines():
                assert line.isprintable(), ascii(line)
