"""The template tags: the templates of items, the names of days, and the errors for wrong arguments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.template import engines
from django.test import override_settings
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from factories import make_lifestream
from lifestream.models import Post
from lifestream.templatetags.lifestream import day_name, register, since, site_templates
from lifestream.web.timeline import Timeline
from shown import make_post, make_site

BASIC = "lifestream/sites/basic.html"


@pytest.mark.parametrize(
    ("domain", "templates"),
    [
        ("github.com", ["github-com"]),
        ("gist.github.com", ["gist-github-com", "github-com"]),
        ("Example.CO.uk", ["example-co-uk", "co-uk"]),
        ("xn--bcher-kva.example", ["xn-bcher-kva-example"]),
        ("", []),
        ("localhost", []),
        ("127.0.0.1", ["127-0-0-1", "0-0-1", "0-1"]),
        ("../../etc/passwd", []),
        ("a.b.c.d.e.f.g.h.com", ["d-e-f-g-h-com", "e-f-g-h-com", "f-g-h-com", "g-h-com", "h-com"]),
    ],
)
def test_templates_are_tried_from_the_whole_domain_to_its_parent_domains(domain: str, templates: list[str]) -> None:
    assert site_templates(domain) == [*(f"lifestream/sites/{name}.html" for name in templates), BASIC]


def rendered(tmp_path: Path, source: str, **context: Any) -> str:
    templates = [{**django_settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    with override_settings(TEMPLATES=templates):
        return engines["django"].from_string("{% load lifestream %}" + source).render(context)


@pytest.mark.django_db
def test_items_are_rendered_by_the_templates_of_their_sites(tmp_path: Path) -> None:
    folder = tmp_path / "lifestream" / "sites"
    (folder / "detail").mkdir(parents=True)
    (folder / "one-example.html").write_text("one:{{ item.title }}:{{ card.kind }}:{{ word }} ")
    (folder / "basic.html").write_text("basic:{{ item.title }} ")
    (folder / "detail" / "example.html").write_text("never")
    (folder / "detail" / "two-example.html").write_text("detail:{{ feed.domain }}")
    lifestream = make_lifestream()
    for name in ("one", "two", "sub.one"):
        make_post(make_site(lifestream, domain=f"{name}.example"), name)
    posts = Timeline(lifestream).page(None, 9).posts
    source = "{% for post in posts %}{% render_item post %}{% endfor %}"
    assert rendered(tmp_path, source, posts=posts, word="w") == "one:one:article:w basic:two one:sub.one:article:w "
    assert rendered(tmp_path, "{% render_item_detail post %}", post=posts[1]) == "detail:two.example"


@pytest.mark.django_db
def test_the_title_of_an_item_is_escaped_by_the_templates(tmp_path: Path) -> None:
    lifestream = make_lifestream("main")
    make_post(make_site(lifestream), "<b>bold</b>", content="<p>safe</p>")
    [post] = Timeline(lifestream).page(None, 9).posts
    context = {"post": post, "timeline": Timeline(lifestream), "lifestream": lifestream}
    page = rendered(tmp_path, "{% render_item_detail post %}", **context)
    assert "&lt;b&gt;bold&lt;/b&gt;" in page and "<p>safe</p>" in page


NIGHT = datetime(2026, 10, 2, 10, 30, tzinfo=UTC)
"""Half past midnight of 3 October on Kiritimati. The tests stop the clock there, so that no midnight disturbs them."""


def test_a_day_is_today_or_yesterday_or_its_date_without_the_year_if_it_is_this_year(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NIGHT)
    today = timezone.localdate()
    assert (day_name(today), day_name(today - timedelta(days=1))) == ("Today", "Yesterday")
    assert day_name(date(2026, 9, 25)) == "Friday, 25 September"
    assert day_name(date(2001, 2, 3)) == "Saturday, 3 February 2001"
    with translation.override("de"):
        assert day_name(date(2001, 2, 3)) == "Samstag, 3. Februar 2001"


def test_today_is_the_readers_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NIGHT)
    with timezone.override("Pacific/Kiritimati"):
        assert (day_name(date(2026, 10, 3)), day_name(date(2026, 10, 2))) == ("Today", "Yesterday")


@pytest.mark.django_db
class TestItemsOnPagesOfASite:
    """Another app's page shows posts: its context need not have what the pages of lifestream have."""

    def rendered(self, source: str, **context: Any) -> str:
        return engines["django"].from_string("{% load lifestream %}" + source).render(context)

    @pytest.mark.parametrize("tag", ["render_item", "render_item_detail"])
    def test_a_post_alone_is_rendered_as_on_a_page_of_lifestream(self, tag: str) -> None:
        make_post(make_site(make_lifestream("main"), "A site", icon=b"\x89PNG"), "A title", tags=("sky",))
        source = f"{{% {tag} post %}}"
        [loaded] = Timeline(make_lifestream()).narrowed(lifestream=Post.objects.get().lifestream).page(None, 9).posts
        timeline = Timeline(loaded.lifestream)
        known = {"timeline": timeline, "lifestream": timeline.lifestream}
        page = self.rendered(source, post=Post.objects.get())
        assert page == self.rendered(source, post=loaded, **known)
        assert "/main/sites/" in page and "/main/tags/sky/" in page and "/icon" in page

    def test_posts_of_several_lifestreams_link_to_their_own_lifestream(self) -> None:
        one, two = (make_post(make_site(make_lifestream(slug)), slug) for slug in ("one", "two"))
        page = self.rendered("{% for post in posts %}{% render_item post %}{% endfor %}", posts=[one, two])
        assert "/one/items/" in page and "/two/items/" in page
        other = self.rendered("{% render_item post %}", post=two, timeline=Timeline(one.lifestream))
        assert "/two/items/" in other and "/one/" not in other

    def test_each_post_takes_one_query_for_its_tags_and_no_other(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        lifestream = make_lifestream("main")
        site = make_site(lifestream)
        for title in ("one", "two", "three"):
            make_post(site, title)
        posts = list(Post.objects.select_related("item__feed", "subscription", "lifestream"))
        with django_assert_num_queries(3):
            self.rendered("{% for post in posts %}{% render_item post %}{% endfor %}", posts=posts)

    @pytest.mark.parametrize(
        ("value", "got"),
        [(None, "nothing: no such variable is in the context"), ("a text", "str 'a text'")],
    )
    def test_a_value_that_is_no_post_is_named(self, value: Any, got: str) -> None:
        with pytest.raises(TypeError) as error:
            self.rendered("{% render_item post %}", post=value)
        assert str(error.value) == f"{{% render_item %}} takes a post (lifestream.models.Post), and got {got}"


def test_a_moment_is_named_by_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NIGHT)
    assert day_name(NIGHT) == "Today"


