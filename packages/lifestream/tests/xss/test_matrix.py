"""Every attribute of every element with addresses that could run a script, checked without a browser."""

from __future__ import annotations

import re

import pytest

from lifestream.content.html_tokenizer import attributes, name_set, tokens
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import DEFAULT_TAGS, FORBIDDEN_TAGS, SanitizerRules
from xss.attempts import Attempt, html_attempts

pytestmark = pytest.mark.costly

TAGS = sorted({*DEFAULT_TAGS, *FORBIDDEN_TAGS, "body", "html", "head", "image", "font", "marquee", "x-y"} - {"*"})
ATTRIBUTES = name_set(
    "href src srcset data action formaction poster cite background longdesc usemap profile manifest codebase classid "
    "archive code dynsrc lowsrc ping icon xlink:href xml:base content srcdoc data-src data-player style value label "
    "title alt lang dir name id class from to values by begin attributename is slot nonce integrity target rel type "
    "http-equiv imagesrcset blocking sizes media download headers scope datetime"
)
HANDLERS = name_set("onload onerror onclick onmouseover onfocus ontoggle onbegin onanimationstart onpointerover onxyz")
DANGERS = (
    "javascript:xss(1)",
    "JAVASCRIPT:xss(1)",
    "java&#10;script:xss(1)",
    "&#1;javascript&colon;xss(1)",
    "vbscript:xss(1)",
    "data:text/html,<script>xss(1)</script>",
    "data:image/svg+xml,<svg onload=xss(1)>",
    "blob:https://example.org/1",
    "file:///etc/passwd",
)
WHEREVER = (DANGERS[0], DANGERS[5])
"""The dangers that are tried in attributes that no browser opens: they stay as text and must not end or begin a tag."""
RUNS = re.compile(r"(javascript|vbscript|data|blob|file):", re.IGNORECASE)
# The attributes of allowed elements that browsers read as an address. In other attributes, an address is only text.
OPENED = name_set("href src srcset poster cite style background data action formaction ping xlink:href")


@pytest.fixture(scope="module")
def sanitizer() -> Sanitizer:
    return Sanitizer()


@pytest.fixture(scope="module")
def lenient() -> Sanitizer:
    """Return a sanitizer whose rules allow every element and attribute that a site can allow."""
    may = [name for name in ATTRIBUTES if name not in ("action", "formaction", "srcdoc", "ping")]
    return Sanitizer(SanitizerRules.of({tag: may for tag in TAGS if tag not in FORBIDDEN_TAGS}))


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("name", ["sanitizer", "lenient"])
def test_no_attribute_holds_a_script(request: pytest.FixtureRequest, name: str, tag: str) -> None:
    clean: Sanitizer = request.getfixturevalue(name)
    for attribute in ATTRIBUTES | HANDLERS:
        for danger in DANGERS if attribute in OPENED else WHEREVER:
            made = clean.html(f'<table><tr><td><{tag} {attribute}="{danger}">a</{tag}>', "https://example.org/")
            for kind, element, source in tokens(made):
                if kind != "start":
                    continue
                assert element not in FORBIDDEN_TAGS, made
                found = attributes(source)
                assert not any(each.startswith("on") for each in found), made
                assert not any(RUNS.search(found[each]) for each in OPENED & set(found)), made


@pytest.mark.parametrize("attempt", html_attempts(), ids=lambda attempt: f"{attempt.number}-{attempt.kind}")
def test_sanitized_html_is_not_changed_by_sanitizing_it_again(sanitizer: Sanitizer, attempt: Attempt) -> None:
    # Text that parses differently the second time could parse differently in a browser: that is a mutation attack.
    once = sanitizer.html(attempt.armed("there.example"), "https://example.org/")
    assert sanitizer.html(once, "https://example.org/") == once
