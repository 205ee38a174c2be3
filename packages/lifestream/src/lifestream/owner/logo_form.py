"""The form for the picture that is shown in place of the title of a lifestream."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lifestream.models.logos import LARGEST, too_large, validate_logo
from lifestream.owner.file_input import BoundedFileInput


class LogoField(forms.FileField):
    """A picture. Its value is its bytes."""

    widget = BoundedFileInput("image/png,image/jpeg,image/gif,image/webp,image/avif", lambda: LARGEST, too_large)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the bytes of the file. Raises ValidationError if it is no picture that may be a logo."""
        file = super().clean(data, initial)
        found: bytes = file.read(LARGEST + 1)
        validate_logo(found)
        return found


class LogoForm(forms.Form):
    """A picture to upload."""

    picture = LogoField(
        label=_("A picture from your computer"),
        help_text=_("PNG, JPEG, GIF, WebP or AVIF. It is shown 40 pixels high, in place of the title."),
    )
