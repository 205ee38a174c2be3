"""Examinations of the site and of the system around it. Each finding says what is wrong, and what to do.

No examination sends a request to other people's servers. One that raises an error is itself a finding, and the others
still run.
"""

from __future__ import annotations

import os
import shutil
import ssl
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final

from django.conf import settings as django_settings
from django.core import checks
from django.db import connections, router
from django.utils.translation import gettext, ngettext

from lifestream.conf import settings
from lifestream.fetcher import open_files
from lifestream.models import Feed
from lifestream.operations.health import health, is_late, why_not_ready
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.wording import in_words, worded

_CLOCK: Final = 60.0  # seconds by which the clocks of two machines may differ
_SPACE: Final = 0.05  # the part of a disk that should be free; on a large disk, a gigabyte is enough
_A_GIGABYTE: Final = 1_000_000_000
_BROKER_TIMEOUT: Final = 3  # seconds, for each piece of an answer
_BROKER_DEADLINE: Final = 15  # seconds, for all of it: a broker may send one byte after the other
_PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy")


class Grade(Enum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What an examination has found: *remedy* is what to do, "" if nothing."""

    subject: str
    grade: Grade
    text: str
    remedy: str = ""


def examine(now: datetime) -> Iterator[Finding]:
    """Yield what each examination finds, the basic ones first."""
    examinations: tuple[tuple[str, Callable[[datetime], Iterator[Finding]]], ...] = (
        (gettext("settings"), _settings),
        (gettext("database"), _database),
        (gettext("files"), _files),
        (gettext("disk"), _disk),
        (gettext("clock"), _clock),
        (gettext("certificates"), _certificates),
        (gettext("proxy"), _proxy),
        (gettext("open files"), _open_files),
        (gettext("broker"), _broker),
        (gettext("fetching"), _fetching),
    )
    for subject, examination in examinations:
        try:
            found = list(examination(now))
        except FAILURES as error:
            found = [Finding(subject, Grade.ERROR, worded(str(failure_of(error))))]
        except Exception as error:  # noqa: BLE001  whatever is broken, the others are examined, too
            problem = gettext("This could not be examined: {error}").format(error=f"{type(error).__name__}: {error}")
            found = [Finding(subject, Grade.ERROR, problem.strip())]
        yield from found or [Finding(subject, Grade.OK, gettext("nothing to say"))]


def _settings(_now: datetime) -> Iterator[Finding]:
    for message in checks.run_checks():
        grade = Grade.ERROR if message.is_serious() else Grade.WARNING
        yield Finding(gettext("settings"), grade, f"{message.msg} ({message.id})", message.hint or "")


def _database(_now: datetime) -> Iterator[Finding]:
    subject, connection = gettext("database"), connections[router.db_for_write(Feed)]
    if reason := why_not_ready():
        yield Finding(subject, Grade.ERROR, reason)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA quick_check(1)")
            (verdict,) = cursor.fetchone()
            if verdict != "ok":
                text = gettext("SQLite finds the file damaged: {problem}").format(problem=verdict)
                yield Finding(subject, Grade.ERROR, text, gettext("Restore a backup."))
        elif connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%' "
                           "AND now() - state_change > interval '10 minutes'")  # fmt: skip
            (idle,) = cursor.fetchone()
            if idle:
                text = ngettext(
                    "{} connection has done nothing in a transaction for ten minutes, which keeps deleted rows.",
                    "{} connections have done nothing in a transaction for ten minutes, which keeps deleted rows.",
                    idle,
                )
                yield Finding(subject, Grade.WARNING, text.format(idle), gettext("Look at pg_stat_activity."))


def _files(_now: datetime) -> Iterator[Finding]:
    """Check whether other users may read the file of the database, if it is SQLite, and the secret key beside it or in
    the folder of the bundled site.
    """
    if os.name == "nt":
        return
    connection, home = connections[router.db_for_write(Feed)], getattr(django_settings, "HOME", None)
    database = Path(str(connection.settings_dict["NAME"])) if connection.vendor == "sqlite" else None
    keys = (database and database.with_name("secret_key"), home and Path(home, "secret_key"))
    for path in dict.fromkeys(filter(None, (database, *keys))):
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            text = gettext("{path} can be read by others than its owner.").format(path=path)
            yield Finding(gettext("files"), Grade.WARNING, text, gettext("Run: chmod go= {path}").format(path=path))


def _disk(_now: datetime) -> Iterator[Finding]:
    for folder in _folders():
        usage = shutil.disk_usage(folder)
        if usage.free >= min(_SPACE * usage.total, _A_GIGABYTE):
            continue
        text = gettext("{free:.1f} GB are left on the disk of {folder}.").format(free=usage.free / 1e9, folder=folder)
        remedy = gettext(
            "Make room, or keep less: LIFESTREAM_KEEP_DAYS, LIFESTREAM_KEEP_ITEMS, then `cleanup --vacuum`."
        )
        yield Finding(gettext("disk"), Grade.ERROR, text, remedy)


def _folders() -> Iterator[Path]:
    """Yield the folders on this machine that are written to, one for each disk: those of the database, if it is a file,
    of the bundled site, and of temporary files. A database server may be on another machine, and reports a full disk
    itself.
    """
    connection, home = connections[router.db_for_write(Feed)], getattr(django_settings, "HOME", None)
    database = Path(str(connection.settings_dict["NAME"])).parent if connection.vendor == "sqlite" else None
    seen = set()
    for folder in filter(None, (database, home and Path(home), _temporary_folder())):
        if folder.is_dir() and (disk := folder.stat().st_dev) not in seen:
            seen.add(disk)
            yield folder


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # no folder can be written to, as on a full disk
        # Take the folder that Python has tried first.
        named = map(os.environ.get, ("TMPDIR", "TEMP", "TMP"))
        return Path(next(filter(None, named), "/tmp"))  # noqa: S108  nothing is written there


def _broker(_now: datetime) -> Iterator[Finding]:
    """Check whether Celery's broker, if there is one, can be reached."""
    url = str(getattr(django_settings, "CELERY_BROKER_URL", "") or "")
    if not url:
        return
    from kombu.exceptions import OperationalError as BrokerError  # the extra "scale"

    trouble: list[Exception | None] = []
    # A daemon: the command ends although the thread may still be reading.
    thread = threading.Thread(target=lambda: trouble.append(_broker_trouble(url)), daemon=True)
    thread.start()
    thread.join(_BROKER_DEADLINE)
    late = gettext("no whole answer within {seconds} s").format(seconds=_BROKER_DEADLINE)
    error = trouble[0] if trouble else BrokerError(late)
    if error is None:
        return
    if not isinstance(error, BrokerError):
        raise error
    text = gettext("The broker can't be reached: {error}").format(error=error)
    remedy = gettext("See that it runs, and that CELERY_BROKER_URL names it; feeds are not updated until then.")
    yield Finding(gettext("broker"), Grade.ERROR, text, remedy)


def _broker_trouble(url: str) -> Exception | None:
    """Return why the broker at *url* can't be reached, None if it can."""
    from kombu import Connection

    # A broker may accept the connection and never answer. Redis and AMQP have different names for the same limit.
    limits = {"socket_timeout": _BROKER_TIMEOUT, "read_timeout": _BROKER_TIMEOUT, "write_timeout": _BROKER_TIMEOUT}
    # Some brokers can't be found without the site's own options, such as the name of a master of Redis Sentinel.
    options = {**(getattr(django_settings, "CELERY_BROKER_TRANSPORT_OPTIONS", None) or {}), **limits}
    try:
        with Connection(url, connect_timeout=_BROKER_TIMEOUT, transport_options=options) as connection:
            connection.ensure_connection(max_retries=1, timeout=_BROKER_TIMEOUT)
    except Exception as error:  # noqa: BLE001  the caller raises it, in its own thread
        return error
    return None


def _clock(now: datetime) -> Iterator[Finding]:
    subject, remedy = gettext("clock"), gettext("Set the clock of this machine by NTP.")
    connection = connections[router.db_for_write(Feed)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            before = time.time()
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            (database_time,) = cursor.fetchone()
        difference = abs(float(database_time) - before)
        if difference > _CLOCK:
            text = gettext("The database's clock is {time} away from this machine's.")
            yield Finding(subject, Grade.ERROR, text.format(time=in_words(difference)), remedy)
    count = Feed.objects.filter(last_fetch__gt=now + timedelta(minutes=5)).count()
    if count:
        text = ngettext("{} feed was fetched in the future.", "{} feeds were fetched in the future.", count)
        yield Finding(subject, Grade.WARNING, text.format(count), remedy)


def _certificates(_now: datetime) -> Iterator[Finding]:
    folder = ssl.get_default_verify_paths().capath
    if not ssl.create_default_context().cert_store_stats()["x509_ca"] and not (folder and Path(folder).is_dir()):
        text = gettext("There are no certificates of authorities: no https feed can be fetched.")
        yield Finding(gettext("certificates"), Grade.ERROR, text, gettext("Install the package ca-certificates."))


def _proxy(_now: datetime) -> Iterator[Finding]:
    found = sorted(name for name in os.environ if name.lower() in _PROXY_VARIABLES)
    if found:
        text = gettext("{names} is set, and not used: set LIFESTREAM_PROXY to fetch feeds through a proxy.").format(
            names=", ".join(found)
        )
        yield Finding(gettext("proxy"), Grade.WARNING, text)


def _open_files(_now: datetime) -> Iterator[Finding]:
    limit = open_files.soft_limit()
    if limit is not None and limit < settings.concurrency * open_files.PER_CONNECTION:
        text = gettext("This process may open {limit} files, too few for {count} connections.")
        remedy = gettext("Raise the limit (ulimit -n), or lower LIFESTREAM_CONCURRENCY.")
        problem = text.format(limit=limit, count=settings.concurrency)
        yield Finding(gettext("open files"), Grade.WARNING, problem, remedy)


def _fetching(now: datetime) -> Iterator[Finding]:
    found = health(now)
    for sentence in found.alarms:
        yield Finding(gettext("fetching"), Grade.ERROR if is_late(found) else Grade.WARNING, sentence)