def test_the_age_is_in_the_language_of_the_page_without_django_humanize() -> None:
    assert "django.contrib.humanize" not in django_settings.INSTALLED_APPS
    moment = timezone.now() - timedelta(hours=3, minutes=1)
    with translation.override("de"):
        assert since(moment) == "vor 3 Stunden"
    with translation.override("en"):
        assert since(moment) == "3 hours ago"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tag", "takes"),
    [
        ("item_url none post", "a timeline (lifestream.api.timeline)"),
        ("item_url timeline none", "a post (lifestream.models.Post)"),
        ("site_url none post.subscription", "a timeline (lifestream.api.timeline)"),
        ("site_url timeline none", "a subscription (lifestream.models.Subscription)"),
        ("tag_url none none", "a timeline (lifestream.api.timeline)"),
        ("day_url none post.date", "a timeline (lifestream.api.timeline)"),
        ("own_pages none as found", "a lifestream (lifestream.models.Lifestream)"),
        ("site_badge none as found", "a subscription (lifestream.models.Subscription)"),
        ("site_mark none as found", "a subscription (lifestream.models.Subscription)"),
        ("item_head none", "a post (lifestream.models.Post)"),
    ],
)
def test_each_tag_names_the_argument_that_is_missing(tmp_path: Path, tag: str, takes: str) -> None:
    post = make_post(make_site(make_lifestream()))
    with pytest.raises(TypeError) as error:
        rendered(tmp_path, f"{{% {tag} %}}", post=post, timeline=Timeline(post.lifestream))
    name = tag.partition(" ")[0]
    assert str(error.value) == f"{{% {name} %}} takes {takes}, and got nothing: no such variable is in the context"


@pytest.mark.parametrize("name", register.filters)
def test_no_filter_fails_on_a_missing_value(tmp_path: Path, name: str) -> None:
    name = "marked:''" if name == "marked" else name
    assert rendered(tmp_path, f"{{{{ none|{name} }}}}|") == "|"
    assert rendered(tmp_path, f"{{{{ feed.last_fetch|{name} }}}}|", feed={"last_fetch": None}) == "|"
