"""Empty the tables after a test that commits, without the work that Django does after migrations.

Django makes each permission and each content type anew after such a test: that takes longer than most of these tests.
Here, they stay, since they are data of the migrations. After a test that has changed their number, the tables are
emptied in Django's own way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from unittest import mock

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

KEPT: Final = frozenset({"auth_permission", "django_content_type"})

_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # as in Django 5.2 to 6.1


def empty_after_tests() -> None:
    """Empty the tables in this way after every `TransactionTestCase`, including that of pytest-django.

    The command `flush` is not changed.
    """
    TransactionTestCase._fixture_teardown = _quick_teardown  # type: ignore[attr-defined]


def _quick_teardown(case: TransactionTestCase) -> None:
    if not _are_whole():
        _teardown(case)
        return
    with mock.patch.multiple(
        "django.core.management.commands.flush", sql_flush=_sql_of_rows, emit_post_migrate_signal=_emptied
    ):
        _teardown(case)


def _are_whole() -> bool:
    """Return whether the database has as many permissions and content types as migrations make."""
    models = apps.get_models()
    permissions = sum(len(each._meta.default_permissions) + len(each._meta.permissions) for each in models)
    return ContentType.objects.count() == len(models) and Permission.objects.count() == permissions


def _sql_of_rows(style: Any, connection: BaseDatabaseWrapper, **options: Any) -> list[str]:
    """Return the statements of `flush`, for all tables but those that are kept."""
    tables: Iterable[str] = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return connection.ops.sql_flush(style, [each for each in tables if each not in KEPT], **options)


def _emptied(_verbosity: int, _interactive: bool, db: str, **_: Any) -> None:
    """Do what lifestream does when all tables were emptied."""
    from lifestream.storage import saved_rows

    saved_rows.leave_nothing(apps, db)
