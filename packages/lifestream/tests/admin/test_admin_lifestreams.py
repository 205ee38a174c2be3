"""Lifestreams in the admin: the answer about a slug reveals nothing about the lifestreams of others."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from factories import make_feed, make_lifestream, make_subscription
from lifestream.admin.lifestreams import SUFFIX_LENGTH
from lifestream.models import Feed, Lifestream
from shown import make_post

pytestmark = pytest.mark.django_db
ADD = "/admin/lifestream/lifestream/add/"

CHOSEN = {"shown": "summary", "words": 60, "site_order": "name", "shows_authors": "on"}
"""What a form sends for fields that nobody has changed."""


@pytest.fixture
def feed() -> Feed:
    return make_feed(title="Shared")


@pytest.fixture
def theirs(feed: Feed) -> Lifestream:
    """Return a private lifestream of somebody else, with a feed that the visitor has too."""
    lifestream = make_lifestream("secret-plans", owner=User.objects.create_user("ines"), is_public=False)
    make_post(make_subscription(feed, lifestream), "Theirs", tags=("hidden-tag",))
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


def add(client: Client, slug: str) -> Lifestream:
    before = set(Lifestream.objects.values_list("pk", flat=True))
    response = client.post(ADD, {"slug": slug, "title": "New", "tagline": "", **CHOSEN, "is_public": "on"})
    assert response.status_code == 302, response.content.decode()
    return Lifestream.objects.exclude(pk__in=before).get()


@pytest.mark.parametrize("slug", ["secret-plans", "mine", "free"])
def test_a_taken_slug_and_a_free_one_are_answered_the_same(staff: Client, theirs: Lifestream, slug: str) -> None:
    made = add(staff, slug)
    assert re.fullmatch(rf"{slug}-[a-z2-9]{{{SUFFIX_LENGTH}}}", made.slug)
    assert staff.get(f"/{made.slug}/").status_code == 200


@pytest.mark.slow
def test_an_unchanged_slug_is_kept_and_a_new_one_gets_random_characters(
    staff: Client, mine: Lifestream, theirs: Lifestream
) -> None:
    address = f"/admin/lifestream/lifestream/{mine.pk}/change/"
    staff.post(address, {"slug": "mine", "title": "Renamed", "tagline": "", **CHOSEN, "is_public": "on"})
    mine.refresh_from_db()
    assert (mine.slug, mine.title) == ("mine", "Renamed")
    for typed in (theirs.slug, "free"):
        assert staff.post(address, {"slug": typed, "title": "x", "tagline": "", **CHOSEN}).status_code == 302
        mine.refresh_from_db()
        assert re.fullmatch(rf"{typed}-[a-z2-9]{{6}}", mine.slug)
    # If only the beginning is edited, new random characters replace the old ones.
    suffix = mine.slug[-7:]
    staff.post(address, {"slug": f"other{suffix}", "title": "x", "tagline": "", **CHOSEN})
    mine.refresh_from_db()
    assert re.fullmatch(r"other-[a-z2-9]{6}", mine.slug) and not mine.slug.endswith(suffix)


def test_a_slug_without_random_characters_loses_nothing_if_its_beginning_is_edited(
    staff: Client, mine: Lifestream
) -> None:
    Lifestream.objects.filter(pk=mine.pk).update(slug="my-lifestream")
    address = f"/admin/lifestream/lifestream/{mine.pk}/change/"
    staff.post(address, {"slug": "our-lifestream", "title": "x", "tagline": "", **CHOSEN})
    mine.refresh_from_db()
    assert re.fullmatch(r"our-lifestream-[a-z2-9]{6}", mine.slug)


def test_the_longest_slug_is_cut_for_the_random_characters_at_its_end(staff: Client) -> None:
    assert re.fullmatch(r"x{93}-[a-z2-9]{6}", add(staff, "x" * 100).slug)


def test_a_superuser_chooses_a_slug_and_sees_whether_it_is_taken(admin_client: Client, theirs: Lifestream) -> None:
    assert add(admin_client, "plain").slug == "plain"
    response = admin_client.post(ADD, {"slug": "secret-plans", "title": "New", "tagline": "", **CHOSEN})
    assert response.status_code == 200 and "already exists" in response.content.decode()
