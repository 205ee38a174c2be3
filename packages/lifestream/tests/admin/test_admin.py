"""The admin, for superusers and for those who see only what is theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from factories import make_feed, make_lifestream
from lifestream.models import Feed, Fetch, Item, Lifestream, Post, Subscription, Tombstone
from lifestream.storage import credentials
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
MODELS = ("lifestream", "feed", "fetch", "subscription", "item", "post")


def editor(name: str = "editor") -> User:
    """One of the staff, who may do all with our models that Django's permissions allow."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="lifestream"))
    return user


@pytest.fixture
def root(client: Client) -> Client:
    """The browser of a superuser."""
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def mine(client: Client) -> Lifestream:
    """A lifestream of the editor whose browser `client` is."""
    user = editor()
    client.force_login(user)
    return make_lifestream("mine", owner=user)


def act(client: Client, model: str, action: str, *rows: Any) -> str:
    """Runs *action* on *rows* of the list of *model*, and returns the page that comes of it."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(f"/admin/lifestream/{model}/", data, follow=True).content.decode()


def listed(client: Client, model: str, query: str = "") -> str:
    response = client.get(f"/admin/lifestream/{model}/{query}")
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_every_list_is_there_with_its_search_and_its_rows(root: Client, model: str) -> None:
    post = make_post(make_site(make_lifestream(title="Planet"), "A Site"), "A title", tags=("t",))
    Fetch.objects.create(feed=post.item.feed, started=timezone.now(), outcome="new", status=200, new=1)
    page = listed(root, model)
    models: list[Any] = [Lifestream, Feed, Fetch, Subscription, Item, Post]
    row = models[MODELS.index(model)].objects.get()
    assert f"/admin/lifestream/{model}/{row.pk}/change/" in page
    assert root.get(f"/admin/lifestream/{model}/{row.pk}/change/").status_code == 200
    assert "0 results" in listed(root, model, "?q=nowhere")


def test_the_list_of_feeds_tells_health_next_fetch_and_why(root: Client) -> None:
    hour = timedelta(hours=1)
    make_feed(title="Failing", last_fetch=timezone.now() - hour, failures=3, last_status="500", last_error="oh no",
              next_fetch=timezone.now() + 2 * hour, next_reason="three failures in a row")  # fmt: skip
    page = listed(root, "feed")
    for words in ("failing, 3 times", "oh no", "three failures in a row", "hour ago", "500"):
        assert words in page.replace("\xa0", " ")


def test_a_feed_tells_each_time_that_its_next_fetch_was_chosen_from(root: Client) -> None:
    candidates = [["2026-03-01T13:00:00+00:00", "our own interval"], ["2026-03-01T14:00:00+00:00", "max-age <b>"]]
    feed = make_feed(candidates=candidates)
    page = root.get(f"/admin/lifestream/feed/{feed.pk}/change/").content.decode().replace("\xa0", " ")
    assert "<li>March 1, 2026, 1 p.m.: our own interval</li>" in page
    assert "<li>March 1, 2026, 2 p.m.: max-age &lt;b&gt;</li>" in page


def test_fetches_that_came_to_the_same_are_one_line_with_their_number(root: Client) -> None:
    now = timezone.now()
    hour = timedelta(hours=1)
    fields = {"outcome": "not modified", "status": 304, "reason": "the feed publishes twice a week"}
    Fetch.objects.create(feed=make_feed(), started=now - 30 * hour, latest=now - hour, count=30, **fields)
    page = listed(root, "fetch").replace("\xa0", " ")
    assert "30 times since 1 day, 6 hours ago" in page
    assert "the feed publishes twice a week" in page


@pytest.mark.parametrize(
    ("health", "fields"),
    [
        ("ok", {"last_fetch": timezone.now()}),
        ("new", {}),
        ("failing", {"last_fetch": timezone.now(), "failures": 1}),
        ("paused", {"status": "paused"}),
        ("gone", {"status": "gone"}),
    ],
)
def test_feeds_can_be_filtered_by_health(root: Client, health: str, fields: dict[str, Any]) -> None:
    feed = make_feed(title="Wanted feed", **fields)
    others: list[dict[str, Any]] = [
        {"last_fetch": timezone.now()},
        {},
        {"status": "paused"},
        {"status": "gone"},
        {"last_fetch": timezone.now(), "failures": 1},
    ]
    for number, other in enumerate(others):
        make_feed(title=f"Other {number}", **other)
    assert feed.health == health
    page = listed(root, "feed", f"?health={health}")
    assert "Wanted feed" in page and page.count(">Other ") == 1


def test_feeds_are_paused_and_resumed(root: Client) -> None:
    active, gone = make_feed(), make_feed(status="gone", failures=5)
    assert "1 feed was paused" in act(root, "feed", "pause", active, gone)
    assert set(Feed.objects.values_list("status", flat=True)) == {"paused", "gone"}
    assert "2 feeds were resumed" in act(root, "feed", "resume", active, gone)
    for feed in Feed.objects.all():
        assert (feed.status, feed.failures, feed.next_reason) == ("active", 0, "resumed")
        assert feed.next_fetch <= timezone.now()


def test_posts_are_hidden_published_and_removed(root: Client) -> None:
    post = make_post(make_site(make_lifestream("main")), "A title")
    act(root, "post", "hide", post)
    assert root.get("/main/").content.count(b"A title") == 0
    act(root, "post", "remove", post)
    post.refresh_from_db()
    assert (post.hidden, post.removed) == (True, True)
    act(root, "post", "publish", post)
    assert root.get("/main/").content.count(b"A title") > 0


def test_an_item_that_a_superuser_deletes_leaves_a_tombstone(root: Client) -> None:
    one, other = (make_post(make_site()).item for _ in range(2))
    root.post(f"/admin/lifestream/item/{one.pk}/delete/", {"post": "yes"})
    data = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    root.post("/admin/lifestream/item/", data)
    assert Item.objects.count() == 0
    assert set(Tombstone.objects.values_list("key_hash", flat=True)) == {one.key_hash, other.key_hash}


def test_the_plugin_of_a_feed_is_chosen_from_those_that_are_there(root: Client) -> None:
    feed = make_feed(title="A feed")
    page = root.get(f"/admin/lifestream/feed/{feed.pk}/change/").content.decode()
    assert '<option value="youtube">' in page
    root.post(f"/admin/lifestream/feed/{feed.pk}/change/", {"title": "A feed", "site_url": "", "plugin": "youtube"})
    feed.refresh_from_db()
    assert feed.plugin == "youtube"


def test_credentials_are_on_no_page(root: Client) -> None:
    sealed = credentials.seal("name:opensesame")
    site = make_site(make_lifestream(), "Sesame", credentials=sealed)
    for address in (f"feed/{site.feed_id}/change/", "feed/", f"subscription/{site.pk}/change/", "subscription/"):
        page = root.get(f"/admin/lifestream/{address}").content.decode()
        assert "Sesame" in page and "opensesame" not in page and str(sealed) not in page
    assert "with a login" in listed(root, "feed")


@pytest.mark.parametrize("model", MODELS)
def test_others_are_not_seen(client: Client, mine: Lifestream, model: str) -> None:
    own = make_post(make_site(mine, "Mine site"), "Mine title")
    other = make_post(make_site(make_lifestream("theirs", owner=editor("other"), title="Theirs lifestream"),
                                "Theirs site"), "Theirs title")  # fmt: skip
    for post in (own, other):
        Fetch.objects.create(feed=post.item.feed, started=timezone.now(), outcome="new", message=post.item.title)
    page = listed(client, model)
    assert "ine" in page and "Theirs" not in page
    rows = {"lifestream": other.lifestream, "feed": other.item.feed, "fetch": other.item.feed.fetches.get(),
            "subscription": other.subscription, "item": other.item, "post": other}  # fmt: skip
    for page_ in ("change", "delete", "history"):
        response = client.get(f"/admin/lifestream/{model}/{rows[model].pk}/{page_}/")
        # Django leads away from what does not exist for the visitor; nothing may be deleted at all of some kinds.
        assert response.status_code in (302, 403)


def test_others_are_not_changed(client: Client, mine: Lifestream) -> None:
    theirs = make_post(make_site(make_lifestream(owner=editor("other"))))
    act(client, "post", "hide", theirs)
    act(client, "subscription", "pause", theirs.subscription)
    act(client, "lifestream", "make_private", theirs.lifestream)
    assert not Post.objects.filter(hidden=True) and not Subscription.objects.filter(paused=True)
    assert not Lifestream.objects.filter(is_public=False)


def test_a_feed_that_is_shared_is_changed_by_superusers_only(client: Client, mine: Lifestream) -> None:
    site = make_site(mine, "Its title")
    address = f"/admin/lifestream/feed/{site.feed_id}/"
    assert client.get(f"{address}change/").status_code == 200
    assert client.post(f"{address}change/", {"title": "Other"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    act(client, "feed", "pause", site.feed)
    assert Feed.objects.get().status == "active"


def test_items_are_deleted_by_superusers_only(client: Client, mine: Lifestream) -> None:
    item = make_post(make_site(mine)).item
    assert client.post(f"/admin/lifestream/item/{item.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Item.objects.exists()


def test_a_feed_with_credentials_is_seen_by_its_subscriber_only(client: Client, mine: Lifestream) -> None:
    make_site(mine, "Sesame", credentials=credentials.seal("a:b"))
    assert "Sesame" in listed(client, "feed")
    client.force_login(editor("other"))
    assert "Sesame" not in listed(client, "feed")


def test_what_an_editor_makes_is_theirs(client: Client, mine: Lifestream) -> None:
    other = editor("other")
    data = {"title": "New", "slug": "new", "tagline": "", "is_public": "on", "owner": other.pk}
    client.post("/admin/lifestream/lifestream/add/", data)
    assert Lifestream.objects.get(slug__startswith="new-").owner == mine.owner


def test_an_editor_subscribes_only_their_own_lifestreams(client: Client, mine: Lifestream) -> None:
    theirs = make_lifestream("theirs", title="Theirs", owner=editor("other"))
    page = client.get("/admin/lifestream/subscription/add/").content.decode()
    assert "mine</option>" in page and "Theirs" not in page
    known = make_feed("https://known.example/feed", title="Known")
    response = client.post("/admin/lifestream/subscription/add/", {"url": known.url, "lifestream": theirs.pk})
    assert "Select a valid choice" in response.content.decode() and not Subscription.objects.exists()


def test_a_subscription_is_renamed_filed_and_given_rules(client: Client, mine: Lifestream) -> None:
    site = make_site(mine)
    make_post(site, "An advertisement")
    late = make_post(site, "A story")
    late.delete()
    address = f"/admin/lifestream/subscription/{site.pk}/change/"
    data = {"name": "Named", "folder": "News", "keep_rules": "story", "block_rules": "link:"}
    assert "link:" in (page := client.post(address, data).content.decode()) and 'class="errorlist"' in page
    assert client.post(address, {**data, "block_rules": ""}).status_code == 302
    site.refresh_from_db()
    assert (site.display_name, site.folder, site.keep_rules) == ("Named", "News", "story")
    # What the new rules let pass and was not there is shown now.
    assert Post.objects.filter(item=late.item_id).exists()


def test_a_subscription_is_paused_and_shows_later_what_came_meanwhile(client: Client, mine: Lifestream) -> None:
    site = make_site(mine)
    missed = make_post(site, "Missed")
    missed.delete()
    assert "1 subscription was paused" in act(client, "subscription", "pause", site)
    assert "1 subscription was resumed" in act(client, "subscription", "resume", site)
    assert Post.objects.filter(item=missed.item_id).exists()


def test_the_add_button_of_feeds_leads_to_the_form_that_fetches(root: Client) -> None:
    response = root.get("/admin/lifestream/feed/add/")
    assert (response.status_code, response["Location"]) == (302, "/admin/lifestream/subscription/add/")


def test_staff_without_permissions_see_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    for model in MODELS:
        assert client.get(f"/admin/lifestream/{model}/").status_code == 403


def test_an_owner_unsubscribes_and_the_posts_go_along(client: Client, mine: Lifestream) -> None:
    site = make_site(mine, "No longer")
    make_post(site)
    address = f"/admin/lifestream/subscription/{site.pk}/delete/"
    assert "No longer" in client.get(address).content.decode()
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not Subscription.objects.exists() and not Post.objects.exists() and Item.objects.exists()


def test_a_user_is_deleted_with_all_that_was_theirs(root: Client) -> None:
    owner = editor()
    make_post(make_site(make_lifestream(owner=owner)))
    assert root.post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Lifestream.objects.exists() and not Post.objects.exists()


def test_a_feed_is_deleted_with_its_log_and_its_items(root: Client) -> None:
    post = make_post(make_site())
    Fetch.objects.create(feed=post.item.feed, started=timezone.now(), outcome="new")
    data = {"action": "delete_selected", "_selected_action": [post.item.feed_id], "post": "yes"}
    root.post("/admin/lifestream/feed/", data)
    assert not Feed.objects.exists() and not Item.objects.exists() and not Fetch.objects.exists()
