"""The HTML of an owner's own page: made once from its Markdown, cleaned, and stored beside it.

Making the HTML can take most of a second, and every visitor may request the page. So it is made when the page is saved,
or with the first request after something else has changed on which it depends: the rules of cleaning, a release, the
address of the page. It is stored without the address of the site, since visitors may use several.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from functools import cache
from importlib.metadata import version
from typing import Final

from django.db import DatabaseError

from lifestream.conf import settings
from lifestream.content.markdown import html_of_markdown
from lifestream.content.sanitizer import Sanitizer
from lifestream.models import OwnPage
from lifestream.plugins.caps import CONTENT
from lifestream.plugins.entry_digests import cleaner_of

log = logging.getLogger(__name__)

_FORM: Final = 1
"""Increase it if Markdown is rendered in another way, so that all pages are rendered again. A new release has that
effect by itself.
"""


def html_of_page(page: OwnPage, path: str) -> str:
    """Return the HTML of *page*, which is at *path* on this site. If it has to be made, it is stored."""
    digest = _digest(page.text, path)
    if page.html_digest != digest:
        page.html, page.html_digest = html_of_text(page.text, path), digest
        try:
            # Only if nobody has changed the text meanwhile.
            OwnPage.objects.filter(pk=page.pk, text=page.text).update(html=page.html, html_digest=digest)
        except DatabaseError as error:  # the database is busy or read-only
            log.info("The HTML of the page %s is not stored: %s", path, error)
    return page.html


def html_of_text(text: str, path: str) -> str:
    """Return *text*, Markdown of a page at *path* on this site, as clean HTML. Addresses on this site have no host."""
    # The cleaner makes addresses absolute: with a host that no text can contain, which is removed afterwards.
    origin = f"https://{secrets.token_hex(16)}.invalid"
    html = Sanitizer(settings.sanitizer_rules).beginning(html_of_markdown(text), origin + path, CONTENT.limit).html
    # A path that begins with "//" would be read as a host (RFC 3986, section 4.2).
    return html.replace(f"{origin}//", "/.//").replace(origin, "")


@cache
def _releases() -> str:
    return " ".join(f"{name} {version(name)}" for name in ("django-lifestream", "nh3", "markdown-it-py"))


def _digest(text: str, path: str) -> str:
    depends = repr((_FORM, cleaner_of(settings.sanitizer_rules, _releases()), path, text))
    return hashlib.sha256(depends.encode("utf-8", "surrogatepass")).hexdigest()[:32]
