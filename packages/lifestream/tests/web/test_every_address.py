"""Every address accepts every byte: none of them answers with an error of the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from factories import make_lifestream
from lifestream.models import HubSubscription, Lifestream, OwnPage
from lifestream.owner.forms import AddForm, LookForm, OwnPageForm, RulesForm, SiteForm
from shown import make_post, make_site

pytestmark = pytest.mark.django_db

HOSTILE = {
    "NUL": "a%00b",
    "control characters": "%01%1b%7f%0d%0a",
    "invalid UTF-8": "%ff%fe%e2%82",
    "overlong UTF-8": "%c0%af%c0%80",
    "a lone surrogate": "%ed%a0%80",
    "surrogates as CESU-8": "%ed%a0%bd%ed%b8%80",
    "a non-character and an override": "%ef%bf%bf%e2%80%ae",
    "10,000 characters": "a" * 10_000,
    "10,000 digits": "9" * 10_000,
    "10,000 bytes of characters of four": "%f0%9f%98%80" * 2_500,
    "a number of 64 bits": str(2**63),
    "a number of 18 digits": "9" * 18,
    "negative": "-1",
    "a cursor before time": f"-{10**17}-1",
    "the last cursor": "253402300799999999-1",
    "the first cursor": "-62135596800000000-1",
    "digits that are not ASCII": "%d9%a3%d9%a4",
    "a format and a pattern": "%7b0%7d%25s'\"\\%25_",
}
CORE = ("NUL", "a lone surrogate", "10,000 characters", "10,000 digits", "a number of 64 bits", "negative")
"""Texts that are sent to each address, and to each parameter of the pages; in the admin's lists and forms, to some of
the fields (see `halved`). Each other text is sent to one in four of the addresses and parameters of the pages (see
`dealt`).
"""
PARAMETERS = ("q", "before")
TOPIC = "https://x.example/feed"
LISTS = ("feed", "fetch", "item", "lifestream", "post", "subscription")
OF_EVERY_LIST = (
    "q",
    "p",
    "o",
    "all",
    "_facets",
    "_to_field",
    "_popup",
    "_changelist_filters",
    "id",
    "id__in",
    "id__gt",
)
OF_ONE = {
    "feed": ("health", "status", "title__startswith", "url__regex", "next_fetch__year", "failures__gte"),
    "fetch": ("outcome__exact", "status", "started__year", "started__month", "started__day", "feed", "duration__lt"),
    "item": ("date__year", "date__month", "date__day", "date__gte", "feed", "feed__id__exact", "title__icontains"),
    "lifestream": ("is_public__exact", "slug", "slug__in", "owner", "owner__id__exact", "created__gte"),
    "post": ("shown", "lifestream__id__exact", "date__year", "date__month", "date__day", "hidden__exact", "item"),
    "subscription": ("paused__exact", "lifestream__id__exact", "folder", "name__iexact", "feed", "created__date"),
}


@pytest.fixture
def superuser() -> User:
    return User.objects.create_superuser("root", password="x")


@pytest.fixture
def lifestream() -> Lifestream:
    lifestream = make_lifestream("main")
    feed = make_post(make_site(lifestream), "A post", tags=("django",)).subscription.feed
    HubSubscription.objects.create(feed=feed, hub="https://hub.example/", key=GOOD["key"], topic=TOPIC)
    return lifestream


@pytest.fixture
def client(client: Client, lifestream: Lifestream, settings: Any) -> Client:
    settings.LIFESTREAM_PUBLIC_URL = "https://planet.example"  # without it, no push is looked at
    client.raise_request_exception = False
    return client


def routes(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each pattern of the site's addresses, as text with "{}" for its parameters, and their names."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, prefix + route)
            continue
        assert isinstance(entry, URLPattern)
        converters: dict[str, Any] = getattr(entry.pattern, "converters", {})
        if not converters and "(?P" in route:  # the admin's last one takes any path
            yield f"{prefix}{{}}/", ("url",)
            continue
        for name in converters:
            kind = next(part for part in route.split("<")[1:] if part.partition(">")[0].endswith(name))
            route = route.replace(f"<{kind.partition('>')[0]}>", "{}", 1)
        yield prefix + route.removeprefix("^").removesuffix("$"), tuple(converters)


ROUTES = tuple(routes())
GOOD = {
    "slug": "main", "format": "atom", "year": "2026", "month": "10", "day": "2", "tag": "django", "key": "k" * 43,
    "app_label": "lifestream", "object_id": "1", "pk": "1", "content_type_id": "1", "id": "1", "url": "x",
}  # fmt: skip


def addresses_of(route: str, names: tuple[str, ...], text: str) -> Iterator[tuple[str, str]]:
    """Yield the addresses of *route* with *text* as one parameter beside valid ones, each with the name of the
    parameter, and the address with *text* as all of them, with the name "".
    """
    good = [GOOD.get(name, "1") for name in names]
    for place, name in enumerate(names):
        yield name, route.format(*[*good[:place], text, *good[place + 1 :]])
    if len(names) > 1:
        yield "", route.format(*[text] * len(names))


def dealt(addresses: Sequence[str], name: str) -> Sequence[str]:
    """Return those *addresses* that get the text of *name*: all of them for `CORE`, and one in four for the others."""
    return addresses if name in CORE else addresses[list(HOSTILE).index(name) % 4 :: 4]


def halved(fields: Sequence[str], name: str) -> Sequence[str]:
    """Return every other one of the admin's *fields*: from the first on for the first, third and fifth text of `CORE`,
    from the second on for the others.

    `CORE` is three pairs of similar texts, so each field gets one text of each pair.
    """
    return fields[CORE.index(name) % 2 :: 2]


def failures(client: Client, addresses: Iterable[str]) -> list[str]:
    """Return the addresses that are answered by an error of the server, shortened."""
    found = []
    for address in addresses:
        status = client.get(address).status_code
        if status >= 500:
            found.append(f"{status} {address[:120]}")
    return found


def test_the_patterns_of_pages_feeds_and_the_admin_are_walked() -> None:
    walked = [route for route, _ in ROUTES]
    for known in ("/{}/tags/{}/feed.{}", "/{}/{}/{}/{}/", "/push/{}", "/admin/lifestream/feed/{}/change/"):
        assert known in walked
    assert "/admin/r/{}/{}/" in walked and "/admin/autocomplete/" in walked


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_path_is_an_error_of_the_server(client: Client, superuser: User, name: str) -> None:
    text = HOSTILE[name]
    everywhere = [each for route, names in ROUTES for each in addresses_of(route, names, text)]
    pages: dict[str, list[str]] = {}
    for parameter, address in everywhere:
        if not address.startswith("/admin/"):
            pages.setdefault(parameter, []).append(address)
    for addresses in pages.values():  # so that each parameter gets every text, at one address at least
        assert not failures(client, dealt(addresses, name) or addresses)
    assert not failures(client, [f"/{text}", f"/{text}/", f"/main/{text}", f"/static/{text}"])
    if name in CORE:
        client.force_login(superuser)
        assert not failures(client, (address for _, address in everywhere if address.startswith("/admin/")))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_query_of_a_page_is_an_error_of_the_server(client: Client, name: str) -> None:
    text = HOSTILE[name]
    good = [route.format(*(GOOD.get(each, "1") for each in names)) for route, names in ROUTES]
    pages = [address for address in good if not address.startswith("/admin/")]
    asked = [f"{page}?{parameter}={text}" for page in pages for parameter in PARAMETERS]
    assert not failures(client, dealt(asked, name))
    # One in five pages is enough here: no page reads a parameter that it does not know.
    unknown = list(HOSTILE).index(name) % 5
    assert not failures(client, (f"{page}?{text}={text}" for page in pages[unknown::5]))
    push = f"/push/{GOOD['key']}?hub.mode={{}}&hub.topic={{}}&hub.challenge={{}}&hub.lease_seconds={{}}"
    values = ("subscribe", TOPIC, "c", "60")
    assert client.get(push.format(*values)).status_code == 200
    assert not failures(client, (push.format(*values[:at], text, *values[at + 1 :]) for at in range(4)))
    denied = f"/push/{GOOD['key']}?hub.mode=denied&hub.topic={TOPIC}&hub.reason={text}"
    search = [f"/main/search/?q={text}", f"/main/search/?q=post&before={text}", f"/main/?before={text}"]
    assert not failures(client, [denied, *search])


@pytest.mark.costly
@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize("model", LISTS)
def test_no_query_of_the_admin_is_an_error_of_the_server(
    client: Client, superuser: User, model: str, name: str
) -> None:
    client.force_login(superuser)
    text, page = HOSTILE[name], f"/admin/lifestream/{model}/"
    # Each text is sent in a third of these parameters for each list, and in all of them over three lists.
    turn = LISTS.index(model) + CORE.index(name)
    of_every_list = [each for number, each in enumerate(OF_EVERY_LIST) if (turn + number) % 3 == 0]
    parameters = (*of_every_list, *halved(OF_ONE[model], name))
    assert not failures(client, (f"{page}?{parameter}={text}" for parameter in parameters))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_other_query_of_the_admin_is_an_error_of_the_server(client: Client, superuser: User, name: str) -> None:
    client.force_login(superuser)
    text = HOSTILE[name]
    complete = "/admin/autocomplete/?app_label={}&model_name={}&field_name={}&term={}"
    good = ("lifestream", "subscription", "lifestream", "x")
    assert not failures(client, (complete.format(*good[:at], text, *good[at + 1 :]) for at in range(4)))
    lists = [f"/admin/{app}/?q={text}" for app in ("", "login", "auth/user", "auth/group", "jsi18n", "password_change")]
    assert not failures(client, [*lists, f"/admin/login/?next={text}", f"/admin/auth/user/?o={text}"])
    # The admin's forms that are filled in from the query.
    forms = "/admin/lifestream/lifestream/add/?title={0}&slug={0}&owner={0}", "/admin/auth/user/add/?username={0}"
    assert not failures(client, (form.format(text) for form in forms))


@pytest.mark.parametrize("name", CORE)
def test_no_object_of_any_kind_is_an_error_of_the_server(
    client: Client, superuser: User, name: str, settings: Any
) -> None:
    settings.MIDDLEWARE = ["lifestream.site.nul.NulMiddleware", *settings.MIDDLEWARE]
    client.force_login(superuser)
    kinds = ContentType.objects.values_list("pk", flat=True)
    assert not failures(client, (f"/admin/r/{kind}/{HOSTILE[name]}/" for kind in kinds))


@pytest.mark.costly
@pytest.mark.parametrize("name", CORE)
def test_no_form_of_the_admin_is_an_error_of_the_server(
    client: Client, superuser: User, lifestream: Lifestream, name: str
) -> None:
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
        f"/admin/lifestream/feed/{lifestream.subscriptions.get().feed_id}/change/": ("title", "site_url", "plugin"),
        "/admin/lifestream/post/": ("action", "_selected_action", "select_across", "index"),
        "/admin/lifestream/feed/": ("action", "_selected_action", "select_across", "index"),
        "/admin/lifestream/item/": ("action", "_selected_action", "select_across", "index"),
        "/admin/auth/user/add/": ("username", "password1", "password2"),
    }  # fmt: skip
    found = []
    for address, names in forms.items():
        good = {"action": "delete_selected", "_selected_action": "1", "username": "x", "title": "x", "slug": "x"}
        for hostile in halved(names, name):
            fields = "&".join(f"{each}={raw if each == hostile else good.get(each, '')}" for each in names)
            response = client.generic("POST", address, fields, content_type="application/x-www-form-urlencoded")
            if response.status_code >= 500:
                found.append(f"{response.status_code} {address} {hostile}")
    assert not found


@pytest.mark.parametrize("key", [str(2**63), "9" * 10_000, "%00", "-1", "%D9%A3", "x", "", "+{}+", "{}"])
def test_no_key_of_a_row_that_is_edited_in_a_list_is_an_error_of_the_server(
    client: Client, superuser: User, lifestream: Lifestream, key: str
) -> None:
    client.force_login(superuser)
    site = lifestream.subscriptions.get()
    sent = f"form-TOTAL_FORMS=1&form-INITIAL_FORMS=1&form-0-id={key.format(site.pk)}&form-0-folder=Mine&_save=Save"
    form = "application/x-www-form-urlencoded"
    answer = client.generic("POST", "/admin/lifestream/subscription/", sent, content_type=form)
    assert answer.status_code < 500
    site.refresh_from_db()
    assert site.folder == ("Mine" if key == "{}" else "")


def test_an_unknown_tag_is_not_found(client: Client) -> None:
    for text in ("%00", "%ff", "%ed%a0%80", "x" * 10_000):
        assert client.get(f"/main/tags/{text}/").status_code == 404, text[:9]
    assert client.get("/main/tags/django/").status_code == 200


def test_a_nul_is_refused_by_the_bundled_site_before_any_view_runs(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*OF_THE_SITE, *settings.MIDDLEWARE]
    assert client.get("/admin/r/1/%00/").status_code == 404
    assert client.get("/main/search/?q=a%00b").status_code == 400
    assert client.get("/main/search/?q=a%2500b").status_code == 200
    for cookie in ("NUL", "a raw NUL"):
        assert client.get("/main/", headers={"Cookie": COOKIES[cookie].replace("NAME", "x")}).status_code == 400
        client.cookies.clear()


OF_THE_SITE = ("lifestream.site.nul.NulMiddleware",)
COOKIES = {
    "NUL": 'NAME="aaaaaaaaaaaa\\000aaaaaaaaaaaaaaaa"',
    "NUL in the name": 'NAME"\\000"=aaaaaaaaaaaaaaaa',
    "a raw NUL": "NAME=aaaaaaaaaaaa\0aaaaaaaaaaaaaa",
    "bytes that are no UTF-8": 'NAME="aaaaaaaaaaaaaaaaa\\355\\240\\200\\377"',
    "10,000 characters": "NAME=" + "a" * 10_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "messages", "x"])
def test_no_cookie_is_an_error_of_the_server(client: Client, settings: Any, name: str, cookie: str) -> None:
    settings.MIDDLEWARE = [*OF_THE_SITE, *settings.MIDDLEWARE]
    for address in ("/", "/main/", "/main/feed.atom", "/admin/", "/admin/login/"):
        for ask in (client.get, client.post):
            response = ask(address, headers={"Cookie": COOKIES[cookie].replace("NAME", name)})
            assert response.status_code < 500, address
            client.cookies.clear()


def test_a_filter_that_no_database_takes_leads_to_the_list_without_filters(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    for query in ("date__year=9223372036854775808", "title__startswith=a%00b", "id__in=9223372036854775808"):
        response = client.get(f"/admin/lifestream/item/?{query}")
        # PostgreSQL knows that no key is so large, and finds nothing.
        assert response.status_code in (200, 302), query
        if response.status_code == 302:
            assert response["Location"] == "/admin/lifestream/item/?e=1"
            assert client.get(response["Location"]).status_code == 200
    assert client.get("/admin/lifestream/item/?title__startswith=a%00b").status_code == 302


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_query_of_a_list_and_no_repetition_is_an_error_of_the_server(
    client: Client, superuser: User, name: str
) -> None:
    text = HOSTILE[name]
    lists = [f"/main/sites/?after={text}", f"/main/?before=&before={text}", f"/main/search/?q=a&q={text}&q[]={text}"]
    assert not failures(client, iter(lists))
    client.force_login(superuser)
    pages = ("manage", "manage/add", "manage/hidden", "manage/pages/new")
    queries = "?q={0}&folder={0}&state={0}&page={0}&title={0}&slug={0}"
    assert not failures(client, (f"/main/{page}/{queries.format(text)}" for page in pages))


def test_more_parameters_than_django_reads_are_no_error_of_the_server(client: Client) -> None:
    many = "&".join(f"q={number}" for number in range(1_500))
    assert client.get(f"/main/search/?{many}").status_code == 400


OWNERS_FORMS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "account/login": (("username", "password", "next"), {"username": "owner", "password": "old one"}),
    "account/password": (
        ("old_password", "new_password1", "new_password2"),
        {"old_password": "old one", "new_password1": "another long one", "new_password2": "another long one"},
    ),
    "main/manage": (("action", "site", "folder", "all", "next"), {"action": "move", "site": "1", "folder": "x"}),
    "main/manage/add": (("do", *AddForm.base_fields), {"do": "add", "addresses": "https://a.example/", "folder": "x"}),
    "main/manage/sites/{site}": (("do", *SiteForm.base_fields), {"do": "save", "name": "x"}),
    "main/manage/posts/{item}": (("action", "next"), {"action": "pin"}),
    "main/manage/look": (
        ("do", *LookForm.base_fields),
        {"do": "preview", "title": "x", "theme": "list", "shown": "excerpt", "words": "60", "site_order": "name"},
    ),
    "main/manage/look/logo": (("do", "picture"), {"do": "remove"}),
    "main/manage/rules": (("do", *RulesForm.base_fields), {"do": "preview"}),
    "main/manage/pages/new": (
        ("do", *OwnPageForm.base_fields),
        {"do": "preview", "title": "x", "slug": "x", "position": "1"},
    ),
    "main/manage/pages/{page}": (
        ("do", *OwnPageForm.base_fields),
        {"do": "save", "title": "x", "slug": "x", "position": "1"},
    ),
}
"""The fields of each form of the owners' pages, and values that the form accepts."""


