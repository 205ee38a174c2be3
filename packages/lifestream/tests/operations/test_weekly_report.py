"""The weekly mail about feeds in trouble: its text, its recipients, and that it is sent once a week."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from unittest import mock

import django
import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import OperationalError, connection
from django.test import override_settings
from django.utils import timezone

from factories import make_feed, make_subscription
from lifestream.message import say
from lifestream.models import Feed, Tally
from lifestream.operations.weekly_report import send_report

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = timedelta(days=1)


@contextmanager
def in_a_thread(
    work: Callable[[socket.socket], None], server: socket.socket, ending: threading.Event
) -> Iterator[None]:
    """Run *work* with *server* in a thread until the block is left; then set *ending*, and wait for the thread.

    A last connection is made for a thread that still waits for its first.
    """
    thread = threading.Thread(target=work, args=(server,))
    thread.start()
    try:
        yield
    finally:
        ending.set()
        with suppress(OSError):
            socket.create_connection(server.getsockname(), timeout=5).close()
        thread.join()


@pytest.fixture
def lost() -> Feed:
    feed = make_feed(
        title="Lost\nSubject: x", failures=9, last_success=NOW - 30 * DAY, last_error=say("answered", status="404")
    )
    make_subscription(feed)
    return feed


class TestAMail:
    @pytest.fixture(autouse=True)
    def _addressed(self, settings: Any) -> None:
        settings.LIFESTREAM_REPORT_TO = ["owner@a.example"]

    def test_names_each_feed_with_the_reason_the_duration_and_the_remedy(self, lost: Feed) -> None:
        assert send_report(NOW) == 1
        [sent] = mail.outbox
        assert sent.to == ["owner@a.example"]
        assert sent.subject == "Lifestream: 1 feed in trouble"
        since = f"{timezone.localtime(lost.last_success):%Y-%m-%d}"
        assert sent.body.splitlines()[:4] == [
            r"Lost\nSubject: x",
            f"  {lost.url}",
            f"  the server answered 404 (for 30 days, {since})",
            f"  → {say('remedy-connection')}",
        ]

    @pytest.mark.parametrize(
        "hostile", ["x\r\nBcc: c@d.example\r\n\r\nx", "\u202e\u2066x", "\x1b[31mx\x07", "\u2028x\x85x"]
    )
    def test_no_text_of_a_feed_adds_a_line_or_reverses_one(self, lost: Feed, hostile: str) -> None:
        texts = {"title": hostile, "url": f"https://a.example/{hostile}", "replacement": f"https://b.example/{hostile}"}
        Feed.objects.filter(pk=lost.pk).update(**texts, last_error=say("answered", status=hostile))
        send_report(NOW)
        [sent] = mail.outbox
        assert len(sent.body.splitlines()) == 4
        assert not set(hostile) & set("\r\u202e\u2066\x1b\x07\u2028\x85") & set(sent.body)
        assert "Bcc" not in sent.message()

    def test_has_no_line_so_long_that_a_mail_program_would_not_show_the_feeds_below(self, lost: Feed) -> None:
        long = "\N{CYRILLIC SMALL LETTER ZHE}" * 1_900
        texts = {"title": long, "url": f"https://a.example/{long}", "replacement": f"https://b.example/{long}"}
        Feed.objects.filter(pk=lost.pk).update(**texts, last_error=say("answered", status="\x01" * 500))
        send_report(NOW)
        [sent] = mail.outbox
        title, url, reason, remedy = sent.body.splitlines()[:4]
        assert title == f"{long[:199]}…"
        assert url == f"  {texts['url'][:199]}…"
        assert "…" in reason and "for 30 days" in reason
        assert remedy.endswith("…")
        assert max(map(len, sent.body.splitlines())) < 250

    @override_settings(LIFESTREAM_PUBLIC_URL="https://planet.example/sub/", LANGUAGE_CODE="de")
    def test_is_in_the_language_of_the_site_and_links_to_the_page(self, lost: Feed) -> None:
        send_report(NOW)
        [sent] = mail.outbox
        assert sent.subject == "Lifestream: 1 Feed in Schwierigkeiten"
        assert "https://planet.example/sub/admin/lifestream/feed/troubles/" in sent.body

    def test_is_sent_once_a_week_however_often_the_function_is_called(self, lost: Feed) -> None:
        days = [day for day in range(15) for _ in range(2) if send_report(NOW + day * DAY)]
        assert days == [0, 7, 14]

    def test_is_not_sent_without_trouble(self) -> None:
        assert send_report(NOW) == 0
        assert mail.outbox == []

    @override_settings(LIFESTREAM_REPORT_TO=["a@planet.example\nBcc: c@d.example"])
    def test_to_an_address_of_two_lines_is_not_sent(self, lost: Feed, caplog: pytest.LogCaptureFixture) -> None:
        assert send_report(NOW) == 0
        assert mail.outbox == [] and "could not be mailed, and is tried again tomorrow" in caplog.text

    def test_that_cannot_be_sent_is_reported_and_tried_again(
        self, lost: Feed, caplog: pytest.LogCaptureFixture
    ) -> None:
        with mock.patch("django.core.mail.EmailMessage.send", side_effect=ConnectionRefusedError("no server")):
            assert send_report(NOW) == 0
        assert "could not be mailed, and is tried again tomorrow: no server" in caplog.text
        assert send_report(NOW + DAY) == 1

    @pytest.mark.slow
    @pytest.mark.parametrize("greeting", [b"", b"220-wait\r\n"])
    def test_to_a_server_that_never_ends_its_greeting_is_given_up(
        self, lost: Feed, settings: Any, caplog: pytest.LogCaptureFixture, greeting: bytes
    ) -> None:
        ending = threading.Event()

        def drip(server: socket.socket) -> None:
            connection, _ = server.accept()
            with connection:
                while not ending.wait(0.05):
                    connection.sendall(greeting)

        with socket.create_server(("127.0.0.1", 0)) as server, in_a_thread(drip, server, ending):
            host, port = server.getsockname()
            backend = "django.core.mail.backends.smtp.EmailBackend"
            if django.VERSION < (6, 1):
                settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = backend, host, port
            else:
                settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": host, "port": port}}}
            with mock.patch("lifestream.operations.weekly_report.PATIENCE", 0.3):
                assert send_report(NOW) == 0
        assert caplog.messages[-1].endswith("tried again tomorrow: the mail server has not accepted it within 0.3 s")
        assert Tally.objects.get(name="reports").changed < NOW - 6 * DAY, "it is tried again tomorrow"

    def test_that_fails_in_an_unexpected_way_is_tried_again_too(self, lost: Feed) -> None:
        with (
            mock.patch("django.core.mail.EmailMessage.send", side_effect=RuntimeError("unexpected")),
            pytest.raises(RuntimeError, match="unexpected"),
        ):
            send_report(NOW)
        assert send_report(NOW + DAY) == 1

    def test_is_tried_again_after_the_database_has_failed(self, lost: Feed) -> None:
        has_failed = False

        def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal has_failed
            has_failed = has_failed or (sql.startswith("SELECT") and 'FROM "lifestream_feed"' in sql)
            if has_failed:  # from then on, it takes no other statement either
                raise OperationalError("gone")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(fail), pytest.raises(OperationalError, match="gone"):
            send_report(NOW)
        assert send_report(NOW + DAY) == 1

    def test_is_sent_by_one_process_alone(self, lost: Feed) -> None:
        with mock.patch("lifestream.operations.weekly_report._send", side_effect=lambda *_: send_report(NOW)) as sent:
            send_report(NOW)
        assert sent.call_count == 1

    def test_of_many_feeds_names_some_and_the_number_of_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lifestream.operations.weekly_report._MOST_TOLD", 2)
        for number in range(5):
            feed = make_feed(f"https://a.example/{number}", failures=2, last_success=NOW - 3 * DAY)
            make_subscription(feed)
        send_report(NOW)
        body = mail.outbox[0].body
        assert body.count("https://a.example/") == 2 and "And 3 more." in body

    def test_of_more_feeds_than_are_read_tells_that_there_may_be_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lifestream.operations.troubles.MOST", 4)
        monkeypatch.setattr("lifestream.operations.weekly_report.MOST", 4)
        monkeypatch.setattr("lifestream.operations.weekly_report._MOST_TOLD", 2)
        for number in range(5):
            feed = make_feed(f"https://a.example/{number}", failures=2, last_success=NOW - 3 * DAY)
            make_subscription(feed)
        send_report(NOW)
        assert mail.outbox[0].subject.endswith(": 4+ feeds in trouble")
        assert "And 2+ more." in mail.outbox[0].body


class TestRecipients:
    def test_on_another_site_than_the_bundled_one_the_setting_names_them(self, lost: Feed) -> None:
        get_user_model().objects.create_superuser("root", "root@a.example", "x")
        assert send_report(NOW) == 0
        with override_settings(LIFESTREAM_REPORT_TO=["ada@a.example"]):
            assert send_report(NOW) == 1
        assert [message.to for message in mail.outbox] == [["ada@a.example"]]

    @pytest.mark.parametrize(("host", "count"), [("", 0), ("mail.example", 1)])
    def test_the_bundled_site_writes_to_its_superusers_if_mail_is_configured(
        self,
        lost: Feed,
        host: str,
        count: int,
    ) -> None:
        users = get_user_model().objects
        users.create_superuser("root", "root@a.example", "x")
        users.create_superuser("mute", "", "x")
        users.create_user("reader", "reader@a.example", "x")
        with override_settings(CONFIGURATION={"EMAIL_HOST": host}):
            assert send_report(NOW) == count
        assert [message.to for message in mail.outbox] == [["root@a.example"]] * count

    @override_settings(LIFESTREAM_REPORT_TO=[], CONFIGURATION={"EMAIL_HOST": "mail.example"})
    def test_an_empty_list_stops_the_mail(self, lost: Feed) -> None:
        get_user_model().objects.create_superuser("root", "root@a.example", "x")
        assert send_report(NOW) == 0
