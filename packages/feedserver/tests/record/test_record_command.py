"""The command `feedserver record`: what it prints, and its exit status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer, Response, cli
from saying import saying


@pytest.fixture
def origin() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        yield running


def test_the_command_records_or_says_by_its_status_why_not(
    origin: FeedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin.add("/feed", Response("<rss/>", headers={"Set-Cookie": "a=b"}))
    file = tmp_path / "feed.xml"
    arguments = ["record", origin.url("/feed"), "-o", str(file), "--header", "X-A: b"]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        f"{file}: 6 bytes",
        f"{file}.response: 200 OK",
        "left out: Set-Cookie (it is a secret)",
    ]
    assert origin.requests[0].headers["X-A"] == "b"

    assert cli.main(arguments) == 2
    assert "is there already" in capsys.readouterr().err
    assert cli.main([*arguments, "--force"]) == 0
    with saying(b"") as url:
        assert cli.main(["record", url, "-o", str(tmp_path / "other")]) == 1
    assert capsys.readouterr().err.startswith("feedserver record: no whole answer came from 127.0.0.1:")
    assert cli.main(["record", origin.url("/feed"), "-o", str(tmp_path / "missing" / "feed.xml")]) == 2
    assert f"there is no folder {tmp_path / 'missing'}; make it first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["ftp://example.org/", "-o", "a"],
            "'ftp://example.org/' cannot be recorded; give an address of http or https",
        ),
        (["example.org/feed", "-o", "a"], "argument URL: this is no address of http or https, such as https://"),
        (["http://example.org/"], "the following arguments are required: -o/--output"),
        (["http://example.org/", "-o", "a", "--header", "nonsense"], "'nonsense' is no header; write 'Name: value'"),
        (["http://example.org/", "-o", "a", "--header", "s3cret99"], "'…' is no header; write 'Name: value'"),
        (["http://example.org/", "-o", "a", "--header", "s3cret99 A"], "'… …' is no header; write 'Name: value'"),
        (["http://example.org/", "-o", "a", "--header", "A: b\nC: d"], "is no header"),
        (["http://example.org/", "-o", "a", "--timeout", "0"], "'0' is no time limit; give a number of seconds"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["record", *arguments])
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


TOKEN = "a8f5f167f44f4964e6c998dee827110c"


def test_removed_secrets_are_reported_with_their_places_and_can_be_kept(
    origin: FeedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/feed/{TOKEN}/rss?next=%2Fa%3Ftoken%3Dinner1&code=abc123&state=def456"
    link = f"<https://h.example/{TOKEN}>; rel=self"
    origin.add(path, Response("<rss/>", headers=[("Link", link), ("X-AuthKey", "abc"), ("X-Echo", "is inner1 here?")]))
    file = tmp_path / "feed.xml"
    assert cli.main(["record", origin.url(path), "-o", str(file)]) == 0
    written = (tmp_path / "feed.xml.response").read_text()
    for secret in (TOKEN, "inner1", "abc123", "def456"):
        assert secret not in written
    first = written.splitlines()[0]
    assert "/feed/removed/rss?next=%2Fa%3Ftoken%3Dremoved&code=removed&state=removed, answered " in first
    printed = capsys.readouterr().out.splitlines()
    assert "changed: URL (the token a8f5… (32 characters) in it is replaced)" in printed
    assert "changed: URL (the parameter token in it is replaced)" in printed
    assert "changed: URL (the parameter code in it is replaced)" in printed
    assert "changed: Link, X-Echo (the secret of the request in it is replaced)" in printed
    assert "left out: X-AuthKey (it is a secret)" in printed

    keep = [part for name in ("url", "link", "x-authkey") for part in ("--keep", name)]
    assert cli.main(["record", origin.url(path), "-o", str(file), "--force", *keep]) == 0
    kept = (tmp_path / "feed.xml.response").read_text()
    assert kept.startswith(f"# {origin.url(path)}, answered ")
    assert f"Header: Link: {link}\n" in kept and "Header: X-AuthKey: abc\n" in kept
    assert "note: a secret of the request is still in the headers; look before you commit" in capsys.readouterr().out


def test_a_header_that_is_refused_is_reported_without_its_possible_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["record", "http://127.0.0.1:1/", "-o", "a.xml", "--header", "Authorization Bearer s3cret99"])
    printed = capsys.readouterr().err
    assert "'Authorization …' is no header; write 'Name: value'" in printed
    assert "s3cret99" not in printed


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["-H", "X-Key: s3cret99"], "unrecognized arguments: -H …; "),
        (["--header", "Authorization:", "Bearer", "s3cret99"], "unrecognized arguments: …; "),
        (["-u", "ada:s3cret99", "-k"], "unrecognized arguments: -u … -k; "),
        (["-us3cret99", "--user=ada:s3cret99", "--s3cret99"], "unrecognized arguments: -u… --user=… …; "),
        (["http://127.0.0.1:1/?token=s3cret99"], "unrecognized arguments: …; "),
        (["--timeout", "password=s3cret99"], "'password=removed' is no time limit"),
        (["--force=token=s3cret99"], "ignored explicit argument 'token=removed'"),
    ],
)
def test_arguments_that_are_not_understood_are_reported_without_possible_secrets(
    arguments: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["record", "http://127.0.0.1:1/", "-o", "a.xml", *arguments])
    printed = capsys.readouterr().err
    assert printed.startswith("feedserver record: ") and printed.count("\n") == 1
    assert shown in printed
    assert "s3cret99" not in printed


def test_a_part_of_a_header_where_the_url_belongs_is_reported_without_a_possible_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["record", "--header", "X-Api-Key:", "s3cret99", "http://127.0.0.1:1/", "-o", "a.xml"])
    printed = capsys.readouterr().err
    assert printed.startswith("feedserver record: argument URL: ") and printed.count("\n") == 1
    assert "quotes" in printed and "s3cret99" not in printed


def test_a_url_where_the_name_of_a_command_belongs_is_reported_without_its_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["https://ada:s3cret99@h.example/?token=s3cret99", "-o", "a.xml"])
    printed = capsys.readouterr().err
    assert "'https://h.example/?token=removed'" in printed
    assert "s3cret99" not in printed


@pytest.mark.parametrize("name", ["a\nb\u202e/feed.xml", "a\nb\u202e", "a\nb\u202e" * 100])
def test_a_line_break_in_the_name_of_a_file_is_escaped_in_the_message(
    origin: FeedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    if "/" not in name and len(name) < 100:
        (tmp_path / name).mkdir()
    origin.add("/feed", Response("x"))
    assert cli.main(["record", origin.url("/feed"), "-o", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "a\\nb\\u202e" in error
