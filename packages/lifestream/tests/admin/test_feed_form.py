"""How a feed is fetched: a superuser sets it in the admin, also for many feeds at once. The list of subscriptions sets
folders.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models.signals import pre_save
from django.test import Client, override_settings

from admin_users import act, editor
from factories import make_feed, make_lifestream, make_subscription
from lifestream.models import Feed, Subscription
from lifestream.storage.feed_options import FeedOptions, Secrets, secrets_of

pytestmark = pytest.mark.django_db
URL = "https://a.example/feed"


@pytest.fixture
def root(client: Client) -> Client:
    """Return a client that is logged in as a superuser."""
    client.force_login(User.objects.create_superuser("root"))
    return client


def page_of(client: Client, feed: Feed) -> str:
    return client.get(f"/admin/lifestream/feed/{feed.pk}/change/").content.decode()


def post(client: Client, feed: Feed, **fields: Any) -> str:
    """Send the form with *fields*, and, as a browser does, with all other fields as they are shown."""
    (options, _), secrets = FeedOptions.readable(feed.options), secrets_of(feed.credentials)
    shown = {
        "title": feed.title, "site_url": feed.site_url, "plugin": feed.plugin, "new_url": feed.url,
        "interval": options.interval / 3600 or "", "user_agent": options.user_agent,
        "login": secrets.login.partition(":")[0], "proxy": options.proxy, "certificates": options.certificates,
        "unverified": None if options.verifies else "on", "full_content": "on" if options.full_content else None,
    }  # fmt: skip
    sent = {name: value for name, value in (shown | fields).items() if value is not None}
    page = client.post(f"/admin/lifestream/feed/{feed.pk}/change/", sent, follow=True).content.decode()
    feed.refresh_from_db()
    return page


@pytest.mark.slow
def test_options_and_secrets_are_set_and_no_secret_is_shown(root: Client) -> None:
    feed = make_feed(URL, etag='"v1"')
    page = post(
        root, feed, interval="6", user_agent="Mine/1", login="ada", password=" s3cret ", headers="X-Key: t0ken",
        proxy="http://p:pr0xy@10.0.0.1:3128", unverified="on", full_content="on",
    )  # fmt: skip
    assert "Its certificate is not verified any more" in page
    assert "check which address its proxy asks" in page
    assert FeedOptions.from_json(feed.options) == FeedOptions(
        21600.0, "Mine/1", verifies=False, proxy="http://p:pr0xy@10.0.0.1:3128", full_content=True
    )
    assert secrets_of(feed.credentials) == Secrets("ada: s3cret ", (("X-Key", "t0ken"),))
    assert feed.etag == ""
    texts = page + page_of(root, feed) + "".join(entry.change_message for entry in LogEntry.objects.all())
    assert not any(secret in texts for secret in ("s3cret", "t0ken", "pr0xy"))
    assert "Set: X-Key." in page_of(root, feed)


@pytest.mark.slow
def test_fields_that_are_not_entered_stay(root: Client) -> None:
    feed = make_feed(URL, credentials=Secrets("ada:pw", (("X-Key", "t0ken"),)).sealed())
    feed.options = FeedOptions(7200.0, proxy="http://p:pw@10.0.0.1:1").as_json()
    feed.save()
    before = Feed.objects.filter(pk=feed.pk).values("options", "credentials", "next_fetch").get()
    post(root, feed, proxy="http://***@10.0.0.1:1", title="Another title")
    assert feed.title == "Another title"
    assert Feed.objects.filter(pk=feed.pk).values("options", "credentials", "next_fetch").get() == before
    post(root, feed, proxy="http://***@10.0.0.1:1", login="eve")
    assert secrets_of(feed.credentials).login == "eve:pw"
    post(root, feed, proxy="", login="", headers="-")
    assert (feed.credentials, feed.options) == ("", {"interval": 7200.0})


def test_a_feed_with_another_url_is_asked_anew(root: Client) -> None:
    feed = make_feed(URL, etag='"v1"')
    post(root, feed, new_url="https://b.example/feed")
    assert (feed.url, feed.etag) == ("https://b.example/feed", "")


def test_the_subscriptions_move_to_the_feed_that_has_the_new_url_already(root: Client) -> None:
    feed = make_feed(URL)
    there = make_feed("https://c.example/feed")
    subscription = make_subscription(feed, make_lifestream())
    assert "Its subscriptions have moved" in post(root, feed, new_url="https://c.example/feed")
    subscription.refresh_from_db()
    assert subscription.feed == there


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"new_url": "ftp://b.example/"}, "its scheme is ftp, not http or https"),
        ({"interval": "0.1"}, "the interval is to be from 1 hour to 7 days"),
        ({"headers": "Host: x"}, "the header Host is set by lifestream itself"),
        ({"proxy": "nonsense"}, "a proxy is written as http://proxy.example:3128"),
        ({"certificates": "nonsense"}, "it holds no certificate in PEM"),
    ],
)
def test_a_refused_value_is_reported_and_nothing_is_changed(root: Client, fields: dict[str, str], words: str) -> None:
    feed = make_feed(URL, etag='"v1"')
    assert words in post(root, feed, title="Other", **fields)
    assert (feed.title == "Other", feed.options, feed.etag) == (False, {}, '"v1"')


def test_others_than_superusers_neither_see_nor_change_how_a_feed_is_fetched(client: Client) -> None:
    user = editor()
    client.force_login(user)
    feed = make_feed(URL, options=FeedOptions(user_agent="Mine/1").as_json())
    make_subscription(feed, make_lifestream("mine", owner=user))
    assert "Mine/1" not in page_of(client, feed)
    assert client.post(f"/admin/lifestream/feed/{feed.pk}/change/", {"user_agent": "x"}).status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize("options", [["x"], {"proxy": 5}, {"interval": "soon"}, {"certificates": [1]}])
def test_the_form_of_a_feed_with_damaged_options_is_shown(root: Client, options: Any) -> None:
    feed = make_feed(URL, options=options)
    assert URL in page_of(root, feed)
    post(root, feed, user_agent="Mine/1")
    feed.refresh_from_db()
    assert feed.options["user_agent"] == "Mine/1"


def test_many_feeds_are_changed_at_once(root: Client) -> None:
    feeds = [make_feed(), make_feed()]
    act(root, "feed", "take_full_content", *feeds)
    assert [each.options for each in Feed.objects.all()] == [{"full_content": True}] * 2
    act(root, "feed", "take_own_content", *feeds)
    assert [each.options for each in Feed.objects.all()] == [{}] * 2


def test_feeds_that_are_deleted_while_others_are_changed_are_left_out(root: Client) -> None:
    feeds = [make_feed(), make_feed()]

    def delete_others(instance: Feed, **_: object) -> None:
        Feed.objects.exclude(pk=instance.pk)._raw_delete("default")

    pre_save.connect(delete_others, Feed)
    try:
        assert "1 feed was changed." in act(root, "feed", "take_full_content", *feeds)
    finally:
        pre_save.disconnect(delete_others, Feed)
    assert Feed.objects.get().options == {"full_content": True}


def test_folders_are_changed_in_the_list_of_subscriptions(root: Client) -> None:
    subscriptions = [make_subscription(make_feed(), make_lifestream()) for _ in range(2)]
    fields = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2", "_save": "Save"}
    folders = {}
    for number, subscription in enumerate(reversed(subscriptions)):
        fields |= {f"form-{number}-id": str(subscription.pk), f"form-{number}-folder": f"News {number}"}
        folders[subscription.pk] = f"News {number}"
    root.post("/admin/lifestream/subscription/", fields)
    assert dict(Subscription.objects.values_list("pk", "folder")) == folders


@pytest.mark.slow
@override_settings(LIFESTREAM_PLUGINS=["no.such.Plugin"])
def test_a_feed_can_be_edited_while_a_plugin_of_the_site_cannot_be_used(root: Client) -> None:
    feed = make_feed(URL, plugin="mine")
    assert "LIFESTREAM_PLUGINS: the plugin &#x27;no.such.Plugin&#x27; can&#x27;t be imported" in page_of(root, feed)
    post(root, feed, interval="6")
    assert (feed.plugin, FeedOptions.from_json(feed.options).interval) == ("mine", 21600.0)