@pytest.fixture
def owner(lifestream: Lifestream) -> User:
    owner = User.objects.create_user("owner", password="old one")
    Lifestream.objects.filter(pk=lifestream.pk).update(owner=owner)
    return owner


@pytest.fixture
def addresses(lifestream: Lifestream) -> dict[str, str]:
    """Return the address of each of the OWNERS_FORMS."""
    page = OwnPage.objects.create(lifestream=lifestream, slug="about", title="About")
    keys = {"site": lifestream.subscriptions.get().pk, "item": lifestream.posts.get().item_id, "page": page.pk}
    return {path: f"/{path.format(**keys)}/" for path in OWNERS_FORMS}


@pytest.mark.parametrize("path", OWNERS_FORMS)
def test_the_good_values_of_a_form_of_an_owner_are_accepted(
    client: Client, owner: User, addresses: dict[str, str], path: str
) -> None:
    client.force_login(owner)
    good = OWNERS_FORMS[path][1]
    answer = client.post(addresses[path], good)
    if good.get("do") == "preview":
        assert answer.status_code == 200 and not answer.context["form"].errors
    else:
        assert answer.status_code == 302


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_form_of_an_owner_is_an_error_of_the_server(
    client: Client, owner: User, addresses: dict[str, str], name: str
) -> None:
    found = []
    for path, (fields, good) in OWNERS_FORMS.items():
        address = addresses[path]
        client.force_login(owner)
        for hostile in dealt(fields, name):
            texts = {**{each: quote(value) for each, value in good.items()}, hostile: HOSTILE[name]}
            body = "&".join(f"{each}={text}" for each, text in texts.items())
            response = client.generic("POST", address, body, content_type="application/x-www-form-urlencoded")
            if response.status_code >= 500 or response.status_code in (404, 405):
                found.append(f"{response.status_code} {address} {hostile}")
    assert not found


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_of_an_owner_is_an_error_of_the_server(client: Client, owner: User, name: str) -> None:
    client.force_login(owner)
    raw = unquote_to_bytes(HOSTILE[name])
    outline = b'<outline text="x" xmlUrl="https://a.example/%s" category="/%s"/>' % (raw, raw)
    lists = [
        raw,
        b"<opml><body>" + outline + b"</body></opml>",
        b'<opml><body><outline text="' + raw + b'">' + outline + b"</outline></body></opml>",
        b"[Planet]\nname = " + raw + b"\n[https://a.example/" + raw + b"]\nname = " + raw,
    ]
    found = []
    for content in lists:
        for filename in ("a.opml", unquote(HOSTILE[name]), "../../x.opml"):
            files = SimpleUploadedFile(filename, content, content_type=HOSTILE[name][:200])
            for address, field, do in (
                ("/main/manage/add/", "file", "import"),
                ("/main/manage/look/logo/", "picture", "save"),
            ):
                files.seek(0)
                response = client.post(address, {"do": do, field: files})
                if response.status_code >= 500:
                    found.append(f"{response.status_code} {address} {content[:40]!r}")
    assert not found
