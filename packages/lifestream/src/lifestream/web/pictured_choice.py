"""Radio buttons with a picture of each choice, in the admin and in the pages of owners."""

from __future__ import annotations

from typing import Any

from django import forms
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import gettext


class PicturedChoice(forms.RadioSelect):
    """Choices with a picture of each value: the static file `lifestream/look/NAME-VALUE.svg`."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return a choice whose label begins with its picture; the empty choice has a label without one."""
        if value:
            picture = static(f"lifestream/look/{self._name}-{value}.svg")
            label = format_html('<img src="{}" alt="" width="120" height="84"> {}', picture, label)
        else:
            label = gettext("As the site has it")
        return super().create_option(name, value, label, *args, **kwargs)
