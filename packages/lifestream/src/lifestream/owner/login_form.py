"""The form with which owners log in, and the one with which they change their password.

After ten wrong passwords in a minute from an address, no more are compared from there until a minute has passed since
the first of them: nobody can try a list of passwords, or keep the site busy comparing them, which takes long by intent.
Passwords from browsers in which the user has logged in before are counted on their own.

If passwords come from many addresses at once, only a few are compared, and `comparisons` says whose: the threads are
needed for pages, too. Visitors whose passwords were not compared are asked to try again. All this, but for the rule on
known browsers, applies to the old password that a change asks for as well: whoever finds an open session could
otherwise guess it, or keep all threads busy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.utils.translation import gettext, ngettext

from lifestream.models.changed_fields import RowGone, save_changed
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
        if username is None or not self.cleaned_data.get("password"):
            return super().clean()  # Nothing is compared.
        if is_known(self.request, username) and not KNOWN.begin(str(username)):
            return _in_turn("", "", 0, super().clean)
        return _compared(visitor_of(self.request) if self.request is not None else "", "", super().clean)


class PasswordForm(PasswordChangeForm):
    """The old password of the user who sends *request*, and a new one."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """Return the old password. Raises ValidationError like the form of the login. If the address of the visitor is
        not known, wrong passwords are counted by user: that keeps out nobody else.
        """
        # The space keeps the names of users apart from addresses: no address begins with one.
        return _compared(visitor_of(self.request), f" {self.user.get_username()}", super().clean_old_password)

    def save(self, commit: bool = True) -> Any:
        """Save the new password, and no other field of the user. Raises Http404 if the account was deleted.

        Comparing and hashing passwords takes a second or more. Django would write the whole row as it was before, and
        so give back the rights that somebody has taken from the user meanwhile, or create a deleted account again.
        """
        user = super().save(commit=False)
        if commit:
            try:
                save_changed(user, ["password"])
            except RowGone:
                raise Http404(gettext("There is no such page.")) from None
        return user


_Value = TypeVar("_Value")


def _compared(visitor: str, otherwise: str, compare: Callable[[], _Value]) -> _Value:
    """Call *compare*, which compares a password, once it is the turn of *visitor*, and return its result. Raises
    ValidationError if *compare* does, if too many wrong passwords came from the visitor, or if the turn does not come
    in time. If *visitor* is "", wrong passwords are counted under *otherwise*, unless that is "" as well.
    """
    counted = visitor or otherwise
    if counted and (wait := math.ceil(WRONG.begin(counted))):
        text = ngettext(
            "Too many wrong passwords came from your address: try again in {} second.",
            "Too many wrong passwords came from your address: try again in {} seconds.",
            wait,
        )
        raise ValidationError(text.format(wait))
    network = network_of(visitor)
    return _in_turn(counted, network, 2 + NEAR.count(network) - LOGINS.count(network), compare)


def _in_turn(counted: str, network: str, rank: int, compare: Callable[[], _Value]) -> _Value:
    """Return what *compare* returns once it is the turn of the visitor. *counted* is the name under which the password
    has been counted as wrong in advance, or ""; *network* is where the visitor is, "" if that is not known.
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
            values = compare()
            is_right = True
            return values
    except ValidationError as error:
        is_wrong = not isinstance(error, _Busy)
        raise
    finally:
        if counted and not is_wrong:
            WRONG.take_back(counted)
        if network and is_wrong:
            NEAR.note(network)
        if network and is_right:
            LOGINS.note(network)


class _Busy(ValidationError):
    """The password was not compared."""
