"""A widget for a file whose size the browser checks: an owner who chooses too large a file is told at once, not after
all of it was sent. The server checks the size again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms


class BoundedFileInput(forms.FileInput):
    """A widget for a file. The script owner.js refuses a file of more than *most()* bytes, with the message
    *too_large()*. *accept* are the kinds of files that the browser offers.
    """

    def __init__(self, accept: str, most: Callable[[], int], too_large: Callable[[], str]) -> None:
        super().__init__(attrs={"accept": accept})
        self._most, self._too_large = most, too_large

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the attributes of the element, in the language and with the limit that hold now."""
        bounds = {"data-most": str(self._most()), "data-too-large": self._too_large()}
        return super().build_attrs(base_attrs, extra_attrs) | bounds
