"""What belongs to others: a user can neither see nor change it, and cannot even learn that it exists."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from factories import make_feed, make_lifestream, make_subscription
from lifestream.models import Feed, Lifestream
from shown import make_post

pytestmark = pytest.mark.django_db


@pytest.fixture
def feed() -> Feed:
    return make_feed(title="Shared")


@pytest.fixture
def theirs(feed: Feed) -> Lifestream:
    """Return a private lifestream of somebody else, with a feed that the lifestream `mine` has, too."""
    lifestream = make_lifestream("secret-plans", owner=User.objects.create_user("ines"), is_public=False)
    subscription = make_subscription(feed, lifestream)
    subscription.posts.all().delete()
    make_post(subscription, "Theirs", tags=("hidden-tag",))
    return lifestream


@pytest.fixture
def mine(feed: Feed) -> Lifestream:
    ruth = User.objects.create_user("ruth", is_staff=True)
    ruth.user_permissions.set(Permission.objects.filter(content_type__app_label="lifestream"))
    lifestream = make_lifestream("mine", owner=ruth)
    make_post(make_subscription(feed, lifestream), "Mine")
    return lifestream


@pytest.fixture
def staff(client: Client, mine: Lifestream) -> Client:
    assert mine.owner is not None
    client.force_login(mine.owner)
    return client


@pytest.mark.slow
@pytest.mark.parametrize("model", ["feed", "item", "fetch", "post", "subscription", "lifestream"])
def test_no_list_can_be_filtered_by_rows_of_others(staff: Client, theirs: Lifestream, model: str) -> None:
    subscription, post = theirs.subscriptions.get(), theirs.posts.get()
    assert theirs.owner is not None
    for lookup in (
        f"lifestreams={theirs.pk}", f"lifestreams__id={theirs.pk}", f"lifestreams__slug__startswith={theirs.slug[:3]}",
        f"subscriptions={subscription.pk}", f"subscriptions__id__gt={subscription.pk - 1}", f"posts={post.pk}",
        f"subscriptions__lifestream__owner={theirs.owner.pk}", f"feed__subscriptions={subscription.pk}",
        f"feed__lifestreams={theirs.pk}", f"feed__url__startswith={subscription.feed.url[:9]}",
        f"lifestream__owner__username={theirs.owner.username}", "owner__password__startswith=p",
        f"item__posts={post.pk}", "credentials__startswith=g", "posts__isnull=0", "feed__credentials=x",
        f"subscription__lifestream={theirs.pk}", "claim_token=x",
    ):  # fmt: skip
        page = f"/admin/lifestream/{model}/"
        response = staff.get(f"{page}?{lookup}")
        # The lookup is refused: the answer never depends on rows of others.
        assert response.status_code == 400, f"{model} {lookup}"


@pytest.mark.parametrize(
    "lookup", ["feed/?url__regex=[", "feed/?title__lower__iregex=(a%2B)%2B$", "item/?link__regex=a"]
)
def test_no_list_can_be_filtered_by_a_regular_expression(staff: Client, admin_client: Client, lookup: str) -> None:
    for client in (staff, admin_client):
        client.raise_request_exception = False
        assert client.get(f"/admin/lifestream/{lookup}").status_code == 400


@pytest.mark.parametrize("list_and_choice", ["feed/?health=new", "post/?shown=yes", "fetch/?answer=2xx"])
def test_a_user_can_use_the_filters_of_a_list(staff: Client, list_and_choice: str) -> None:
    assert staff.get(f"/admin/lifestream/{list_and_choice}").status_code == 200


@pytest.mark.slow
def test_a_row_of_another_user_is_answered_as_one_that_does_not_exist(staff: Client, theirs: Lifestream) -> None:
    for model, pk in (
        ("lifestream", theirs.pk),
        ("subscription", theirs.subscriptions.get().pk),
        ("post", theirs.posts.get().pk),
    ):
        for page in ("change", "delete", "history"):
            answers = []
            for key in (pk, 10**9):
                response = staff.get(f"/admin/lifestream/{model}/{key}/{page}/", follow=True)
                messages = [str(message) for message in response.context["messages"]] if response.context else []
                answers.append((response.status_code, [text.replace(str(key), "N") for text in messages]))
            assert answers[0] == answers[1], f"{model} {page}"


@pytest.mark.slow
def test_autocompletion_and_the_choices_of_forms_offer_ones_own_rows_only(
    staff: Client, mine: Lifestream, theirs: Lifestream
) -> None:
    url = "/admin/autocomplete/?app_label=lifestream&model_name=subscription&field_name=lifestream&term="
    found = staff.get(url).json()["results"]
    assert [each["id"] for each in found] == [str(mine.pk)]
    assert theirs.title not in staff.get("/admin/lifestream/subscription/add/").content.decode()
    values = {"url": "http://127.0.0.1:9/", "lifestream": theirs.pk, "name": "", "folder": ""}
    errors = []
    for key in (theirs.pk, 10**9):
        page = staff.post("/admin/lifestream/subscription/add/", {**values, "lifestream": key}).content.decode()
        errors.append(re.findall(r'<ul class="errorlist".*?</ul>', page, re.DOTALL))
    assert errors[0] == errors[1] and errors[0]


@pytest.mark.slow
def test_how_many_others_have_a_feed_is_not_reported(
    staff: Client, admin_client: Client, feed: Feed, theirs: Lifestream
) -> None:
    assert '<td class="field-subscribers">2</td>' in admin_client.get("/admin/lifestream/feed/").content.decode()
    ruths_client = Client()
    ruths_client.force_login(User.objects.get(username="ruth"))
    assert '<td class="field-subscribers">1</td>' in ruths_client.get("/admin/lifestream/feed/").content.decode()


def test_how_many_others_have_a_feed_is_not_reported_on_the_owners_page_either(
    staff: Client, admin_client: Client, mine: Lifestream, theirs: Lifestream
) -> None:
    page = f"/mine/manage/sites/{mine.subscriptions.get().pk}/"
    counts = [re.search(r"<dt>subscribers</dt><dd[^>]*>(\w+)", client.get(page).content.decode())
              for client in (staff, admin_client)]  # fmt: skip
    assert [count and count[1] for count in counts] == ["1", "2"]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["anybody", "another"])
def test_a_private_page_is_answered_as_one_that_does_not_exist(
    client: Client, mine: Lifestream, theirs: Lifestream, who: str
) -> None:
    if who == "another":
        assert mine.owner is not None
        client.force_login(mine.owner)
    subscription, item = theirs.subscriptions.get().pk, theirs.posts.get().item_id
    Feed.objects.update(icon=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10")
    own = mine.subscriptions.get().pk
    assert client.get(f"/mine/sites/{own}/icon").status_code == 200
    for path in (
        "", "feed.atom", "subscriptions.opml", "2026/10/2/", f"items/{item}/", "search/?q=x", "search/", "sites/",
        f"sites/{subscription}/", f"sites/{subscription}/icon", "tags/", "tags/hidden-tag/", "search/feed.rss?q=x",
    ):  # fmt: skip
        there, nowhere = (client.get(f"/{slug}/{path}") for slug in (theirs.slug, "no-such-plans"))
        assert there.status_code == nowhere.status_code == 404, path
        assert there.content == nowhere.content and there.headers == nowhere.headers, path
    # A public lifestream does not show them either.
    for path in (f"items/{item}/", f"sites/{subscription}/", "tags/hidden-tag/"):
        assert client.get(f"/mine/{path}").content == client.get("/mine/tags/never-used/").content, path
