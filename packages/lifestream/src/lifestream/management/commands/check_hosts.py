"""`check_hosts`: check that each host is due when its feeds are."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.db import router
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.management.base import BaseCommand
from lifestream.models import Host, due_hosts


class Command(BaseCommand):
    help = gettext_lazy(
        "Checks that each host is due when its feeds are. Only SQL that was written by hand can make them differ. "
        "Without --repair, the exit status is 1 if they differ for a host."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help=gettext("compute and store again when those hosts are due")
        )

    def handle(self, *, repair: bool, **_options: Any) -> None:
        using = router.db_for_write(Host)
        wrong = due_hosts.wrong(using)
        count = Host.objects.using(using).count()
        if repair:
            due_hosts.settle(wrong, using)
            text = ngettext("Repaired {} of {} host.", "Repaired {} of {} hosts.", count).format(len(wrong), count)
            self.stdout.write(text)
        elif wrong:
            text = ngettext(
                "{} of {} host is not due when its feeds are; --repair corrects this.",
                "{} of {} hosts are not due when their feeds are; --repair corrects this.",
                count,
            )
            self.stderr.write(text.format(len(wrong), count))
            sys.exit(1)
        else:
            text = ngettext(
                "Each of {} host is due when its feeds are.", "Each of {} hosts is due when its feeds are.", count
            )
            self.stdout.write(text.format(count))
