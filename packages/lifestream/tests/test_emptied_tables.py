"""After a test that commits, no row is left, except for the rows that the migrations have made."""

from __future__ import annotations

import unittest

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import TransactionTestCase

from factories import make_feed, make_item
from lifestream.models import Item, fulltext


def found(word: str) -> list[Item]:
    return list(fulltext.matching(Item.objects.all(), word))


class Committing(TransactionTestCase):
    """Tests that commit; the tests below run them."""

    __test__ = False

    def test_all_kinds_of_rows(self) -> None:
        item = make_item(make_feed(), title="Xylophone")
        assert found("xylophone") == [item]
        group = Group.objects.create(name="Editors")
        group.permissions.set(Permission.objects.all())
        User.objects.create(username="ada").groups.add(group)

    def test_content_types_anew(self) -> None:
        ContentType.objects.filter(app_label="lifestream").delete()
        create_contenttypes(apps.get_app_config("lifestream"), verbosity=0)

    def test_permissions_gone(self) -> None:
        Permission.objects.filter(content_type__app_label="lifestream").delete()


def run(name: str) -> None:
    result = unittest.TestResult()
    Committing(name)(result)
    assert result.testsRun == 1 and not result.errors + result.failures


def permissions() -> list[tuple[str, str, str]]:
    names = Permission.objects.values_list("content_type__app_label", "content_type__model", "codename")
    return sorted(names)


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("name", ["test_content_types_anew", "test_permissions_gone"])
def test_rows_of_migrations_are_made_again_after_a_test_that_removed_them(name: str) -> None:
    before = permissions()
    run(name)
    assert permissions() == before and len(before) > 50


@pytest.mark.usefixtures("transactional_db")
def test_rows_are_gone_and_those_of_migrations_are_unchanged() -> None:
    before = list(Permission.objects.order_by("pk").values()), list(ContentType.objects.order_by("pk").values())
    assert all(before)
    run("test_all_kinds_of_rows")
    kept = list(Permission.objects.order_by("pk").values()), list(ContentType.objects.order_by("pk").values())
    assert kept == before
    full = [
        model for model in apps.get_models() if model not in (Permission, ContentType) and model._base_manager.exists()
    ]
    assert full == []
    assert MigrationRecorder(connection).applied_migrations()
    item = make_item(make_feed(), title="Trombone")
    assert (found("xylophone"), found("trombone")) == ([], [item])
