"""The form with which owners log in.

After ten wrong passwords in a minute from an address, no more are compared from there until a minute has passed since
the first of them: nobody can try a list of passwords, or keep the site busy comparing them, which takes long by intent.
Passwords from browsers in which the user has logged in before are counted on their own.

If passwords come from many addresses at once, only a few are compared, and `comparisons` says whose: the threads are
needed for pages, too. Visitors whose passwords were not compared are asked to try again.
"""

from __future__ import annotations

import math
from typing import Any, Final

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

from lifestream.owner.comparisons import Turns
from lifestream.owner.guesses import Guesses, network_of, visitor_of
from lifestream.owner.known_browsers import is_known

WRONG: Final = Guesses()
"""Wrong passwords by address."""
NEAR: Final = Guesses(most=100, seconds=600.0, most_addresses=10_000)
"""Wrong passwords by network."""
LOGINS: Final = Guesses(most=1, seconds=30 * 86400.0)
"""Right passwords by network."""
KNOWN: Final = Guesses()
"""Passwords, wrong or right, from browsers that are known, by user."""
COMPARING: Final = Turns()
_SOON: Final = 2
"""The number of seconds after which a visitor whose password was not compared is asked to try again."""


class LoginForm(AuthenticationForm):
    """The name and the password of an account."""

    def clean(self) -> Any:
        """Return the values. Raises ValidationError if they are wrong, if too many wrong ones came from the same
        address, or if others are being compared.
        """
        username = self.cleaned_data.get("username")
        if is_known(self.request, username) and not KNOWN.begin(str(username)):
            return self._in_turn("", rank=0)
        visitor = visitor_of(self.request) if self.request is not None else ""
        if visitor and (wait := math.ceil(WRONG.begin(visitor))):
            text = ngettext(
                "Too many wrong passwords came from your address: try again in {} second.",
                "Too many wrong passwords came from your address: try again in {} seconds.",
                wait,
            )
            raise ValidationError(text.format(wait))
        network = network_of(visitor)
        return self._in_turn(visitor, rank=2 + NEAR.count(network) - LOGINS.count(network))

    def _in_turn(self, visitor: str, rank: int) -> Any:
        """Return the values once it is the turn of the visitor. *visitor* is the address for which a wrong guess was
        counted, or "".
        """
        is_wrong = is_right = False
        try:
            with COMPARING.turn(rank) as may_compare:
                if not may_compare:
                    text = ngettext(
                        "Others are logging in at the moment: try again in {} second.",
                        "Others are logging in at the moment: try again in {} seconds.",
                        _SOON,
                    )
                    raise _Busy(text.format(_SOON))
                values = super().clean()
                is_right = True
                return values
        except ValidationError as error:
            is_wrong = not isinstance(error, _Busy)
            raise
        finally:
            if visitor and is_wrong:
                NEAR.note(network_of(visitor))
            elif visitor:
                WRONG.take_back(visitor)
            if visitor and is_right:
                LOGINS.note(network_of(visitor))


class _Busy(ValidationError):
    """The password was not compared."""
