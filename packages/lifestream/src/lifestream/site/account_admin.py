"""The lists of users and groups in the admin of the bundled site: Django's, with the checks of `CheckedListAdmin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import admin as accounts
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Group, User
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from lifestream.admin.list_requests import CheckedListAdmin
from lifestream.content.text_direction import isolated
from lifestream.models import Lifestream

if TYPE_CHECKING:
    UserAdmin = accounts.UserAdmin[Any]
else:
    UserAdmin = accounts.UserAdmin


class _OwnerAdmin(UserAdmin):
    """Users, whose lifestreams are deleted before them.

    If Django deleted both together, each site would be updated separately, to note that it has one reader fewer. That
    takes tens of times as long, and the deletion would fail if sites were added meanwhile, such as from an OPML file.
    """

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic(using=router.db_for_write(Lifestream)):
            Lifestream.objects.filter(owner=obj.pk).delete()
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic(using=router.db_for_write(Lifestream)):
            Lifestream.objects.filter(owner__in=list(queryset.order_by().values_list("pk", flat=True))).delete()
            super().delete_queryset(request, queryset)


class CheckedUserAdmin(CheckedListAdmin, _OwnerAdmin):
    """Users."""

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Return what the page before a deletion lists: the users and their lifestreams. Whoever deletes them
        needs the permission to delete lifestreams, too. Lifestreams that this person may not read are counted, but not
        named.

        Django would list each post of these, and read the item of each in a query of its own: for 40,000 posts, it took
        15 seconds, and it failed if one was deleted meanwhile.
        """
        users = list(objs)
        lifestreams = list(Lifestream.objects.filter(owner__in=[user.pk for user in users]).order_by("slug"))
        readable = Lifestream.objects.readable_by(request.user).filter(owner__in=[user.pk for user in users])
        named = set(readable.order_by().values_list("pk", flat=True))
        names: list[Any] = []
        for user in users:
            names.append(isolated(str(user)[:200]))
            theirs = [each for each in lifestreams if each.owner_id == user.pk and each.pk in named]
            if theirs:
                names.append([isolated(str(each)[:200]) for each in theirs])
        counts = {str(self.opts.verbose_name_plural): len(users)}
        needed: set[str] = set()
        if lifestreams:
            options = Lifestream._meta
            counts[str(options.verbose_name_plural)] = len(lifestreams)
            if not request.user.has_perm(f"{options.app_label}.{get_permission_codename('delete', options)}"):
                needed.add(str(options.verbose_name))
        return names, counts, needed, []


class CheckedGroupAdmin(CheckedListAdmin, accounts.GroupAdmin):
    """Groups."""


def check_lists() -> None:
    """Replace Django's lists in the admin of this process."""
    for model, with_checks in ((User, CheckedUserAdmin), (Group, CheckedGroupAdmin)):
        if not isinstance(admin.site.get_model_admin(model), with_checks):
            admin.site.unregister(model)
            admin.site.register(model, with_checks)
