"""Titles that turn text around (U+202E): in the admin, the text beside them is not turned."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from feedserver import Response
from lifestream.models import Feed, Fetch, Item, Post, Subscription
from lifestream.refresh.additions import add_wanted
from rules.ruled import RuleTestCase
from served import rss

TURNING = "\u202egnp.exe\u2067"
LONG = " word" * 40
_ENDS = {**dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"), **dict.fromkeys("\u2066\u2067\u2068", "\u2069")}
# Text that is alone in an element that is a paragraph of its own, or in an attribute.
_ALONE = re.compile(r'<div class="readonly">[^<]*</div>|<td class="field-author">[^<]*</td>|(?:value|href)="[^"]*"')


def turned(html: str) -> list[str]:
    """Return the pieces of text in *html* that turn what follows them."""
    found = []
    for piece in re.findall(r"[^<>]+", _ALONE.sub("", html)):
        open_ends: list[str] = []
        for character in piece:
            if character in _ENDS:
                open_ends.append(_ENDS[character])
            elif open_ends and character == open_ends[-1]:
                open_ends.pop()
        if open_ends:
            found.append(piece)
    return found


class Admin(RuleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client = Client()
        self.client.force_login(User.objects.create_superuser("root", password="x"))
        head = f"<description>About{TURNING}</description>"
        document = Response(rss(f"One{TURNING}{LONG}", title=f"Feed{TURNING}{LONG}", head=head))
        self.made = self.subscribe("/feed", document, Response("", status=404), title=f"Feed{TURNING}{LONG}")
        self.refresh()

    def _ask(self, address: str, form: dict[str, Any] | None = None) -> str:
        ask = self.client.post if form is not None else self.client.get
        text: str = ask(address, form, follow=True).content.decode()
        return text

    @pytest.mark.slow
    def test_no_page_and_no_message_is_turned_around(self) -> None:
        rows: list[Any] = [model._default_manager.get() for model in (Feed, Fetch, Item, Post, Subscription)]
        answers: dict[str, str] = {}
        for row in rows:
            address = f"/admin/lifestream/{type(row).__name__.lower()}/"
            for page in ("", f"{row.pk}/change/", f"{row.pk}/delete/", f"{row.pk}/history/"):
                answers[address + page] = self._ask(address + page)
        feeds, subscriptions = "/admin/lifestream/feed/", "/admin/lifestream/subscription/"
        keys = {feeds: self.made.pk, subscriptions: self.made.subscriptions.get().pk}
        for action in ("update_now", "pause", "resume", "delete_selected"):
            for address in (feeds, subscriptions):
                chosen = keys[address]
                answers[f"{address} {action}"] = self._ask(address, {"action": action, "_selected_action": chosen})
        self.feedserver.add("/other", Response(rss("a", title=f"Other{TURNING}")))
        lifestream = self.made.subscriptions.get().lifestream_id
        form = {"url": self.get_url("/other"), "lifestream": lifestream, "name": "", "folder": ""}
        answers["entered"] = self._ask(f"{subscriptions}add/", form)
        add_wanted()
        answers["added"] = self._ask(f"{subscriptions}additions/")
        answers["there already"] = self._ask(f"{subscriptions}add/", form)
        changed = {"name": "", "folder": "x", "_continue": "1"}
        answers["changed"] = self._ask(f"{subscriptions}{Subscription.objects.order_by('pk')[0].pk}/change/", changed)

        assert {address: pieces for address, html in answers.items() if (pieces := turned(html))} == {}
        assert all(
            "gnp.exe" in answers[name]
            for name in (feeds, f"{feeds} delete_selected", "added", "there already", "changed")
        )
