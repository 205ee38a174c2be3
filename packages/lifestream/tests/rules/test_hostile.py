"""Rules 26 to 32: what a hostile server may send, where it may lead, and what it may cost."""

from __future__ import annotations

import itertools
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from django.test import override_settings

from factories import make_feed, make_subscription
from feedserver import Response, broken, moved
from feedserver.faults import Bomb, EndlessBody, LongLength, SlowBody, SlowHeaders
from feedserver.messages.pacing import Pace
from guards import allowing
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.models import Fetch, Item, Subscription
from rules.ruled import RuleTestCase
from served import START, feed, rss

LITERALS = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1",
    "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]",
    "[fc00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]",
)  # fmt: skip
ONE_SERVER = allowing("127.0.0.1/32")


class HostileResolver(AbstractResolver):
    """A hostile resolver: it gives the next of its *answers* to each question, and at the end always the last."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.questions = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.questions += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        flags = socket.AI_NUMERICHOST
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=flags)]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def resolving_to(*answers: str) -> AbstractContextManager[object]:
    """Return a context in which all names have these addresses, one after the other."""
    return mock.patch("lifestream.fetcher.fetch.Resolver", return_value=HostileResolver(*answers))


@contextmanager
def no_socket() -> Iterator[None]:
    """Assert that no socket for a connection is made in the block."""
    with mock.patch("lifestream.fetcher.address_guard.socket") as sockets:
        yield
    assert sockets.socket.call_args_list == []


class Addresses(RuleTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(26)
    def test_a_host_that_is_an_address_of_our_own_network_is_not_connected_to(self) -> None:
        for host in LITERALS:
            make_subscription(make_feed(f"http://{host}:{self.port}/feed", next_fetch=START))
        with no_socket():
            report = self.refresh(guard=AddressGuard())
        assert len(report.rows) == len(LITERALS)
        assert report.all_failed
        assert self.asked() == []

    @pytest.mark.slow
    @pytest.mark.rule(26)
    def test_a_host_that_resolves_to_an_address_of_our_own_network_is_not_connected_to(self) -> None:
        addresses = [literal.strip("[]") for literal in LITERALS if literal[0] == "[" or literal.count(".") == 3]
        for address in addresses:
            with self.subTest(address=address), resolving_to(address), no_socket():
                made = make_feed(f"http://evil-{len(address)}.example:{self.port}/{address}", next_fetch=START)
                [row] = self.refresh([made.pk], guard=AddressGuard()).rows
                assert "lifestream connects to none of those" in row.message
        assert self.asked() == []

    @pytest.mark.slow
    @pytest.mark.rule(26)
    def test_a_redirect_to_an_address_of_our_own_network_is_not_followed(self) -> None:
        others = [host for host in LITERALS if host not in ("127.0.0.1", "127.1", "2130706433", "0x7f000001")]
        others = [host for host in others if host not in ("localhost", "[::ffff:127.0.0.1]")]
        for number, host in enumerate(others):
            self.subscribe(f"/{number}", moved(f"http://{host}:{self.port}/secret"))
        report = self.refresh(guard=ONE_SERVER)
        assert len(report.rows) == len(others)
        for row in report.rows:
            assert "lifestream connects to none of those" in row.message
        self.feedserver.assert_not_requested("/secret")
        assert Item.objects.count() == 0

    @pytest.mark.rule(27)
    def test_a_connection_goes_to_the_address_that_was_checked(self) -> None:
        self.feedserver.add("/feed", feed())
        url = f"http://rebound.example:{self.port}/feed"
        make_feed(url, next_fetch=START)
        names = HostileResolver("127.0.0.1", "127.0.0.2")
        with mock.patch("lifestream.fetcher.fetch.Resolver", return_value=names):
            assert self.refresh_one(guard=ONE_SERVER).new == 2
            assert names.questions == 1, "the name was resolved again after its address was checked"
            self.clock.move(hours=1)
            assert self.refresh_one(guard=ONE_SERVER).message.startswith("127.0.0.2 is a loopback address")
        assert len(self.asked()) == 1

    @pytest.mark.slow
    @pytest.mark.rule(28)
    def test_a_redirect_to_another_scheme_is_refused(self) -> None:
        for number, url in enumerate(
            ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/xml,<rss/>",
             "javascript:alert(1)", "unix:/run/docker.sock", "feed:file:///etc/passwd")
        ):  # fmt: skip
            with self.subTest(url=url):
                made = self.subscribe(f"/{number}", moved(url))
                [row] = self.refresh([made.pk]).rows
                assert row.failed
                assert "redirects to what is not fetched" in row.message
                assert len(self.asked()) == number + 1


class Costs(RuleTestCase):
    @pytest.mark.rule(29)
    def test_a_body_without_end_is_stopped_at_the_cap(self) -> None:
        self.subscribe("/feed", broken(feed(), EndlessBody()))
        with override_settings(LIFESTREAM_MAX_BODY=1_000_000):
            row = self.refresh_one()
        assert row.message == "the body is larger than 1000000 bytes"
        assert self.feedserver.journal.exchanges[0].bytes_sent < 50_000_000

    @pytest.mark.rule(29)
    def test_a_body_whose_length_is_given_as_500_megabytes_is_refused(self) -> None:
        self.subscribe("/feed", broken(feed(), LongLength(by=500_000_000)))
        assert self.refresh_one().message.startswith("the body has 500000")

    @pytest.mark.rule(29)
    def test_a_coding_that_inflates_a_thousandfold_is_stopped_at_the_cap(self) -> None:
        self.subscribe("/feed", broken(feed(), Bomb(megabytes=500)))
        assert self.refresh_one().message == "the body is larger than 10485760 bytes"
        assert Item.objects.count() == 0

    @pytest.mark.slow
    @pytest.mark.rule(30)
    def test_an_answer_of_ten_bytes_a_second_ends_at_the_deadline_of_the_whole_request(self) -> None:
        slow = Response(rss("one"), headers={"X-Padding": "x" * 1000})
        for part, fault in {"body": SlowBody, "head": SlowHeaders}.items():
            self.subscribe(f"/{part}", broken(slow, fault(Pace(1, 0.1))))
        began = time.monotonic()
        with override_settings(LIFESTREAM_TIMEOUT=1):
            rows = self.refresh().rows
        assert [row.message for row in rows] == ["no whole answer within 1 s"] * 2
        assert time.monotonic() - began < 20, "a whole answer takes longer"

    @pytest.mark.slow
    @pytest.mark.rule(30)
    def test_redirects_do_not_make_the_deadline_longer(self) -> None:
        hops = [f"/{number}" for number in range(5)]
        for path, target in itertools.pairwise(hops):
            self.feedserver.add(path, Response(status=302, headers={"Location": target}, delay=0.4))
        self.feedserver.add(hops[-1], feed())
        make_feed(self.get_url(hops[0]), next_fetch=START)
        with override_settings(LIFESTREAM_TIMEOUT=1):
            assert self.refresh_one().message == "no whole answer within 1 s"
        self.feedserver.assert_not_requested(hops[-1])


class Documents(RuleTestCase):
    @pytest.mark.rule(31)
    def test_an_entity_bomb_stays_small(self) -> None:
        levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
        flat = f'<!ENTITY e0 "boom"><!ENTITY big "{"x" * 100_000}">{levels}'
        text = rss("&e11;" + "&big;" * 1000, "honest")
        self.subscribe("/feed", Response(f'<?xml version="1.0"?><!DOCTYPE rss [{flat}]>{text}'))
        self.refresh()
        assert Fetch.objects.get().duration < 30
        assert sum(len(item.title + item.content) for item in Item.objects.all()) < 1_000_000

    @pytest.mark.rule(31)
    def test_an_external_entity_is_not_read(self) -> None:
        self.feedserver.add("/secret", Response("a secret"))
        secret = self.get_url("/secret")
        file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "file"
        file.write_text("a secret")
        for number, declared in enumerate(
            (
                f'<!ENTITY x SYSTEM "{secret}">',
                f'<!ENTITY x SYSTEM "{file.as_uri()}">',
                f'<!ENTITY x PUBLIC "-//A//B" "{secret}">',
                f'<!ENTITY % p SYSTEM "{secret}"> %p;',
            )
        ):
            head = f'<?xml version="1.0"?><!DOCTYPE rss [{declared}]>'
            self.subscribe(f"/{number}", Response(head + rss("a &x; b")))
        self.refresh()
        self.feedserver.assert_not_requested("/secret")
        items = Item.objects.all()
        assert len(items) == 4
        for item in items:
            assert "secret" not in item.title + item.content


class ActiveContent(HTMLParser):
    """What a browser would run or load of a page: addresses, handlers and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag with its attributes."""
        if tag == "script":
            self.scripts.append(dict(attrs).get("src") or "written here")
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [
            value or "" for name, value in attrs if name in ("href", "src", "srcset", "action", "poster")
        ]


EVIL = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java&#10;script:alert(1)",
    "data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;", "file:///etc/passwd", "vbscript:msgbox(1)",
)  # fmt: skip


class Harmless(RuleTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(32)
    def test_scripts_in_links_ids_and_content_are_made_harmless(self) -> None:
        items = "".join(
            f"<item><title>{n}</title><link>{url}</link><guid>{url}</guid>"
            f"<description>&lt;a href='{url}'&gt;a&lt;/a&gt;&lt;img src='{url}' onerror='alert(1)'&gt;</description>"
            f"<enclosure url='{url}' type='audio/mpeg' length='1'/></item>"
            for n, url in enumerate(EVIL)
        )
        self.subscribe("/feed", Response(f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"))
        self.refresh()
        assert Item.objects.count() == len(EVIL)
        shown = self.shown()
        assert shown.handlers == []
        for address in shown.addresses:
            assert address.partition(":")[0].lower() in ("http", "https") or address.startswith(("/", "#", "?")), (
                address
            )

    @pytest.mark.rule(32)
    def test_a_script_in_a_title_is_made_harmless(self) -> None:
        titles = (
            "&lt;script&gt;alert(1)&lt;/script&gt;one",
            "<![CDATA[<script>alert(2)</script>two]]>",
            "&amp;lt;script&amp;gt;alert(3)&amp;lt;/script&amp;gt;three",
            "<![CDATA[<img src=x onerror=alert(4)>four]]>",
        )
        items = "".join(f"<item><guid>{n}</guid><title>{title}</title></item>" for n, title in enumerate(titles))
        self.subscribe(
            "/feed", Response(f"<rss version='2.0'><channel><title>{titles[0]}</title>{items}</channel></rss>")
        )
        self.refresh()
        assert Item.objects.count() == len(titles)
        shown = self.shown()
        assert shown.handlers == []
        assert all("alert" not in address for address in shown.addresses)
        assert all(script.startswith("/static/lifestream/") for script in shown.scripts), shown.scripts

    def shown(self) -> ActiveContent:
        """Return the timeline as a visitor gets it."""
        answer = self.client.get(f"/{Subscription.objects.get().lifestream.slug}/")
        assert answer.status_code == 200
        return ActiveContent(answer.content.decode())
