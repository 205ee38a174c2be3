"""How pages look, as the owner of the lifestream or the settings of the site say: theme, accent, logo, style sheets,
and how much of a post is shown.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

import lifestream
from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Lifestream
from lifestream.web.look import look_of

pytestmark = pytest.mark.django_db

TEXT = " ".join(f"word{number}" for number in range(100))


@pytest.fixture
def main() -> Lifestream:
    """Return a lifestream with one post from each of two sites; the second site's post is the later one."""
    lifestream = make_lifestream("main")
    for number, name in enumerate(("Alpha", "Beta")):
        feed = make_feed(title=name)
        subscription = make_subscription(feed, lifestream)
        item = make_item(
            feed, title=f"Title of {name}", author="Ann Author", content=f"<p><b>{TEXT}</b></p>",
            text=TEXT, summary=f"Summary of {name}", date=NOW + timedelta(hours=number),
        )  # fmt: skip
        make_post(item, subscription)
    return lifestream


def page(client: Client, **chosen: Any) -> str:
    Lifestream.objects.update(**chosen)
    return client.get("/main/").content.decode()


def test_the_lifestream_s_choice_wins_over_the_site_s() -> None:
    with override_settings(LIFESTREAM_THEME="list", LIFESTREAM_LOGO="site.svg", LIFESTREAM_TITLE="Planet"):
        site = look_of(None)
        assert (site.theme, site.logo, site.title, site.accent) == ("list", "site.svg", "Planet", "")
        own = look_of(Lifestream(theme="magazine", accent="#7a1f5c", logo="own.svg"))
        assert (own.theme, own.logo, own.accent) == ("magazine", "own.svg", "#7a1f5c")
        assert look_of(Lifestream()).theme == "list"


def test_a_theme_an_accent_and_a_logo_are_in_the_page(client: Client, main: Lifestream) -> None:
    assert re.search(r'<html lang="[\w-]+">', page(client))
    shown = page(client, theme="magazine", accent="#7a1f5c", logo="logo.svg")
    assert re.search(r'<html lang="[\w-]+" data-look="magazine" style="--own-accent: #7a1f5c">', shown)
    assert re.search(r'<img class="logo" src="/static/logo\.svg" alt="[^"]*main', shown)


@override_settings(LIFESTREAM_STYLES=["custom.css"])
def test_a_style_sheet_of_the_settings_comes_after_the_shipped_one(client: Client, main: Lifestream) -> None:
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page(client))
    assert sheets == ["/static/lifestream/theme.css", "/static/custom.css"]


class TestShown:
    @pytest.mark.slow
    def test_a_summary_is_shown_by_default(self, client: Client, main: Lifestream) -> None:
        assert "Summary of Beta" in page(client)
        assert "word0" not in page(client)

    def test_a_title_alone_may_be_shown(self, client: Client, main: Lifestream) -> None:
        shown = page(client, shown="title")
        assert "Title of Beta" in shown
        assert "Summary of Beta" not in shown and "word0" not in shown

    def test_an_excerpt_has_the_chosen_number_of_words(self, client: Client, main: Lifestream) -> None:
        shown = page(client, shown="excerpt", words=7)
        assert "word0 word1 word2 word3 word4 word5 word6…" in shown
        assert "word7" not in shown

    def test_the_whole_content_may_be_shown(self, client: Client, main: Lifestream) -> None:
        assert f"<p><b>{TEXT}</b></p>" in page(client, shown="whole")

    def test_a_very_large_content_is_not_shown_whole(
        self, client: Client, main: Lifestream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lifestream.web.shown_posts._LARGEST_WHOLE", len(TEXT))
        shown = page(client, shown="whole")
        assert "Summary of Beta" in shown and "word0" not in shown

    @pytest.mark.parametrize("shown", ["title", "summary", "excerpt", "whole"])
    def test_whatever_is_shown_of_a_post_a_timeline_takes_six_queries_at_most(
        self, shown: str, client: Client, main: Lifestream, django_assert_max_num_queries: Any
    ) -> None:
        Lifestream.objects.update(shown=shown)
        with django_assert_max_num_queries(6):
            client.get("/main/")

    @pytest.mark.slow
    @pytest.mark.parametrize("shown", ["title", "excerpt"])
    def test_the_page_of_an_item_has_the_whole_content(self, shown: str, client: Client, main: Lifestream) -> None:
        page(client, shown=shown)
        found = re.search(r"/main/items/\d+/", client.get("/main/").content.decode())
        assert found is not None
        assert f"<b>{TEXT}</b>" in client.get(found[0]).content.decode()


@pytest.mark.slow
def test_authors_are_shown_unless_the_owner_does_not_want_them(client: Client, main: Lifestream) -> None:
    assert "Ann Author" in page(client)
    assert "Ann Author" not in page(client, shows_authors=False)


@pytest.mark.slow
def test_the_list_of_sites_is_in_the_chosen_order(client: Client, main: Lifestream) -> None:
    def order(shown: str) -> list[str]:
        return re.findall(r'<bdi class="name">(\w+)</bdi>', shown)

    assert order(page(client)) == ["Alpha", "Beta"]
    assert order(page(client, site_order="latest")) == ["Beta", "Alpha"]


def test_posts_without_a_language_have_the_language_of_the_lifestream(client: Client, main: Lifestream) -> None:
    assert 'data-item lang="pt-BR"' in page(client, language="pt-BR")


def test_untrusted_html_is_laid_out_alike_in_both_style_sheets() -> None:
    folder = Path(lifestream.__file__).parent / "static/lifestream"
    apart = (folder / "content.css").read_text(encoding="utf-8")
    assert apart.strip() in (folder / "theme.css").read_text(encoding="utf-8")
