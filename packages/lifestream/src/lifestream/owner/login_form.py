"""The form with which owners log in.

After ten wrong passwords in a minute from an address, no more are compared from there until a minute has passed since
the first of them: nobody can try a list of passwords, or keep the site busy comparing them, which takes long by intent.
"""

from __future__ import annotations

import math
from typing import Any, Final

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

from lifestream.owner.guesses import Guesses, visitor_of

WRONG: Final = Guesses()


class LoginForm(AuthenticationForm):
    """The name and the password of an account."""

    def clean(self) -> Any:
        """Return the values. Raises ValidationError if they are wrong, or if too many wrong ones came from the same
        address.
        """
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
