"""What all commands write is made visible, whatever output they are given."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management.base import CommandError

from lifestream.management.base import BaseCommand

HOSTILE = "a\x1b[31mb\u202ec"
SHOWN = r"a\x1b[31mb\u202ec"


class Command(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(HOSTILE)
        self.stderr.write(HOSTILE)


def test_it_is_made_visible_on_the_outputs_that_a_command_is_made_with() -> None:
    out, errors = io.StringIO(), io.StringIO()
    Command(stdout=out, stderr=errors).execute(no_color=True, force_color=False, skip_checks=True)
    assert (out.getvalue(), errors.getvalue()) == (f"{SHOWN}\n", f"{SHOWN}\n")


def test_it_is_made_visible_on_the_outputs_that_a_call_names() -> None:
    out, errors = io.StringIO(), io.StringIO()
    options = {"no_color": True, "force_color": False, "skip_checks": True}
    Command().execute(stdout=out, stderr=errors, **options)
    assert (out.getvalue(), errors.getvalue()) == (f"{SHOWN}\n", f"{SHOWN}\n")


def test_an_error_is_no_output_and_is_raised() -> None:
    class Failing(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            raise CommandError("no")

    with pytest.raises(CommandError, match="no"):
        Failing().execute(no_color=True, force_color=False, skip_checks=True)
