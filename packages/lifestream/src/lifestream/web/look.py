"""How a page looks: the theme, the accent, the logo and the style sheets that the owner has chosen, for a lifestream or
for the site.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from lifestream.conf import settings
from lifestream.models import Lifestream


@dataclass(frozen=True, slots=True)
class Look:
    """What a template needs for the look of a page. *logo* and *styles* are paths of static files; *accent* is a colour
    as `#0b5f8f`, or "".
    """

    title: str
    theme: str
    accent: str
    logo: str
    styles: tuple[str, ...]


def look_of(lifestream: Lifestream | None) -> Look:
    """Return how the pages of *lifestream* look; for None, those of no lifestream."""
    return Look(
        title=settings.title or gettext("Lifestream"),
        theme=(lifestream.theme if lifestream else "") or settings.theme,
        accent=lifestream.accent if lifestream else "",
        logo=(lifestream.logo if lifestream else "") or settings.logo,
        styles=settings.styles,
    )
