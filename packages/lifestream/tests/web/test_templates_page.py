"""The page "Templates" of the manual: its examples are rendered, and its tables name the variables of the templates."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from django.template import engines
from django.template.base import Variable
from django.test import Client, RequestFactory
from django.test.signals import template_rendered
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from reference_entries import page, section, tabled

import lifestream
from factories import make_lifestream
from lifestream.models import Lifestream, OwnPage
from lifestream.web.presenters import Card
from shown import make_post, make_site

Use: TypeAlias = Callable[[str], None]

PAGE = page("lifestream/templates.md")
SHIPPED = Path(lifestream.__file__).parent / "templates"
_FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Lifestream:
    stream = make_lifestream("main", title="Main", tagline="What I read")
    make_post(make_site(stream, "Hours", domain="small-hours.example"), "Kites", tags=("sky",), author="Ada")
    make_post(make_site(stream, "GitHub", domain="github.com"), "Released", link="https://github.com/a/b/releases/1")
    return stream


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    for name, text in _FILE.findall(PAGE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def use(examples: Path, settings: Settings) -> Callable[[str], None]:
    """Return a function that makes the site use the templates of one of the page's folders."""

    def take(folder: str) -> None:
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [examples / folder]}]

    return take


PAGES = ("main/", "main/search/?q=kites", "main/sites/", "main/tags/", "main/tags/sky/", "main/2026/10/02/")


