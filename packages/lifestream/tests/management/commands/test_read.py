"""`read`: print documents as JSON or for a person, without a site."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from feedserver import FeedServer, Response, moved
from file_limits import no_more_files
from lifestream.fetcher.shortage import Shortage
from own_site import command

FORMATS = Path(__file__).parents[2] / "feeds" / "formats"
RSS = """<rss version="2.0"><channel><title>A &amp; B</title><link>https://blog.example/</link>{}</channel></rss>"""
ITEM = "<item><title>One</title><link>https://blog.example/1</link>{}</item>"


@pytest.fixture
def server() -> Any:
    with FeedServer() as running:
        yield running


def run(*arguments: str | Path, stdin: bytes = b"") -> tuple[str, str]:
    """Return the output of the command, and the message of its error, or ""."""
    out, error = io.StringIO(), ""
    given = mock.Mock(buffer=io.BytesIO(stdin))
    with mock.patch.multiple(sys, stdout=out, stderr=out, stdin=given):
        try:
            call_command("read", *map(str, arguments))
        except CommandError as failed:
            error = str(failed)
    return out.getvalue(), error


def as_json(*arguments: str | Path, stdin: bytes = b"") -> list[dict[str, Any]]:
    """Return the objects that the command prints, whether it fails or not."""
    return [json.loads(line) for line in run("--json", *arguments, stdin=stdin)[0].splitlines()]


