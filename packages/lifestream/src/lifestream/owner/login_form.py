"""The form with which owners log in.

After ten wrong passwords in a minute from an address, no more are compared from there until a minute has passed since
the first of them: nobody can try a list of passwords, or keep the site busy comparing them, which takes long by intent.
If passwords come from many addresses at once, only a few are compared, and the other visitors are asked to try again:
the threads are needed for pages, too.
"""

from __future__ import annotations

import math
import threading
from typing import Any, Final

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

from lifestream.owner.guesses import Guesses, visitor_of

WRONG: Final = Guesses()
AT_ONCE: Final = 2
"""How many passwords each process compares at once. `serve` has eight threads by default."""
COMPARING: Final = threading.BoundedSemaphore(AT_ONCE)
_SOON: Final = 2
"""After how many seconds somebody is to try again whose password was not compared."""


class LoginForm(AuthenticationForm):
    """The name and the password of an account."""

    def clean(self) -> Any:
        """Return the values. Raises ValidationError if they are wrong, if too many wrong ones came from the same
        address, or if others are being compared.
        """
        if not COMPARING.acquire(blocking=False):
            text = ngettext(
                "Others are logging in at the moment: try again in {} second.",
                "Others are logging in at the moment: try again in {} seconds.",
                _SOON,
            )
            raise ValidationError(text.format(_SOON))
        try:
            return self._compared()
        finally:
            COMPARING.release()

    def _compared(self) -> Any:
        visitor = visitor_of(self.request) if self.request is not None else ""
        if visitor and (wait := math.ceil(WRONG.begin(visitor))):
            text = ngettext(
                "Too many wrong passwords came from your address: try again in {} second.",
                "Too many wrong passwords came from your address: try again in {} seconds.",
                wait,
            )
            raise ValidationError(text.format(wait))
        is_wrong = False
        try:
            return super().clean()
        except ValidationError:
            is_wrong = True
            raise
        finally:
            if visitor and not is_wrong:
                WRONG.take_back(visitor)
