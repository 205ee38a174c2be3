"""The addresses of pages equal those of Django's `reverse`, for each language, path prefix and set of patterns."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import clear_url_caches, get_script_prefix, include, path, reverse, set_script_prefix, set_urlconf
from django.utils import translation

from lifestream.web import page_addresses
from lifestream.web.page_addresses import page_address, row_address

WHOLE = [
    ("timeline", {"slug": "main"}),
    ("timeline-feed", {"slug": "main", "format": "atom"}),
    ("site", {"slug": "main", "pk": 7}),
    ("tag", {"slug": "main", "tag": "été"}),
    ("tag", {"slug": "main", "tag": "a b%2F?"}),
    ("day", {"slug": "main", "year": 2026, "month": 2, "day": 3}),
]


@pytest.mark.parametrize(("name", "kwargs"), WHOLE)
def test_a_page_has_the_address_that_django_gives_it_the_first_time_and_later(
    name: str, kwargs: dict[str, Any]
) -> None:
    expected = reverse(f"lifestream:{name}", kwargs=kwargs)
    assert [page_address(name, **kwargs) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize("slug", ["main", "798274615903128447", "7"])
@pytest.mark.parametrize("pk", [1, 10**17])
@pytest.mark.parametrize("name", ["item", "site"])
def test_the_page_of_a_row_has_the_address_that_django_gives_it(name: str, pk: int, slug: str) -> None:
    assert row_address(name, slug, pk) == reverse(f"lifestream:{name}", kwargs={"slug": slug, "pk": pk})


def test_a_path_prefix_that_the_server_has_stripped_is_in_front() -> None:
    before = get_script_prefix()
    plain = row_address("item", "main", 3)
    try:
        set_script_prefix("/planet/")
        assert row_address("item", "main", 3) == f"/planet{plain}"
    finally:
        set_script_prefix(before)
    assert row_address("item", "main", 3) == plain


def test_patterns_of_a_language_have_its_prefix() -> None:
    patterns = ModuleType("patterns")
    patterns.urlpatterns = i18n_patterns(path("", include("lifestream.urls")))  # type: ignore[attr-defined]
    for language in ("de", "en"):
        with translation.override(language):
            assert row_address("item", "main", 3) == reverse("lifestream:item", args=["main", 3])
    try:
        set_urlconf(patterns)  # type: ignore[arg-type]
        for language in ("de", "en", "de"):
            with translation.override(language):
                assert row_address("item", "main", 3) == f"/{language}/main/items/3/"
    finally:
        set_urlconf(None)


def test_other_patterns_have_other_addresses() -> None:
    plain = row_address("item", "main", 3)
    patterns = ModuleType("patterns")
    patterns.urlpatterns = [path("news/", include("lifestream.urls"))]  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=patterns):
        assert row_address("item", "main", 3) == "/news/main/items/3/"
        # A test may change patterns: Django forgets the old addresses, and so do we.
        patterns.urlpatterns = [path("other/", include("lifestream.urls"))]  # type: ignore[attr-defined]
        clear_url_caches()
        assert row_address("item", "main", 3) == "/other/main/items/3/"
    assert row_address("item", "main", 3) == plain


def test_the_number_of_addresses_that_are_kept_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_addresses, "MOST_KEPT", 3)
    for number in range(10):
        assert page_address("timeline", slug=f"s{number}") == reverse("lifestream:timeline", args=[f"s{number}"])
    assert max(map(len, page_addresses._addresses.values())) <= 3
