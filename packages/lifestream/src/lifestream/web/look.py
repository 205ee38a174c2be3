"""How a page looks: the theme, the accent, the logo and the style sheets that the owner has chosen, for a lifestream or
for the site.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext

from lifestream.conf import settings
from lifestream.models import Lifestream


@dataclass(frozen=True, slots=True)
class Look:
    """What a template needs for the look of a page. *logo* and *styles* are paths of static files; *accent* is a colour
    as `#0b5f8f`, or "". *uploaded* is the slug of the lifestream and the digest of its logo, if one was uploaded: it
    takes precedence over *logo*. *logo_size* is the width and height of the uploaded logo in pixels.
    """

    title: str
    theme: str
    accent: str
    logo: str
    styles: tuple[str, ...]
    uploaded: tuple[str, str] | None = None
    logo_size: tuple[int, int] | None = None

    @property
    def logo_url(self) -> str:
        """The address of the logo, "" if there is none."""
        if self.uploaded is not None:
            slug, digest = self.uploaded
            return reverse("lifestream:logo", kwargs={"slug": slug, "digest": digest})
        return static(self.logo) if self.logo else ""


def look_of(lifestream: Lifestream | None) -> Look:
    """Return the look of the pages of *lifestream*; for None, that of the pages that belong to no lifestream."""
    with_logo = lifestream if lifestream is not None and lifestream.logo_digest else None
    return Look(
        title=settings.title or gettext("Lifestream"),
        theme=(lifestream.theme if lifestream else "") or settings.theme,
        accent=lifestream.accent if lifestream else "",
        logo=(lifestream.logo if lifestream else "") or settings.logo,
        styles=settings.styles,
        uploaded=(with_logo.slug, with_logo.logo_digest) if with_logo else None,
        logo_size=(with_logo.logo_width, with_logo.logo_height) if with_logo else None,
    )
