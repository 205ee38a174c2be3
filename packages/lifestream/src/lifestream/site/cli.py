"""The command `lifestream`: Django's management on the bundled project, with a database that is always ready.

Before a command that needs tables runs, missing tables are created, so that the first command of a newcomer works. Most
commands of this app need tables, and so does `createsuperuser`. `read` needs no database, and writes nothing to
LIFESTREAM_HOME. The other commands of Django (`migrate`, `check`, …) are unchanged.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lifestream.fetcher.shortage import ShortOf, require_files, shortage_of
from lifestream.terminal import visible

_NEEDS_TABLES = frozenset(
    {
        *("add_feed", "check_hosts", "cleanup", "createsuperuser", "edit_feed", "export_json", "export_opml"),
        *("import_opml", "rebuild_search", "remove_feed", "rename", "resume", "serve", "status", "update_feeds", "why"),
    }
)

_NEEDS_NO_HOME = frozenset({"read"})

_FILES = 4  # how many files a command must be able to open, for its settings, its modules and its database
_TRIES = 10
_PAUSE = 0.5  # seconds between two tries: meanwhile, another process creates most of the tables


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command. *argv* is as in `sys.argv`. Raises SystemExit as Django's management does, and with the remedy
    if this process may open so few files that no command works: Django would say that there is no such command.
    """
    try:
        require_files(_FILES)
    except ShortOf as error:
        raise SystemExit(f"No command can run: {error}.") from None
    arguments = list(sys.argv if argv is None else argv)
    command = next((argument for argument in arguments[1:] if not argument.startswith("-")), "")
    settings = "fetching_settings" if command in _NEEDS_NO_HOME else "settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"lifestream.site.{settings}")
    if command == "demo":
        from lifestream.demo import use_home

        use_home()
    from lifestream.site.command_list import Utility

    if command in _NEEDS_TABLES and not {"-h", "--help"} & set(arguments):
        prepare_database()
    Utility(["lifestream", *arguments[1:]]).execute()


def prepare_database() -> None:
    """Create the missing tables of the database. Raises SystemExit with the reason if the database cannot be used, or
    if this machine lacks resources.

    Several commands may start at once: one of them creates the tables, and the others wait for it. Commands on other
    machines, which may share a PostgreSQL database, do not wait: they fail to create a table, and try again.
    """
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from django.db import DatabaseError, connections

    try:
        _set_up()
        if _has_all_migrations():
            return
        from django.db.migrations.executor import MigrationExecutor

        with _alone():
            for tries_left in reversed(range(_TRIES)):
                executor = MigrationExecutor(connections["default"])
                if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
                    return
                try:
                    call_command("migrate", interactive=False, verbosity=0)
                except DatabaseError:
                    if not tries_left:
                        raise
                    time.sleep(_PAUSE)
    except (DatabaseError, ImproperlyConfigured) as error:
        from django.conf import settings

        is_named = getattr(settings, "CONFIGURATION", {}).get("DATABASE_URL")  # in the environment or in the file
        where = "that DATABASE_URL names" if is_named else "in the folder LIFESTREAM_HOME"
        reason = str(error).strip()
        if isinstance(error, DatabaseError):
            from lifestream.storage.db_errors import FailureKind, failure_of

            kind = failure_of(error).kind
            if kind not in (FailureKind.GONE, FailureKind.OTHER):  # their remedies say no more
                reason = f"{reason}; {kind.value}"
        raise SystemExit(visible(f"The database {where} can't be used: {reason}")) from error
    except Exception as error:
        if (shortage := shortage_of(error)) is None:
            raise
        raise SystemExit(f"No command can run: {shortage.value}.") from error


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process of this machine at a time run the block.

    Two processes that migrate SQLite at once may lose a column: a migration that creates a table anew gives it the
    columns that its own process knows. The system releases the lock of a process that ends.
    """
    from lifestream.site.home import home

    path = home() / "migrate.lock"
    try:
        # For this user only: another user of the machine could hold a lock on a file that everybody may open.
        opened = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+b")
    except OSError as error:
        # For example, somebody has run a command as root in the folder of another user.
        remedy = "Delete it, or let this user own it."
        reason = error.strerror or str(error).rstrip(".")  # errors that are not the system's have no `strerror`
        text = f"{path}, which commands lock, can't be opened: {reason}. {remedy}"
        raise SystemExit(visible(text, lines=False)) from error
    with opened as file:
        try:
            _lock(file)
        except OSError as error:  # this machine has no locks left, or the file system has none
            remedy = "Run this command again later, or put LIFESTREAM_HOME on a disk of this machine."
            text = f"{path} can't be locked: {error.strerror or error}. {remedy}"
            raise SystemExit(visible(text, lines=False)) from error
        yield


def _lock(file: BinaryIO) -> None:
    """Lock *file* until it is closed, and wait if another process has locked it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(file, fcntl.LOCK_EX)  # type: ignore[attr-defined,unused-ignore]


def _set_up() -> None:
    """Set up Django with garbage collection disabled.

    A tenth of the time for all these imports would go into collections that find nothing, since imported objects stay.
    For the same reason, later collections skip them.
    """
    import django

    gc.disable()
    try:
        django.setup()
    finally:
        collect_garbage_seldom()
        gc.enable()


def collect_garbage_seldom() -> None:
    """Exclude the objects that exist now from all garbage collections, and start a collection only after more new ones.

    By Python's default, a collection starts after 700 to 2,000 new objects. A refresh, whose objects are nearly all in
    use, would spend a tenth of its time in collections.
    """
    gc.freeze()
    gc.set_threshold(10_000, *gc.get_threshold()[1:])


def _has_all_migrations() -> bool:
    """Return whether the database has a record for each file of a migration; False if MIGRATION_MODULES is set. Only
    names are compared.

    Django's executor would import all migrations and build the state of the models after each, although in nearly every
    case there is nothing to do. The executor is used if a name is missing: a migration that replaces others may be
    applied without a record.
    """
    from pkgutil import iter_modules

    from django.apps import apps
    from django.conf import settings
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    if settings.MIGRATION_MODULES:
        return False
    applied = MigrationRecorder(connections["default"]).applied_migrations()
    return all(
        (app.label, module.name) in applied
        for app in apps.get_app_configs()
        for module in iter_modules([str(Path(app.path, "migrations"))])
        if not module.ispkg and module.name[0] not in "_~"  # what Django takes for a migration
    )
