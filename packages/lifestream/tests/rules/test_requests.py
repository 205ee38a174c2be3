"""Rules 24 and 25: what a request says of us, and how many requests are sent."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import override_settings

from factories import make_subscription
from feedserver import Request, Response
from lifestream.models import Item
from rules.ruled import RuleTestCase
from served import feed, rss


class Requests(RuleTestCase):
    def asked_of_a_server_that_redirects_and_sets_cookies(self) -> list[Request]:
        cookie = {"Set-Cookie": "id=1; Path=/"}
        made = self.subscribe("/feed?format=rss", Response(status=301, headers={**cookie, "Location": "/new?a=%7Eb&c"}))
        make_subscription(made)
        self.feedserver.add("/new", Response(rss("one"), headers={**cookie, "ETag": '"v1"'}, coding="gzip"))
        for _ in range(4):
            assert not self.refresh_next(made).failed
        return self.asked()

    @pytest.mark.slow
    @pytest.mark.rule(24)
    @override_settings(LIFESTREAM_CONTACT="https://planet.example/about")
    def test_the_user_agent_is_stable_and_has_name_version_contact_and_subscribers(self) -> None:
        [agent] = {
            request.headers["User-Agent"] for request in self.asked_of_a_server_that_redirects_and_sets_cookies()
        }
        name, _, rest = agent.partition("/")
        version, _, about = rest.partition(" ")
        assert name == "lifestream"
        assert version[0].isdigit()
        assert about == "(+https://planet.example/about; 2 subscribers)"

    @pytest.mark.rule(24)
    def test_gzip_is_accepted_and_understood(self) -> None:
        for request in self.asked_of_a_server_that_redirects_and_sets_cookies():
            assert "gzip" in request.headers["Accept-Encoding"]
        assert self.feedserver.journal.filter(status=200)[0].response.headers["Content-Encoding"] == "gzip"
        assert self.titles() == ["one"]

    @pytest.mark.rule(24)
    def test_there_is_no_cookie_of_an_earlier_fetch_no_referer_and_nothing_added_to_the_query(self) -> None:
        requests = self.asked_of_a_server_that_redirects_and_sets_cookies()
        for request in requests:
            assert not {"Referer", "From", "Authorization"} & set(request.headers)
            assert request.method == "GET"
        # A cookie that a redirect sets is for the rest of the same fetch: without it, many sites redirect for ever.
        cookies = [(request.path, request.headers.get("Cookie")) for request in requests]
        assert cookies == [("/feed", None), ("/new", "id=1")] * 3 + [("/new", None)]
        assert {request.target for request in requests} == {"/feed?format=rss", "/new?a=%7Eb&c"}

    @pytest.mark.rule(25)
    def test_adding_a_feed_is_one_get_of_it(self) -> None:
        self.feedserver.add("/feed", feed())
        call_command("add_feed", self.get_url("/feed"), verbosity=0)
        call_command("update_feeds", verbosity=0)
        assert [(request.method, request.path) for request in self.asked()] == [("GET", "/feed")]
        assert Item.objects.count() == 2

    @pytest.mark.slow
    @pytest.mark.rule(25)
    def test_adding_the_feed_of_a_page_is_one_get_of_each(self) -> None:
        link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
        self.feedserver.add("/", Response(f"<html><head>{link}</head></html>", headers={"Content-Type": "text/html"}))
        self.feedserver.add("/feed", feed())
        call_command("add_feed", self.get_url("/"), verbosity=0)
        assert [request.path for request in self.asked()] == ["/", "/feed"]
