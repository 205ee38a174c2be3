"""Every address takes every byte: none of them answers with an error of the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from factories import make_lifestream
from lifestream.models import Lifestream
from shown import make_post, make_site

pytestmark = pytest.mark.django_db

HOSTILE = {
    "NUL": "%00",
    "NUL inside": "a%00b",
    "control characters": "%01%1b%7f%0d%0a",
    "invalid UTF-8": "%ff%fe",
    "a cut sequence": "%e2%82",
    "overlong UTF-8": "%c0%af%c0%80",
    "a lone surrogate": "%ed%a0%80",
    "surrogates as CESU-8": "%ed%a0%bd%ed%b8%80",
    "a non-character": "%ef%bf%bf",
    "beyond Unicode": "%f4%90%80%80",
    "an override": "%e2%80%ae",
    "10,000 characters": "a" * 10_000,
    "10,000 digits": "9" * 10_000,
    "10,000 characters of four bytes": "%f0%9f%98%80" * 10_000,
    "a number of 64 bits": str(2**63),
    "a number of 18 digits": "9" * 18,
    "zero": "0",
    "negative": "-1",
    "a negative cursor": f"-{10**17}-1",
    "a cursor of 18 digits": f"{'9' * 18}-{'9' * 18}",
    "the last cursor": "253402300799999999-1",
    "the first cursor": "-62135596800000000-1",
    "an exponent": "1e999",
    "other digits": "%d9%a3%d9%a4",
    "a date": "2026-99-99",
    "a quote": "'\"\\",
    "a pattern": "%25_%5c",
    "a format": "%7b0%7d%25s",
    "a path": "..%2f..%2f",
    "nothing": "",
}
PARAMETERS = ("q", "before", "page", "hub.mode", "hub.topic", "hub.challenge", "hub.reason")
"""Those that the pages read, and one that none does."""
ADMIN_PARAMETERS = (
    "q", "p", "o", "all", "e", "ot", "_facets", "_to_field", "_popup", "_changelist_filters", "next", "term",
    "app_label", "model_name", "field_name", "health", "shown", "outcome", "status", "status__exact", "folder",
    "is_public__exact", "paused__exact", "lifestream__id__exact", "lifestream", "owner", "owner__id__exact", "pk",
    "id", "id__in", "id__gt", "feed", "feed__id__exact", "date", "date__gte", "date__year", "date__month",
    "date__day", "started__year", "started__month", "started__day", "title__startswith", "title__regex", "url__in",
    "created__gte", "created__year", "slug", "slug__in", "is_superuser__exact", "groups__id__exact",
)  # fmt: skip


@pytest.fixture
def superuser() -> User:
    return User.objects.create_superuser("root", password="x")


@pytest.fixture
def lifestream() -> Lifestream:
    lifestream = make_lifestream("main")
    make_post(make_site(lifestream), "A post", tags=("django",))
    return lifestream


@pytest.fixture
def client(client: Client, lifestream: Lifestream) -> Client:
    client.raise_request_exception = False
    return client


def routes(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each pattern of the site's addresses, as text with "{}" for its parameters, and their names."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, prefix + route)
            continue
        assert isinstance(entry, URLPattern)
        converters = getattr(entry.pattern, "converters", None)
        if not converters and "(?P" in route:  # the admin's last one takes any path
            yield f"{prefix}{{}}/", ("url",)
            continue
        for name, converter in converters.items():
            kind = next(part for part in route.split("<")[1:] if part.partition(">")[0].endswith(name))
            route = route.replace(f"<{kind.partition('>')[0]}>", "{}", 1)
        yield prefix + route.removeprefix("^").removesuffix("$"), tuple(converters)


ROUTES = tuple(routes())
GOOD = {
    "slug": "main", "format": "atom", "year": "2026", "month": "10", "day": "2", "tag": "django", "key": "k" * 43,
    "app_label": "lifestream", "object_id": "1", "pk": "1", "content_type_id": "1", "id": "1", "url": "x",
}  # fmt: skip


def addresses_of(route: str, names: tuple[str, ...], text: str) -> Iterator[str]:
    """*route* with *text* in the place of each of its parameters, the others being good, and of all of them."""
    good = [GOOD.get(name, "1") for name in names]
    for place in range(len(names)):
        yield route.format(*[*good[:place], text, *good[place + 1 :]])
    if len(names) > 1:
        yield route.format(*[text] * len(names))


def failures(client: Client, addresses: Iterator[str]) -> list[str]:
    """The addresses that are answered by an error of the server, shortened."""
    found = []
    for address in addresses:
        status = client.get(address).status_code
        if status >= 500:
            found.append(f"{status} {address[:120]}")
    return found


def test_all_patterns_are_walked() -> None:
    walked = [route for route, _ in ROUTES]
    for known in ("/{}/tags/{}/feed.{}", "/{}/{}/{}/{}/", "/push/{}", "/admin/lifestream/feed/{}/change/"):
        assert known in walked
    assert "/admin/r/{}/{}/" in walked and "/admin/autocomplete/" in walked


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("who", ["anybody", "a superuser"])
def test_no_path_is_an_error_of_the_server(client: Client, superuser: User, name: str, who: str) -> None:
    if who == "a superuser":
        client.force_login(superuser)
    text = HOSTILE[name]
    assert not failures(
        client,
        (
            address
            for route, names in ROUTES
            if not route.startswith("/admin/logout")
            for address in addresses_of(route, names, text)
        ),
    )
    assert not failures(client, iter([f"/{text}", f"/{text}/", f"/main/{text}", f"/static/{text}"]))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_query_of_a_page_is_an_error_of_the_server(client: Client, name: str, settings: Any) -> None:
    settings.LIFESTREAM_PUBLIC_URL = "https://planet.example"
    text = HOSTILE[name]
    good = [route.format(*(GOOD.get(each, "1") for each in names)) for route, names in ROUTES]
    pages = [address for address in good if not address.startswith("/admin/")]
    assert not failures(
        client, (f"{page}?{parameter}={text}" for page in pages for parameter in (*PARAMETERS, text or "x"))
    )
    # Of a search too, whose feeds page by the same cursor.
    assert not failures(client, (f"/main/search/?q=post&before={text}" for _ in (0,)))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_query_of_the_admin_is_an_error_of_the_server(client: Client, superuser: User, name: str) -> None:
    client.force_login(superuser)
    text = HOSTILE[name]
    lists = [route for route, names in ROUTES if route.startswith("/admin/") and not names and "logout" not in route]
    assert not failures(
        client, (f"{page}?{parameter}={text}" for page in lists for parameter in (*ADMIN_PARAMETERS, text or "x"))
    )
    complete = "/admin/autocomplete/?app_label={}&model_name={}&field_name={}&term={}"
    good = ("lifestream", "subscription", "lifestream", "x")
    assert not failures(client, (complete.format(*good[:at], text, *good[at + 1 :]) for at in range(4)))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_object_of_any_kind_is_an_error_of_the_server(client: Client, superuser: User, name: str) -> None:
    client.force_login(superuser)
    kinds = ContentType.objects.values_list("pk", flat=True)
    assert not failures(client, (f"/admin/r/{kind}/{HOSTILE[name]}/" for kind in kinds))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_form_of_the_admin_is_an_error_of_the_server(
    client: Client, superuser: User, lifestream: Lifestream, name: str
) -> None:
    from urllib.parse import unquote_to_bytes

    client.force_login(superuser)
    text = unquote_to_bytes(HOSTILE[name]).decode("utf-8", "surrogateescape")
    raw = quote(text.encode("utf-8", "surrogateescape"))
    forms = {
        "/admin/login/": ("username", "password", "next"),
        "/admin/lifestream/lifestream/add/": ("owner", "slug", "title", "tagline", "is_public"),
        f"/admin/lifestream/lifestream/{lifestream.pk}/change/": ("owner", "slug", "title", "tagline"),
        f"/admin/lifestream/subscription/{lifestream.subscriptions.get().pk}/change/": (
            "name", "folder", "keep_rules", "block_rules",
        ),
        "/admin/lifestream/subscription/add/": ("url", "lifestream", "name", "folder"),
        "/admin/lifestream/feed/1/change/": ("title", "site_url", "plugin"),
        "/admin/lifestream/post/": ("action", "_selected_action", "select_across", "index"),
        "/admin/lifestream/feed/": ("action", "_selected_action", "select_across", "index"),
        "/admin/lifestream/item/": ("action", "_selected_action", "select_across", "index"),
        "/admin/auth/user/add/": ("username", "password1", "password2"),
    }  # fmt: skip
    found = []
    for address, names in forms.items():
        good = {"action": "delete_selected", "_selected_action": "1", "username": "x", "title": "x", "slug": "x"}
        for hostile in names:
            fields = "&".join(f"{each}={raw if each == hostile else good.get(each, '')}" for each in names)
            response = client.generic("POST", address, fields, content_type="application/x-www-form-urlencoded")
            if response.status_code >= 500:
                found.append(f"{response.status_code} {address} {hostile}")
    assert not found


def test_what_no_page_is_filed_under_is_not_found(client: Client) -> None:
    for text in ("%00", "%ff", "%ed%a0%80", "x" * 10_000):
        assert client.get(f"/main/tags/{text}/").status_code == 404, text[:9]
    assert client.get("/main/tags/django/").status_code == 200
