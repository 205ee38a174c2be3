"""What a terminal, a log or a test's report shows of requests, files and answers."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import unicodedata
import warnings
from functools import partial
from pathlib import Path

import pytest

from feedserver import FeedServer, Headers, Request, Response, VerificationError, cli, stop_server
from feedserver.check import Report, Result, Verdict
from feedserver.check.evidence import ExchangeSeen, Poll, Row
from feedserver.check.scenarios import SCENARIOS
from feedserver.check.verdicts import Judgement
from feedserver.fixtures.errors import FixtureError
from feedserver.messages.terminal_text import visible, visible_json

REVERSING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HIDDEN = "\x00\x07\x08\x1b\x7f\x80\x9b\xad\u200b\u2028\u2029\u2060\ufeff\ufff9\U000e0041\ud800"


def test_characters_that_reverse_or_hide_text_are_escaped() -> None:
    for character in REVERSING + HIDDEN:
        shown = visible(f"a{character}b")
        assert shown.isascii() and shown.isprintable(), hex(ord(character))
        assert shown == f"a{character.encode('unicode_escape').decode()}b"


@pytest.mark.slow
def test_every_control_and_format_character_and_line_separator_is_escaped() -> None:
    for number in range(sys.maxunicode + 1):
        if unicodedata.category(chr(number)) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            assert visible(chr(number)) == chr(number).encode("unicode_escape").decode()


def test_printable_text_of_other_scripts_is_left_as_it_is() -> None:
    text = "Grüße, 日本語, עברית, العربية, emoji 🎈 and a\\path, "
    text += "\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82"  # Tibetan
    assert visible(text) is text


def test_combining_marks_after_the_eighth_in_a_row_are_escaped() -> None:
    mark, escapes = "\u0301", r"\u0301\u0301"
    shown = visible(f"a{mark * 10}b{mark * 8}")
    assert shown == f"a{mark * 8}{escapes}b{mark * 8}" and visible(shown) == shown


def test_json_with_its_escapes_is_the_same_document() -> None:
    document = json.dumps(["a" + "\u0301" * 10, REVERSING + HIDDEN, "\U0001f600"], ensure_ascii=False, indent=1)
    shown = visible_json(document)
    assert r'\u0301\u0301"' in shown and "\u0301" * 9 not in shown and shown.replace("\n", "").isprintable()
    assert json.loads(shown) == json.loads(document)


def test_a_repr_of_what_a_client_has_sent_covers_no_other_lines() -> None:
    long = "\u0301" * 10
    headers = Headers({"X-A": long})
    request = Request("GET", f"/{long}", headers=headers, body=b"\xcc\x81", trailers=headers)
    seen = ExchangeSeen(target=request.target, headers=headers)
    judgement = Judgement(Verdict.FAIL, observed=long)
    result = Result(SCENARIOS[0], judgement, [long])
    for value in (headers, request, [request], seen, Row("V1", 1, long), Poll(detail=long), judgement, result):
        assert long not in repr(value) and r"\u0301\u0301" in repr(value)
    assert long not in repr(Report([result], long, long))
    assert eval(repr(request)) == request


def test_line_breaks_stay_only_if_lines_are_wanted() -> None:
    assert visible("a\nb\u202e\n", lines=True) == "a\nb\\u202e\n"
    assert visible("a\nb") == "a\\nb"


def ask(server: FeedServer, target: bytes) -> str:
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: " + f"{server.host}:{server.port}".encode())
        client.sendall(b"\r\nConnection: close\r\n\r\n")
        return b"".join(iter(partial(client.recv, 65536), b"")).decode()


def raise_the_path(request: Request) -> Response:
    raise ValueError(request.path)


def test_answers_of_the_server_itself_cover_no_other_lines() -> None:
    path = f"/a{chr(0x301) * 10}"
    with FeedServer() as server:
        server.allow("nothing answers", "answers POST only", "raised ValueError")
        server.add(f"/405{path}", Response(), method="POST")
        server.add(f"/500{path}", raise_the_path)
        for status, target in (("404", path), ("405", f"/405{path}"), ("500", f"/500{path}")):
            answer = ask(server, target.encode())
            assert answer.startswith(f"HTTP/1.1 {status} "), answer
            for text in (answer, server.journal.exchanges[-1].problem):
                assert r"\u0301\u0301" in text and "\u0301" * 9 not in text, text


def test_the_journal_and_verify_show_requests_in_printable_characters(tmp_path: Path) -> None:
    with FeedServer(tmp_path) as server:
        ask(server, "/\u202egro.live\u009b31m".encode())
        text = server.journal.describe()
        assert text.replace("\n", "").isprintable(), ascii(text)
        assert str(server.requests[-1]).isprintable()
        with pytest.raises(AssertionError) as caught:
            server.verify()
        assert str(caught.value).replace("\n", "").isprintable(), ascii(str(caught.value))


def test_a_note_and_an_assertion_show_requests_in_printable_characters() -> None:
    with pytest.raises(KeyError) as noted, FeedServer() as server:  # noqa: PT012 - the block's end adds the note
        ask(server, b"/%E2%80%AEgro.live%1B%5B31m")
        ask(server, "/x HTTP/1.1\r\nX-A: \u202egro.live\u009b31m\r\nX-B:".encode())
        with pytest.raises(AssertionError) as missed:
            server.assert_requested("/x", headers={"X-A": "a"})
        raise KeyError
    for text in (*noted.value.__notes__, str(missed.value)):
        assert text.replace("\n", "").isprintable(), ascii(text)


def test_the_name_of_a_file_with_a_mistake_is_shown_in_printable_characters(tmp_path: Path) -> None:
    name = "\u202elmx.deef\x1b[31m.xml"
    try:
        (tmp_path / name).write_text("<!--\nStatus: nonsense\u202e\x9b\n-->\n<rss/>", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes no such name")
    with FeedServer(tmp_path) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ask(server, b"/%E2%80%AElmx.deef%1B%5B31m.xml")
        with pytest.raises(AssertionError) as caught:
            server.verify()
    assert str(caught.value).replace("\n", "").isprintable(), ascii(str(caught.value))
    assert "\\u202e" in str(FixtureError(name, 1, "\u202e", "None"))


def test_commands_show_answers_and_arguments_in_printable_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FeedServer() as server:
        server.add("/feed", Response("x", reason="\u00ad\u009b31m"))
        for arguments in (
            ("record", server.url("/feed"), "-o", str(tmp_path / "a.xml")),
            ("record", "ftp://\u202e\x1b[31m", "-o", "b.xml"),
            ("serve", str(tmp_path / "\u202egone")),
            ("serve", "--port", "\u202e", str(tmp_path)),
            ("nonsense\x1b[31m\u202e",),
            ("stop", "1", "--host", "127.0.0.1\u202e"),
        ):
            with contextlib.suppress(SystemExit):  # raised by argparse
                cli.main(arguments)
            printed = "".join(capsys.readouterr())
            assert printed, arguments
            for line in printed.splitlines():
                assert line.isprintable(), ascii(line)


FORGED = "%0a%c2%85%e2%80%a8%0b%0c%1c%1d%1e%0d25:00:00 GET /forged -> 200 OK"  # a time that no real line has


@pytest.mark.slow
@pytest.mark.parametrize("path", [f"/x{FORGED}", f"/feed.xml{FORGED}?q={FORGED}"])
def test_a_path_adds_no_line_to_the_output_of_serve(path: str, tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text("<rss/>")
    command = [sys.executable, "-m", "feedserver", "serve", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().strip().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            while client.recv(65_536):
                pass
        stop_server(port)
        lines = process.stdout.read().split("\n")
    assert any("25:00:00 GET /forged -> 200 OK" in line for line in lines), "no message quotes the path"
    assert not any(re.match(r"\s*25:00:00", line) for line in lines)
    assert all(line.isprintable() for line in lines)


def test_a_path_adds_no_line_to_the_message_of_verify() -> None:
    with FeedServer() as server:
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            client.sendall(b"GET /x%0aall%20is%20well HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            while client.recv(65_536):
                pass
        with pytest.raises(VerificationError) as caught:
            server.verify()
    assert not any(line.startswith("all is well") for line in str(caught.value).split("\n"))


def test_the_reason_of_a_recorded_answer_is_printed_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FeedServer() as server:
        server.add("/feed", Response("<rss/>", reason="OK\x85note: forged\u2028left out: nothing"))
        assert cli.main(["record", server.url("/feed"), "-o", str(tmp_path / "feed.xml")]) == 0
    out = capsys.readouterr().out
    assert not any(line.startswith(("note: forged", "left out: nothing")) for line in out.splitlines())
    lines = out.split("\n")
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("sent", [b"HTTP/1.1 403 No\r\n\r\n\x1b[31mred\x9b\nline", b"\x1b]0;title\x07\r\n\r\n"])
def test_what_another_server_answers_to_a_quit_request_is_reported_as_text(sent: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(65_536)
                client.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConnectionError, match=r"did not stop: 403|is no feedserver") as caught:
            stop_server(listener.getsockname()[1])
        thread.join(10)
    assert str(caught.value).isprintable()
