"""`serve`: the addresses and the length of requests that it accepts, its message to the owner of a new site, and its
daily work.
"""

from __future__ import annotations

import io
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management.base import CommandError
from django.test import override_settings
from django.utils import timezone

from factories import make_feed, make_subscription
from lifestream.management.commands.serve import Command, _daily_work, most_body, split_address
from lifestream.owner import first_run


@pytest.mark.parametrize(
    ("address", "split"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("0.0.0.0", ("0.0.0.0", 8000)),
        ("9000", ("127.0.0.1", 9000)),
        (":9000", ("127.0.0.1", 9000)),
        ("[::1]:9000", ("::1", 9000)),
        ("[::1]", ("::1", 8000)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_host_and_port_have_defaults(address: str, split: tuple[str, int]) -> None:
    assert split_address(address) == split


@pytest.mark.parametrize(
    "address",
    [
        "host:port", "127.0.0.1:99999", "a:b:c", "127.0.0.1:²", "127.0.0.1:" + "9" * 5000, "100000", "9" * 5000, "::1",
        "::1:8000", "http://x:80", "http://x", "x/y", "", "[h", "][", "[a]b:80", "[]:80", "[[::1]]", "a b",
    ],
)  # fmt: skip
def test_a_text_that_is_no_address_is_an_error(address: str) -> None:
    with pytest.raises(CommandError, match=r"is no address; write it like 127\.0\.0\.1:8000$"):
        split_address(address)


@pytest.mark.parametrize(
    ("settings_", "most"),
    [
        ({}, 11),
        ({"LIFESTREAM_MAX_OPML": 50 << 20}, 51),
        ({"LIFESTREAM_MAX_BODY": 90 << 20, "LIFESTREAM_MAX_OPML": 1}, 91),
    ],
)
def test_a_request_may_be_as_long_as_the_longest_list_with_its_form_or_the_longest_push(
    settings_: dict[str, int], most: int
) -> None:
    with override_settings(**settings_):
        assert most_body() == most << 20


@pytest.mark.django_db
class TestFirstRun:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path: Path, settings: Any) -> None:
        settings.HOME = tmp_path

    @staticmethod
    def output(url: str = "http://127.0.0.1:8000/", host: str = "127.0.0.1") -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        Command(stdout=out, stderr=err)._print_first_run(url, host)
        return out.getvalue(), err.getvalue()

    def test_the_address_has_a_new_token_at_each_start(self) -> None:
        addresses = [re.search(r"http://127\.0\.0\.1:8000/account/setup/\?token=(\S+)", self.output()[0]) for _ in "12"]
        old, new = (found[1] for found in addresses if found)
        assert first_run.holds(new) and not first_run.holds(old)

    def test_behind_a_proxy_the_address_is_the_public_one(self, settings: Any) -> None:
        settings.LIFESTREAM_PUBLIC_URL = "https://planet.example/"
        out, err = self.output(host="0.0.0.0")
        assert "https://planet.example/account/setup/?token=" in out and not err

    @pytest.mark.parametrize(
        ("host", "warned"), [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True),
                             ("192.0.2.1", True), ("planet.example", True)],
    )  # fmt: skip
    def test_serve_warns_of_a_network_without_tls(self, host: str, warned: bool) -> None:
        assert ("is not encrypted" in self.output(host=host)[1]) is warned

    def test_with_an_account_there_is_no_token(self) -> None:
        self.output()
        User.objects.create_user("somebody")
        assert self.output() == ("", "") and not Path(str(first_run.folder()), "first_run").exists()

    def test_a_folder_that_cannot_be_written_is_reported_with_another_way(self, settings: Any, tmp_path: Path) -> None:
        settings.HOME = tmp_path / "gone"
        out, err = self.output()
        assert not out and "lifestream createsuperuser" in err


class Interruption(threading.Event):
    """Is set between the first time that it is asked and the second."""

    def is_set(self) -> bool:
        was_set = super().is_set()
        self.set()
        return was_set


@pytest.mark.django_db(transaction=True)
@override_settings(LIFESTREAM_REPORT_TO=["owner@a.example"])
@pytest.mark.parametrize(("stopping", "sent"), [(threading.Event(), 1), (Interruption(), 0)])
def test_a_server_that_ends_during_its_daily_work_sends_no_mail(stopping: threading.Event, sent: int) -> None:
    make_subscription(make_feed(failures=9, last_success=timezone.now() - timedelta(days=30)))
    _daily_work(stopping)
    assert len(mail.outbox) == sent
