"""The search index, which is no model: each database has its own kind of table for it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from lifestream.models import fulltext


def create(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    fulltext.create(schema_editor.connection)


def drop(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    fulltext.drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies: ClassVar[list[Any]] = [("lifestream", "0001_initial")]
    operations: ClassVar[list[Any]] = [migrations.RunPython(create, drop)]
