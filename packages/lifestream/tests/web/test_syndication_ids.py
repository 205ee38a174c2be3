"""The ids by which readers recognise whole feeds: they stay the same, whatever moves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.db.migrations.state import StateApps
from django.test import Client, override_settings

from factories import make_lifestream
from lifestream.models import Lifestream, Tag
from lifestream.web.syndication import id_of
from lifestream.web.timeline import Timeline
from old_databases import database_of
from shown import make_post, make_site

ATOM = "{http://www.w3.org/2005/Atom}"


def ids(slug: str, site: int, host: str = "testserver", *, secure: bool = False) -> list[str]:
    """Return the ids of the feeds of a lifestream and of its parts."""
    parts = ("feed.atom", f"sites/{site}/feed.atom", "tags/bugs/feed.atom", "search/feed.atom?q=post+caf%C3%A9")
    client = Client(headers={"host": host})
    roots = [ET.fromstring(client.get(f"/{slug}/{part}", secure=secure).content) for part in parts]
    return [root.findtext(f"{ATOM}id", "") for root in roots]


@pytest.mark.slow
@pytest.mark.django_db
def test_the_id_of_a_feed_outlives_a_change_of_host_scheme_slug_and_secret() -> None:
    stream, other = make_lifestream("main"), make_lifestream("other")
    site = make_site(stream)
    make_post(site, tags=("bugs",))
    make_post(make_site(other), tags=("bugs",))
    before = ids("main", site.pk)
    assert all(uuid.UUID(each).urn == each for each in before), "absolute IRIs that name no host"
    everywhere = [*before, *ids("other", other.subscriptions.get().pk)]
    assert len(set(everywhere)) == len(everywhere)

    with override_settings(ALLOWED_HOSTS=["planet.example"], LIFESTREAM_PUBLIC_URL="https://planet.example"):
        assert ids("main", site.pk, "planet.example", secure=True) == before
    stream.slug, other.slug = "renamed", "main"
    stream.save()
    assert ids("renamed", site.pk) == before
    other.save()
    assert ids("main", other.subscriptions.get().pk)[0] not in before, (
        "a lifestream that takes the slug does not take the id"
    )
    with override_settings(SECRET_KEY="another one, that is as long as such a key has to be to be accepted"):
        assert ids("renamed", site.pk) == before


@pytest.mark.slow
@pytest.mark.django_db
def test_the_source_of_a_feed_without_a_site_url_has_an_id_that_names_no_host() -> None:
    site = make_site(make_lifestream("main"), site_url="")
    make_post(site, tags=("bugs",))
    whole, of_site = ids("main", site.pk)[:2]
    source = ET.fromstring(Client().get("/main/feed.atom").content).find(f"{ATOM}entry/{ATOM}source")
    assert source is not None
    assert source.findtext(f"{ATOM}id") == of_site != whole
    assert uuid.UUID(of_site).urn == of_site


@pytest.mark.slow
@pytest.mark.django_db
def test_no_two_lifestreams_have_the_same_id() -> None:
    stream = make_lifestream("main")
    with pytest.raises(IntegrityError):
        Lifestream.objects.create(slug="copy", title="Copy", feed_uri=stream.feed_uri)


@pytest.mark.django_db
def test_a_lifestream_without_an_id_from_an_older_release_is_given_one() -> None:
    streams = [Lifestream.objects.create(slug=slug, title=slug, feed_uri="") for slug in ("a", "b")]
    first, second = (id_of(Timeline(stream)) for stream in streams)
    assert uuid.UUID(first).urn == first != second == id_of(Timeline(streams[1]))


@pytest.fixture
def apps_without_ids(transactional_db: None) -> Iterator[StateApps]:
    with database_of("0082_faces") as apps:
        yield apps


@pytest.mark.parametrize("public_url", ["https://planet.example/sub", ""])
@pytest.mark.slow
def test_the_id_of_a_feed_of_an_older_release_is_its_public_address_or_a_uuid(
    apps_without_ids: StateApps, public_url: str
) -> None:
    for slug in ("main", "other"):
        apps_without_ids.get_model("lifestream", "Lifestream").objects.create(slug=slug, title=slug)
    with override_settings(LIFESTREAM_PUBLIC_URL=public_url):
        call_command("migrate", verbosity=0)

    main, other = (Timeline(stream) for stream in Lifestream.objects.order_by("slug"))
    site = make_site(main.lifestream)
    parts = [
        main,
        main.narrowed(subscription=site),
        main.narrowed(query="a b/é&?"),
        main.narrowed(subscription=site, query="a"),
        *(main.narrowed(tag=Tag(slug=slug, name=slug)) for slug in ("café", "c++", "a b", "x,y;z=100%'~@:")),
    ]
    if public_url:
        assert [id_of(part) for part in parts] == [public_url + part.url() for part in parts], "the page's address"
        assert id_of(other) == f"{public_url}/other/"
    else:
        found = [id_of(each) for each in (*parts, other)]
        assert all(uuid.UUID(each).urn == each for each in found) and len(set(found)) == len(found)
