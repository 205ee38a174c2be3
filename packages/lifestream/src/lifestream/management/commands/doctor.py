"""`doctor`: say what is wrong with the site and with the system around it, and what to do."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from lifestream.management.base import BaseCommand
from lifestream.operations.diagnosis import Finding, Grade, examine
from lifestream.terminal import visible_json


class Command(BaseCommand):
    help = gettext_lazy(
        "Looks at the settings, the database, files, disk, clock, certificates and workers, and says what is wrong "
        "and what to do. It asks only the site's own servers, such as the database. The exit status is 1 if there is "
        "an error; warnings leave it 0."
    )
    requires_system_checks = ()  # The command runs the checks itself, so that a failed one hides no other finding.

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help=gettext("as one JSON list"))

    def handle(self, *, json: bool, **_options: Any) -> None:
        findings = list(examine(timezone.now()))
        if json:
            self.stdout.write(_as_json(findings))
        else:
            width = max(len(each.subject) for each in findings) + 2
            for each in findings:
                mark = {Grade.OK: "ok", Grade.WARNING: "!", Grade.ERROR: "!!"}[each.grade]
                self.stdout.write(f"{mark:<4}{each.subject:<{width}}{each.text}")
                if each.remedy:
                    self.stdout.write(" " * (width + 4) + each.remedy)
        if any(each.grade is Grade.ERROR for each in findings):
            raise SystemExit(1)


def _as_json(findings: list[Finding]) -> str:
    rows = [
        {"subject": each.subject, "grade": each.grade.value, "text": each.text, "remedy": each.remedy}
        for each in findings
    ]
    return visible_json(json.dumps(rows, indent=2))
