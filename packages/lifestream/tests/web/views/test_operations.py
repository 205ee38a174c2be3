"""Addresses for monitoring: whether the site is alive and ready, and its metrics, which are not for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, override_settings

from lifestream.web.proxy_headers import FORWARDED
from lifestream.web.views import operations

pytestmark = [pytest.mark.django_db, pytest.mark.urls("lifestream.site.urls")]
STRANGER: Any = {"REMOTE_ADDR": "203.0.113.9"}


def test_everybody_may_ask_whether_the_site_is_alive_and_ready(client: Client) -> None:
    for address, text in (("/healthz", b"ok\n"), ("/readyz", b"ready\n")):
        answer = client.get(address, **STRANGER)
        assert (answer.status_code, answer.content) == (200, text)
        assert "no-store" in answer["Cache-Control"]


def test_the_reason_why_the_site_is_not_ready_is_for_the_operator(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise OperationalError("connection to 10.1.2.3 refused")

    monkeypatch.setattr(operations, "why_not_ready", fail)
    answer = client.get("/readyz", **STRANGER)
    assert (answer.status_code, answer.content) == (503, b"not ready\n")
    assert b"10.1.2.3" in client.get("/readyz").content


def test_each_time_that_the_site_stops_being_ready_is_logged_once(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(operations, "READINESS", operations.Readiness())
    for reason, status in (("No table.", 503), ("No table.", 503), ("", 200), ("Still none.", 503), ("Encore.", 503)):
        monkeypatch.setattr(operations, "why_not_ready", lambda reason=reason: reason)
        assert client.get("/readyz").status_code == status
    said = [each.getMessage() for each in caplog.records if each.name == operations.log.name]
    assert said == ["not ready: No table.", "not ready: Still none."]


def test_the_metrics_are_for_this_machine(client: Client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"lifestream_feeds_failing 0" in answer.content


@pytest.mark.parametrize(
    "sent",
    [
        STRANGER,
        {"REMOTE_ADDR": ""},
        {FORWARDED: True},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_the_metrics_are_for_other_machines_only_if_they_are_named(sent: Any, client: Client) -> None:
    assert client.get("/metrics", **sent).status_code == 404
    with override_settings(LIFESTREAM_METRICS_FROM=["203.0.113.0/24"]):
        assert client.get("/metrics", **sent).status_code == (200 if sent is STRANGER else 404)
