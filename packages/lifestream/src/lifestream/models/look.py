"""What an owner may choose for the look of a lifestream, and the validators of these values."""

from __future__ import annotations

import re
from math import floor

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from lifestream.content import colours


class Theme(models.TextChoices):
    """How the pages of a lifestream look."""

    STANDARD = "standard", _("Standard")
    LIST = "list", _("Dense list")
    MAGAZINE = "magazine", _("Magazine, with large pictures")


class Shown(models.TextChoices):
    """How much of a post a timeline shows."""

    TITLE = "title", _("Its title")
    SUMMARY = "summary", _("Its title and summary")
    EXCERPT = "excerpt", _("Its title and an excerpt")
    WHOLE = "whole", _("All of it")


class SiteOrder(models.TextChoices):
    """The order of the sites beside a timeline."""

    NAME = "name", _("By name")
    LATEST = "latest", _("The latest post first")


def validate_language(text: str) -> None:
    """Raise ValidationError if *text* does not have the form of a usual language tag (RFC 5646): two or three letters,
    and up to three subtags of two to eight characters.
    """
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", text, re.ASCII):
        raise ValidationError(_("“%(text)s” is no language tag; write it like “de” or “pt-BR”."), params={"text": text})


def validate_accent(text: str) -> None:
    """Raise ValidationError if *text* is not a colour in the form `#rrggbb`, or if text in that colour cannot be read
    on a light page (WCAG 2.2, success criterion 1.4.3).
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text, re.ASCII):
        raise ValidationError(_("“%(text)s” is no colour; write it like #0b5f8f."), params={"text": text})
    if (contrast := colours.contrast(text, colours.BACKGROUND)) < colours.MINIMUM_CONTRAST:
        message = _(
            "Text in %(text)s cannot be read on a light page: its contrast is %(contrast)s, and must be at least "
            "4.5. Choose a darker colour."
        )
        raise ValidationError(message, params={"text": text, "contrast": f"{floor(100 * contrast) / 100:.2f}"})


def validate_static_path(text: str) -> None:
    """Raise ValidationError if *text* does not have the form of a static file's path. Whether the file exists is not
    checked here.
    """
    if text.startswith("/") or ":" in text or "\\" in text or ".." in text.split("/") or not text.isprintable():
        raise ValidationError(
            _("“%(text)s” is no static file; give its path below the folder of static files, as “logo.svg”."),
            params={"text": text},
        )
