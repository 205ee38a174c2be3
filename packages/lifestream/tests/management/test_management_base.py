"""What all commands write is made visible, whatever output they are given."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
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


@pytest.mark.django_db
@pytest.mark.parametrize(
    "command",
    [
        ("edit_feed", "\udcff", "--folder", "x"),
        ("remove_feed", "\udcff"),
        ("why", "\udcff"),
        ("add_feed", "https://feed.example/", "--lifestream", "\udcff"),
        ("export_opml", "--lifestream", "\udcff"),
    ],
)
def test_what_is_entered_in_no_text_is_told_without_being_shown(command: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as told:
        call_command(*command)
    assert "is not in UTF-8" in str(told.value)
    assert "\udcff" not in str(told.value)


def test_another_text_that_cannot_be_encoded_is_a_fault_of_ours() -> None:
    class Failing(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            "\ud800".encode()

    with pytest.raises(UnicodeEncodeError):
        Failing().execute(no_color=True, force_color=False, skip_checks=True)
