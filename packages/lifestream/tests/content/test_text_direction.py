"""Text with direction controls does not change the direction of other text on a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils.text import Truncator

from factories import make_lifestream
from lifestream.content.text_direction import as_row, isolated
from lifestream.models import Lifestream, OwnPage, Subscription
from owners import owned
from shown import make_post, make_site

HOSTILE = "\u2069\u202c\u202egnp.exe\u2066\u202b"
CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("עברית \u200fand marks\u200e", "עברית \u200fand marks\u200e"),
        ("a\u202eb", "\u2068a\u202eb\u202c\u2069"),
        ("a" + "\u0301" * 60, "a" + "\u0301" * 8),
        ("a\u202eb\u202cc", "\u2068a\u202eb\u202cc\u2069"),
        ("a\u2069b\u202cc", "\u2068abc\u2069"),
        ("\u2067\u202ba\u2069b", "\u2068\u2067\u202bab\u202c\u2069\u2069"),
        (HOSTILE, "\u2068\u202egnp.exe\u2066\u202b\u202c\u2069\u202c\u2069"),
    ],
)
def test_controls_without_an_end_get_one_and_ends_without_a_beginning_are_removed(text: str, shown: str) -> None:
    assert isolated(text) == shown
    assert is_whole(shown)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "word " * 100,
        f"One{HOSTILE}",
        f"{HOSTILE} " + "word " * 100,
        "\u202e" * 1000,
        "\u2066 " * 1000,
        "word " * 100 + HOSTILE,
        "\u2067" + "x" * 500,
        f"{HOSTILE}\n\t{HOSTILE} " * 100,
    ],
)
def test_the_name_of_a_row_is_whole_wherever_the_admin_cuts_it(text: str) -> None:
    row = as_row(text)
    assert is_whole(row)
    assert is_whole(Truncator(row).words(18))
    assert is_whole(row[:200])
    assert row == text or len(row) <= 200


def is_whole(text: str) -> bool:
    """Return whether each beginning control of *text* has its end, in order, and each end has its beginning."""
    ends: list[str] = []
    for character in text:
        if character in "\u202c\u2069":
            if not ends or ends.pop() != character:
                return False
        elif character in CONTROLS:
            ends.append("\u2069" if character >= "\u2066" else "\u202c")
    return not ends


class Places(HTMLParser):
    """The places on a page where a direction control may affect the text around it."""

    _VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            # A field shows only its value, and an address is not shown.
            if name not in ("value", "href", "src") and not is_whole(value or ""):
                self.found.append(f"{tag} {name}")
        if tag not in self._VOID:
            self.open.append((tag, tag in ("bdi", "textarea") or any(name == "dir" for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self.open]
        isolating = any(isolates for tag, isolates in self.open if tag != "html")
        # A heading or an option with nothing but the text is a paragraph of its own, which no control leaves.
        is_alone = bool({"h1", "option"}.intersection(inside)) and len(data.strip()) == len(data)
        if not is_whole(data) and not isolating and not is_alone:
            self.found.append(" > ".join(inside))


@pytest.mark.slow
@pytest.mark.django_db
def test_text_from_feeds_does_not_change_the_direction_of_a_page(client: Client) -> None:
    lifestream = make_lifestream("main", title=f"A {HOSTILE}", tagline=HOSTILE)
    site = make_site(lifestream, HOSTILE, site_url="https://x.example/", description=HOSTILE, domain="x.example")
    site.folder = HOSTILE
    site.save()
    media = [{"url": "https://x.example/a.png", "type": "image/png", "title": HOSTILE}]
    post = make_post(site, HOSTILE, tags=(f"t{HOSTILE}",), author=HOSTILE, summary=HOSTILE, media=media)
    sound = [
        {"url": "https://x.example/a.mp3", "type": "audio/mpeg"},
        {"url": "https://x.example/a.mp4", "type": "video/mp4"},
    ]
    page = {"url": "https://x.example/1", "type": HOSTILE, "language": HOSTILE, "name": HOSTILE, "role": HOSTILE}
    episode = {"season": "1\u202e", "number": "2\u202e", "persons": [page], "transcripts": [page]}
    recording = make_post(site, HOSTILE, summary=HOSTILE, enclosures=sound, content="<p>Words</p>", episode=episode)
    tag = post.item.tags.get().slug
    make_lifestream("other", title=HOSTILE, tagline=HOSTILE)
    for path in (
        "", "main/", f"main/items/{post.item_id}/", f"main/items/{recording.item_id}/", "main/sites/",
        f"main/sites/{site.pk}/",
        "main/tags/", f"main/tags/{tag}/", "main/search/?q=%E2%80%AEgnp", f"main/{recording.date:%Y/%m/%d}/",
    ):  # fmt: skip
        response = client.get(f"/{path}")
        assert response.status_code == 200, path
        shown = response.content.decode()
        places = Places()
        places.feed(shown)
        assert not places.found, f"{path}: {places.found}"
        assert re.search(f"[{CONTROLS}]", shown), path


@pytest.mark.slow
@pytest.mark.django_db
def test_text_from_feeds_does_not_change_the_direction_of_an_owners_page(client: Client) -> None:
    lifestream = owned(client)
    Lifestream.objects.update(title=f"A {HOSTILE}", tagline=HOSTILE)
    site = make_site(lifestream, HOSTILE, domain="x.example", description=HOSTILE)
    Subscription.objects.filter(pk=site.pk).update(folder=HOSTILE, name=HOSTILE)
    make_post(site, HOSTILE, author=HOSTILE, summary=HOSTILE, hidden=True)
    page = OwnPage.objects.create(lifestream=lifestream, slug="imprint", title=HOSTILE, text=HOSTILE)
    for path in (
        "", "add/", f"sites/{site.pk}/", "hidden/", "look/", "rules/", "pages/", "pages/new/", f"pages/{page.pk}/"
    ):  # fmt: skip
        response = client.get(f"/main/manage/{path}")
        assert response.status_code == 200, path
        places = Places()
        shown = response.content.decode()
        places.feed(shown)
        assert not places.found, f"{path}: {places.found}"
        assert re.search(f"[{CONTROLS}]", shown), path