@pytest.mark.slow
def test_read_needs_no_home_and_makes_none(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = command("read", "--json", str(FORMATS / "rss20.xml"), folder=home, HOME=str(tmp_path / "user"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["feed"]["title"] == "Salt & Tide"
    assert not home.exists()
    assert not (tmp_path / "user").exists()


@pytest.mark.slow
def test_a_cookie_that_a_redirect_sets_under_an_illegal_name_is_not_logged(tmp_path: Path, server: FeedServer) -> None:
    server.add("/old", Response(status=302, headers={"Location": "/feed", "Set-Cookie": f"a {'b' * 3000}=c"}))
    server.add("/feed", Response(RSS.format(ITEM.format(""))))
    done = command("read", "--json", server.url("/old"), folder=tmp_path, LIFESTREAM_ALLOWED_NETWORKS="127.0.0.0/8")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("shared_parsers")
class TestJson:
    def test_each_document_is_one_object_with_these_keys(self) -> None:
        files = sorted(FORMATS.iterdir())
        documents = as_json("--url", "https://feeds.example/feed", *files)
        assert [document["format"] for document in documents] == [
            "atom03", "atom10", "json10", "json11", "rss091n", "rss092", "rss10", "rss20",
        ]  # fmt: skip
        for document in documents:
            assert list(document) == ["url", "format", "encoding", "well_formed", "feed", "items"]
            assert document["url"] == "https://feeds.example/feed"
            assert document["well_formed"] is True
            assert list(document["feed"]) == [
                "title", "link", "subtitle", "author", "language", "icon", "self_url", "hub_url", "generator",
            ]  # fmt: skip
            assert document["items"]
            for item in document["items"]:
                assert list(item) == [
                    "guid", "link", "title", "author", "published", "updated", "content", "summary", "tags",
                    "enclosures", "media", "language",
                ]  # fmt: skip
                assert all(isinstance(item[name], list) for name in ("tags", "enclosures", "media"))
                assert all(value is not None for name, value in item.items() if name not in ("published", "updated"))

    def test_an_item_is_as_it_would_be_stored(self) -> None:
        [document] = as_json("-", stdin=RSS.format(
            ITEM.format(
                "<guid>g</guid><pubDate>Mon, 25 May 2020 12:30:00 +0200</pubDate><author>a@b.example (Ann)</author>"
                "<category>Tag</category><category>tag</category><enclosure url='/1.mp3' type='audio/mpeg' length='9'/>"
                "<description>&lt;p onclick='x()'&gt;Text &lt;a href='/a'&gt;a&lt;/a&gt;&lt;script&gt;</description>"
            )
        ).encode())  # fmt: skip
        assert document["url"] == "-"
        [item] = document["items"]
        assert item == {
            "guid": "g",
            "link": "https://blog.example/1",
            "title": "One",
            "author": "Ann",
            "published": "2020-05-25T10:30:00+00:00",
            "updated": None,
            "content": item["content"],
            "summary": "Text a",
            "tags": ["Tag"],
            "enclosures": [{"url": "https://blog.example/1.mp3", "type": "audio/mpeg", "length": 9, "duration": None}],
            "media": [],
            "language": "",
        }
        assert "<p>Text" in item["content"]
        assert "script" not in item["content"]

    def test_a_document_that_cannot_be_read_has_an_error_and_the_others_are_read(self, tmp_path: Path) -> None:
        good = FORMATS / "rss20.xml"
        (tmp_path / "empty.xml").touch()
        (tmp_path / "page.html").write_text('<html><link rel="alternate" type="application/rss+xml" href="/feed">')
        bad = [tmp_path / name for name in ("missing.xml", "empty.xml", "page.html", ".")]
        out, error = run("--json", "--url", "https://blog.example/x", bad[0], good, *bad[1:], good)
        documents = [json.loads(line) for line in out.splitlines()]
        assert error == "4 of 6 documents could not be read"
        assert [document.get("error", "").partition(" (")[0] for document in documents] == [
            "no such file or directory; an address begins with https://",
            "",
            "the answer is empty",
            "it is a web page",
            "is a directory",
            "",
        ]
        assert documents[3]["error"].endswith("; it leads to https://blog.example/feed")
        assert list(documents[0]) == ["url", "format", "encoding", "well_formed", "feed", "items", "error"]
        assert (documents[0]["well_formed"], documents[0]["items"]) == (False, [])

    @pytest.mark.slow
    def test_many_documents_are_printed_in_their_order(self) -> None:
        names = [FORMATS / name for name in ("rss20.xml", "atom10.xml", "missing", "jsonfeed11.json")] * 40
        documents = as_json(*names)
        assert [document["url"] for document in documents] == [str(name) for name in names]
        assert [document["format"] for document in documents] == ["rss20", "atom10", "", "json11"] * 40

    def test_given_headers_count_as_those_of_the_answer(self) -> None:
        body = RSS.format("<description>\u0434\u0430</description>").encode("koi8-r")
        header = "Content-Type: text/xml; charset=koi8-r"
        [document] = as_json("--header", header, "--header", "content-language: ru", "-", stdin=body)
        assert document["encoding"] == "koi8-r"
        assert (document["feed"]["subtitle"], document["feed"]["language"]) == ("\u0434\u0430", "ru")

    def test_an_ill_formed_document_is_reported(self) -> None:
        [document] = as_json("-", stdin=RSS.format("<item><title>a<b></title></item>").encode())
        assert document["well_formed"] is False
        assert "error" not in document

    def test_control_characters_of_a_document_are_escaped(self) -> None:
        out, _ = run("--json", "-", stdin=RSS.format("<item><title>\x7f\u202e\x9b[2J é</title></item>").encode())
        assert out.isascii()
        assert out.rstrip("\n").isprintable()
        json.loads(out)


@pytest.mark.usefixtures("shared_parsers")
class TestUrls:
    @override_settings(LIFESTREAM_ALLOWED_NETWORKS=["127.0.0.0/8"])
    def test_a_url_is_fetched_and_is_the_base_of_its_links(self, server: FeedServer) -> None:
        body = RSS.format("<item><title>One</title><link>one</link></item>").replace("https://blog.example/", "")
        server.add("/old", moved("/blog/feed"))
        server.add("/blog/feed", Response(body.encode(), headers={"Content-Type": "application/rss+xml"}))
        server.add("/none", Response(b"", status=404))
        found, missing = as_json(server.url("/old"), server.url("/none"))
        assert found["url"] == server.url("/blog/feed")
        assert found["items"][0]["link"] == server.url("/blog/one")
        assert missing["error"] == "the server answered 404 Not Found"
        assert missing["url"] == server.url("/none")

    @override_settings(LIFESTREAM_ALLOWED_NETWORKS=[])
    def test_addresses_that_are_not_public_are_not_connected_to(self, server: FeedServer) -> None:
        _, error = run(server.url("/feed"))
        assert "127.0.0.1" in error
        assert not server.requests

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files to lower")
    def test_a_shortage_of_files_is_reported_with_its_remedy(self, server: FeedServer) -> None:
        server.add("/feed", Response("no feed"))
        run(server.url("/feed"))  # imports the modules that the command needs
        with no_more_files():
            out, error = run(server.url("/feed"))
        assert (out, error) == ("", Shortage.FILES.value)


@pytest.mark.usefixtures("shared_parsers")
class TestText:
    def lines(self, *arguments: str, stdin: bytes) -> list[str]:
        out, error = run(*arguments, "-", stdin=stdin)
        assert not error
        return [" ".join(line.split()) for line in out.splitlines()]

    def test_the_text_shows_how_each_part_was_understood(self) -> None:
        item = ITEM.format(
            "<pubDate>Mon, 25 May 2020 12:30:00 +0200</pubDate><author>a@b.example (Ann)</author>"
            "<description>&lt;p onclick='x()'&gt;Text&lt;script&gt;alert()&lt;/script&gt;</description>"
            "<enclosure url='https://blog.example/1.mp3' type='audio/mpeg' length='2097152'/>"
        )
        long = "<item><link>https://blog.example/2</link><pubDate>yesterday</pubDate><title>"
        body = RSS.format(f"{item}{long}{'a' * 3000}</title></item>").encode("utf-16")
        lines = self.lines("--url", "https://blog.example/feed", stdin=body)
        assert lines[:8] == [
            "-",
            "address https://blog.example/feed",
            "format RSS 2.0",
            "encoding utf-16-le: its byte order mark says so",
            "well-formed yes",
            "read by the strict reader, then the plugin generic",
            "title A & B",
            "site https://blog.example/",
        ]
        assert "no date yesterday: not understood" in lines
        assert "too much capped once: a title: at most 2,000 characters, the text is cut, with …" in lines
        start = lines.index("1 One")
        assert lines[start : start + 8] == [
            "1 One",
            "published 2020-05-25 10:30:00 UTC from Mon, 25 May 2020 12:30:00 +0200 (RFC 822)",
            "author Ann",
            "link https://blog.example/1",
            "text Text (11 characters of HTML)",
            "file audio/mpeg 2.0 MB https://blog.example/1.mp3",
            "removed p onclick",
            "removed <script>",
        ]
        assert "published no date: the time at which it was first seen is used" in lines

    @pytest.mark.parametrize(
        ("body", "consequence"),
        [
            (RSS.format("<item>&nbsp;</item>"), "; mended, nothing is lost"),
            (RSS.format("<item><title>a<b></title></item>"), "; 1 item may be incomplete"),
            (RSS.format("")[:-20], "; what could be read was read"),
        ],
    )
    def test_the_place_where_a_document_is_ill_formed_is_reported(self, body: str, consequence: str) -> None:
        [line] = [line for line in self.lines(stdin=body.encode()) if line.startswith("well-formed")]
        assert line.startswith("well-formed no, from line 1, column ")
        assert line.endswith(consequence)

    def test_a_document_that_cannot_be_read_is_reported_and_the_others_are_shown(self) -> None:
        assert run("missing.xml") == ("", "missing.xml: no such file or directory; an address begins with https://")
        out, error = run("missing", FORMATS / "rss20.xml")
        assert out.startswith("missing: no such file or directory\n")
        assert "Salt & Tide" in out
        assert error == "1 of 2 documents could not be read"

    def test_the_login_of_an_address_without_a_scheme_is_not_shown(self) -> None:
        out, error = run("ada:secret@a.example", "missing")
        assert out.startswith("…@a.example: no such file or directory; an address begins with https://\n")
        assert "secret" not in error

    def test_the_name_of_a_file_cannot_forge_a_line(self) -> None:
        out, error = run("/a.xml\n/b.xml: forged", "/c\x1b[31m.xml")
        assert out.splitlines() == [
            r"/a.xml\n/b.xml: forged: no such file or directory; an address begins with https://",
            r"/c\x1b[31m.xml: no such file or directory; an address begins with https://",
        ]
        assert error == "2 of 2 documents could not be read"
        assert run("/a.xml\n/b.xml")[1].startswith(r"/a.xml\n/b.xml: no such file")

    def test_a_header_without_a_colon_is_refused(self) -> None:
        assert run("--header", "Content-Type", "-")[1] == "--header 'Content-Type' is no header: write 'Name: value'"

    @override_settings(LIFESTREAM_PLUGINS=["missing.Plugin"])
    def test_a_plugin_that_cannot_be_loaded_is_reported(self) -> None:
        assert run("-")[1].startswith("the plugin 'missing.Plugin' can't be imported")
