"""What `lifestream` and `lifestream help` print: each command of lifestream in a sentence, then Django's by name.

Django's own text has only the names of commands, in six groups, and those of lifestream in the fourth.
"""

from __future__ import annotations

import shutil
from textwrap import wrap
from typing import Final

from django.core.management import ManagementUtility, get_commands, load_command_class
from django.utils.translation import gettext

_WIDEST: Final = 100  # columns
_NARROWEST: Final = 40  # columns
_OURS: Final = "lifestream"


class Utility(ManagementUtility):
    """Django's management with a list of commands for people."""

    def main_help_text(self, commands_only: bool = False) -> str:
        """Return the list for people or, if *commands_only*, the names for the completion of shells."""
        if commands_only:
            return super().main_help_text(commands_only)
        return command_list(shutil.get_terminal_size().columns)


def command_list(columns: int) -> str:
    """Return the list of the commands, in lines of at most *columns* characters, or of _NARROWEST if that is more."""
    commands = get_commands()
    ours = sorted(name for name, app in commands.items() if app == _OURS)
    width = max(_NARROWEST, min(columns, _WIDEST))
    column = 2 + max(map(len, ours)) + 2
    lines = [gettext("usage: {}").format("lifestream COMMAND …"), "", gettext("Commands of lifestream:")]
    for name in ours:
        lines += wrap(
            _first_sentence(str(load_command_class(_OURS, name).help)),
            width,
            initial_indent=f"  {name}".ljust(column),
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )
    lines += ["", gettext("Commands of Django:")]
    lines += wrap(
        ", ".join(sorted(set(commands) - set(ours))),
        width,
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
    )
    lines += ["", *wrap(gettext("`lifestream help COMMAND` says more of a command."), width)]
    return "\n".join(lines)


def _first_sentence(text: str) -> str:
    first, _, rest = text.partition(". ")
    return f"{first}." if rest else first
