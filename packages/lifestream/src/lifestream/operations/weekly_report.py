"""The weekly mail about feeds in trouble, to those who run the site.

It goes to the addresses in LIFESTREAM_REPORT_TO. If that is not set, the bundled site sends it to the superusers,
provided that EMAIL_HOST is set. No mail is sent in a week without trouble. However many processes call `send_report`,
only one sends it.

The thread that calls `send_report` also refreshes feeds, so it must not wait for a mail server that accepts a
connection and then says nothing, or sends a few bytes at a time: Django's EMAIL_TIMEOUT, which is None by default,
bounds each read, but not all of them together. So the mail is sent in a thread of its own, with one deadline for all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override

from lifestream.conf import settings
from lifestream.content.plaintext import shorten
from lifestream.models import Tally
from lifestream.operations.troubles import MOST, Trouble, troubles
from lifestream.terminal import visible
from lifestream.wording import worded

_log = logging.getLogger(__name__)

WEEK: Final = timedelta(days=7)
_SLACK: Final = timedelta(hours=6)
"""The time between two mails may be this much shorter than a week, since the daily run does not begin at the same time
each day.
"""
_CLAIM: Final = timedelta(hours=6)
"""How long a claim lasts: until then, only the process that has claimed the mail of a week may send it. The claim ends
by itself, since a process that was ended, or lost the database, couldn't end it.
"""
_NAME: Final = "reports"
_MOST_TOLD: Final = 50
_LINE: Final = 200
"""How many characters of a title, a URL, a reason or a remedy are told. Large mail services show only the first 100 KB
of a mail: if the texts were much longer, the last feeds would not be seen.
"""
PATIENCE: Final = 60.0
"""How many seconds the mail server may take to accept the mail."""


def send_report(now: datetime) -> int:
    """Send the mail if feeds are in trouble, but only once a week: a check that found no trouble counts as a mail.

    Return the number of addresses that it was sent to. If the mail can't be sent, that is logged. After any failure,
    and if the process was ended meanwhile, the call of the next day tries again.
    """
    to = recipients()
    if not to or not _is_mine(now):
        return 0
    found = troubles(now)
    if found:
        with override(django_settings.LANGUAGE_CODE):
            mail = EmailMessage(_subject(found), "\n".join(_lines(found, now)), to=to)
        try:
            _send(mail, PATIENCE)
        # SMTPException and TimeoutError are OSErrors; BadHeaderError (a wrong address) is a ValueError. An endless
        # answer of the server ends in a MemoryError.
        except (OSError, ValueError, MemoryError) as error:
            _log.error("the report on feeds in trouble could not be mailed, and is tried again tomorrow: %s", error)
            return 0
    Tally.objects.filter(name=_NAME).update(changed=now)
    return len(to) if found else 0


def _send(mail: EmailMessage, patience: float) -> None:
    """Send *mail*. Raises what sending it raises, and TimeoutError after *patience* seconds: then the thread that sends
    the mail goes on, since nothing can end it. That thread does not keep the process from ending.
    """
    sent: Future[None] = Future()

    def send() -> None:
        try:
            mail.send()
        except BaseException as error:  # noqa: BLE001  whoever waits for the result raises it
            sent.set_exception(error)
        else:
            sent.set_result(None)

    threading.Thread(target=send, name="lifestream-mail", daemon=True).start()
    try:
        sent.result(patience)
    except TimeoutError as error:
        if sent.done():  # the mail server's own TimeoutError
            raise
        raise TimeoutError(f"the mail server has not accepted it within {patience:g} s") from error


def recipients() -> list[str]:
    """Return the addresses that the mail goes to."""
    if settings.report_to is not None:
        return list(settings.report_to)
    configuration = getattr(django_settings, "CONFIGURATION", None)  # other Django sites have to set the addresses
    if not configuration or not configuration["EMAIL_HOST"]:
        return []
    owners = get_user_model()._default_manager.filter(is_superuser=True, is_active=True).exclude(email="")
    return sorted(set(owners.values_list("email", flat=True)))


def _is_mine(now: datetime) -> bool:
    """Claim the mail of this week until _CLAIM has passed. Return False if it was sent already, or if another process
    has a claim that has not ended.
    """
    last, claimed = Tally.objects.filter(name=_NAME), now - WEEK + _SLACK + _CLAIM
    if last.filter(changed__lte=now - WEEK + _SLACK).update(changed=claimed):
        return True
    if last.exists():
        return False
    try:
        with transaction.atomic():
            Tally.objects.create(name=_NAME, changed=claimed)
    except IntegrityError:  # another process was first
        return False
    return True


def _subject(found: list[Trouble]) -> str:
    title = " ".join((settings.title or "Lifestream").split())
    text = ngettext("{count} feed in trouble", "{count} feeds in trouble", len(found))
    return f"{title}: {text.format(count=_number(found, len(found)))}"


def _number(found: list[Trouble], count: int) -> str:
    """Return *count*, with a plus if more feeds than were *found* may be in trouble."""
    return str(count) if len(found) < MOST else f"{count}+"


def _lines(found: list[Trouble], now: datetime) -> Iterator[str]:
    for each in found[:_MOST_TOLD]:
        days = ngettext("for {count} day", "for {count} days", (now - each.since).days)
        yield _line(each.title)
        yield f"  {_line(each.url)}"
        reason = " ".join(worded(each.reason).split())
        since = f"{timezone.localtime(each.since):%Y-%m-%d}"
        yield f"  {_line(reason)} ({days.format(count=(now - each.since).days)}, {since})"
        yield f"  → {_line(worded(each.remedy))}"
        yield ""
    if len(found) > _MOST_TOLD:
        yield gettext("And {count} more.").format(count=_number(found, len(found) - _MOST_TOLD))
        yield ""
    if settings.public_url:
        yield gettext("All of them: {url}").format(
            url=f"{settings.public_url.rstrip('/')}/admin/lifestream/feed/troubles/"
        )


def _line(text: str) -> str:
    return shorten(visible(text, lines=False), _LINE)
