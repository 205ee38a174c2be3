"""The lists of users and groups in the admin of the bundled site: Django's, with the checks of `CheckedListAdmin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import admin as accounts
from django.contrib.auth.models import Group, User

from lifestream.admin.list_requests import CheckedListAdmin

if TYPE_CHECKING:
    UserAdmin = accounts.UserAdmin[Any]
else:
    UserAdmin = accounts.UserAdmin


class CheckedUserAdmin(CheckedListAdmin, UserAdmin):
    """Users."""


class CheckedGroupAdmin(CheckedListAdmin, accounts.GroupAdmin):
    """Groups."""


def check_lists() -> None:
    """Replace Django's lists in the admin of this process."""
    for model, with_checks in ((User, CheckedUserAdmin), (Group, CheckedGroupAdmin)):
        if not isinstance(admin.site.get_model_admin(model), with_checks):
            admin.site.unregister(model)
            admin.site.register(model, with_checks)
