"""Management commands that are called in the test's own process, and their output."""

from __future__ import annotations

import io
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from feedserver.django import FeedServerTestCase


@pytest.mark.usefixtures("shared_parsers")
class CommandTestCase(FeedServerTestCase):
    def run_command(self, name: str, *arguments: str) -> str:
        """Return what the command prints."""
        out = io.StringIO()
        with mock.patch("sys.stdout", out):
            call_command(name, *arguments)
        return out.getvalue()

    def failure(self, name: str, *arguments: str) -> str:
        """Return the error message of a command that fails."""
        with pytest.raises(CommandError) as error:
            self.run_command(name, *arguments)
        return str(error.value)