class TestExamples:
    def html(self, client: Client, path: str) -> str:
        response = client.get(f"/{path}")
        assert response.status_code == 200, path
        return response.content.decode()

    def paths(self, stream: Lifestream) -> list[str]:
        post = stream.posts.get(item__title="Kites")
        return [*PAGES, f"main/items/{post.item_id}/", f"main/sites/{post.subscription_id}/"]

    @pytest.mark.slow
    def test_an_addition_to_every_page_is_on_every_page(self, client: Client, stream: Lifestream, use: Use) -> None:
        use("small")
        OwnPage.objects.create(lifestream=stream, slug="about", title="About")
        for path in [*self.paths(stream), "main/pages/about/"]:
            html = self.html(client, path)
            assert html.count('<link rel="stylesheet" href="/static/mysite.css">') == 1, path
            assert 'class="imprint"' in html and "All sites as OPML" in html, path

    @pytest.mark.slow
    def test_the_pages_are_shown_in_the_frame_of_the_site(self, client: Client, stream: Lifestream, use: Use) -> None:
        use("own")
        for path in self.paths(stream):
            html = self.html(client, path)
            assert '<header><a href="/">My site</a></header>' in html and "site-footer" not in html, path
            for kept in (
                "theme.css",
                "timeline.js",
                'type="application/atom+xml"',
                'class="main-nav"',
                "<title>",
                "All sites as OPML",
            ):
                assert kept in html, f"{path}: {kept}"
        assert 'aria-current="page">Timeline' in self.html(client, "main/")
        assert "What I read" in self.html(client, "main/")

    @pytest.mark.slow
    def test_the_frame_keeps_the_pages_and_the_bar_of_its_owner(
        self, client: Client, stream: Lifestream, use: Use, django_user_model: Any
    ) -> None:
        use("own")
        ada = django_user_model.objects.create_user("ada")
        Lifestream.objects.filter(pk=stream.pk).update(owner=ada)
        OwnPage.objects.create(lifestream=stream, slug="imprint", title="Who I am", text="Ada")
        html = self.html(client, "main/")
        assert "Who I am" in html and "/account/login/" in html and "owner-bar" not in html and "owner.css" not in html
        client.force_login(ada)
        for path in [*self.paths(stream), "main/manage/"]:
            html = self.html(client, path)
            assert html.count('class="owner-bar"') == html.count("owner.css") == html.count("Who I am") == 1, path

    @pytest.mark.slow
    def test_the_frame_has_the_theme_and_the_accent_of_the_lifestream(
        self, client: Client, stream: Lifestream, use: Use
    ) -> None:
        use("own")
        Lifestream.objects.filter(pk=stream.pk).update(theme="magazine", accent="#7a1f5c")
        for path in self.paths(stream):
            html = self.html(client, path)
            assert re.search(r'<html lang="[\w-]+" data-look="magazine" style="--own-accent: #7a1f5c">', html), path

    def test_an_address_that_does_not_exist_is_reported_in_the_frame_and_the_language_of_the_site(
        self, client: Client, use: Use, settings: Settings
    ) -> None:
        use("own")
        settings.LANGUAGE_CODE = "de"
        response = client.get("/main/none/")
        html = response.content.decode()
        assert response.status_code == 404 and "Nicht gefunden" in html
        assert '<html lang="de">' in html and '<a href="/">My site</a>' in html

    def test_a_site_is_shown_by_its_own_template(self, client: Client, stream: Lifestream, use: Use) -> None:
        use("own")
        html = self.html(client, "main/")
        assert '<span class="mark">Ada</span>' in html and '<p class="tip">1 tags</p>' in html

    @pytest.mark.slow
    def test_the_template_of_a_site_extends_the_shipped_one_of_the_same_name(
        self, client: Client, stream: Lifestream, use: Use
    ) -> None:
        use("own")
        html = self.html(client, "main/")
        assert html.count("<b>on GitHub</b>") == 1
        assert '<span class="mark">release</span>' in html

    def test_items_are_shown_on_a_page_of_the_site(
        self, stream: Lifestream, use: Use, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        use("own")
        names: dict[str, Any] = {}
        exec(dict(_FILE.findall(PAGE))["own/views.py"], names)
        with django_assert_max_num_queries(4):
            html = names["front"](RequestFactory().get("/")).content.decode()
        assert "Kites" in html and "Released" in html and 'href="/main/feed.atom"' in html

    def test_the_page_has_the_templates_that_these_tests_use_and_no_others(self) -> None:
        used = {"small/lifestream/base.html", "own/site.html", "own/lifestream/base.html", "own/front.html"}
        used.add("own/404.html")
        used |= {f"own/lifestream/sites/{name}.html" for name in ("small-hours-example", "github-com")}
        assert {name for name, _ in _FILE.findall(PAGE)} == used | {"own/views.py"}


class TestVariables:
    """Each table names all variables, and no others."""

    def test_no_variable_is_listed_twice(self) -> None:
        tables = re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE)
        firsts = [[row.split(" | ")[0] for row in table.splitlines()[2:]] for table in tables]
        listed = [[name for first in column for name in re.findall(r"`(\w+)`", first)] for column in firsts]
        assert any(listed)
        for names in listed:
            assert sorted(names) == sorted(set(names))

    def context(self, client: Client, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def note(template: Any, context: Any, **_: Any) -> None:
            if not found:
                found.update(context.dicts[-1])

        template_rendered.connect(note)
        try:
            assert client.get(f"/{path}").status_code == 200
        finally:
            template_rendered.disconnect(note)
        return found

    def documented(self, heading: str, template: str) -> set[str]:
        [row] = re.findall(rf"^\| `{re.escape(template)}` \|(.*)\|$", section(PAGE, heading), re.MULTILINE)
        cell = re.sub(r"\([^)]*\)", "", row.split("|")[-1])
        return set(re.findall(r"`(\w+)`", cell))

    @pytest.mark.slow
    def test_the_variables_of_each_page_are_in_its_row(self, client: Client, stream: Lifestream) -> None:
        post = stream.posts.get(item__title="Kites")
        OwnPage.objects.create(lifestream=stream, slug="imprint", title="Who I am", text="Ada")
        common = {"lifestream", "timeline", "owned", "subscription", "tag", "query", "day", "feeds"}
        common |= {"beside", "sites_beside"}
        text = section(PAGE, "Frames and pages")
        assert {name for name in tabled(text) if "." not in name} == common
        for template, path in {
            "timeline.html": "main/",
            "site.html": f"main/sites/{post.subscription_id}/",
            "tag.html": "main/tags/sky/",
            "search.html": "main/search/?q=kites",
            "day.html": "main/2026/10/02/",
            "item.html": f"main/items/{post.item_id}/",
            "sites.html": "main/sites/",
            "tags.html": "main/tags/",
            "own_page.html": "main/pages/imprint/",
        }.items():
            assert self.documented("Frames and pages", template) | common == set(self.context(client, path)), template

    def test_the_only_variable_of_the_index_is_its_lifestreams(self, client: Client) -> None:
        assert set(self.context(client, "")) == {"lifestreams"}

    def test_the_variables_of_the_templates_of_items_are_in_their_table(self) -> None:
        names = tabled(section(PAGE, "Templates of items"))
        card = {field.name for field in fields(Card)} | {
            name for name, value in vars(Card).items() if isinstance(value, property)
        }
        always = {"post", "item", "feed", "card", "timeline", "lifestream"}
        assert {name for name in names if "/" not in name} == card | always

    @pytest.mark.parametrize("name", sorted(path.name for path in (SHIPPED / "lifestream/includes").iterdir()))
    def test_the_variables_of_each_include_are_in_its_row(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        source = (SHIPPED / "lifestream/includes" / name).read_text(encoding="utf-8")
        expected = self.documented("Includes", f"lifestream/includes/{name}")
        assert expected == variables(source, monkeypatch) - {"forloop", "only_lifestream"}


def variables(source: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the variables that a template takes from its context: those that it looks up and does not set itself."""
    found: set[str] = set()
    before = Variable.__init__

    def noting(variable: Variable, var: str) -> None:
        before(variable, var)
        if variable.lookups:
            found.add(str(variable.lookups[0]))

    with monkeypatch.context() as patch:
        patch.setattr(Variable, "__init__", noting)
        engines["django"].from_string(source)
    own = {name.strip() for names in re.findall(r"{% for ([\w, ]+) in ", source) for name in names.split(",")}
    own |= set(re.findall(r"\bas (\w+) %}", source))
    for names in re.findall(r"{% (?:with|blocktranslate with) (.*?) %}", source):
        own |= set(re.findall(r"(\w+)=", names))
    return {name for name in found if re.fullmatch(r"[a-z]\w*", name)} - own


def test_an_undocumented_variable_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "{% for a, b in c %}{{ a }}{% if d.e == 'x' %}{{ f|default:g }}{% endif %}{% endfor %}"
    assert variables(source, monkeypatch) == {"c", "d", "f", "g"}
