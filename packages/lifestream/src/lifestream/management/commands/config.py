"""`config`: the settings of the bundled site, and where each value comes from."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lifestream.conf import settings as app_settings
from lifestream.management.base import BaseCommand
from lifestream.management.output import drawn
from lifestream.terminal import visible, visible_json


class Command(BaseCommand):
    help = _(
        "Shows each setting of the bundled site, its value, and where that comes from: the environment, the file "
        "lifestream.toml in the folder LIFESTREAM_HOME, or the default. Passwords are hidden."
    )
    requires_system_checks = ()  # the values are also shown if some are wrong, since that helps to correct them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--chosen", action="store_true", help=gettext("only what is set in the environment or in the file")
        )
        parser.add_argument("--json", action="store_true", help=gettext("as one JSON object"))

    def handle(self, *, chosen: bool, json: bool, **_options: Any) -> None:
        configuration = getattr(settings, "CONFIGURATION", None)
        if configuration is None:
            raise CommandError(gettext("This is a site of your own: its settings are in its settings module."))
        values = [each for each in configuration.all if each.is_set or not chosen]
        self.stdout.write(_as_json(values) if json else self._table(values))
        for sentence in configuration.unknown:
            self.stderr.write(sentence)

    def _table(self, values: list[Any]) -> str:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column(gettext("Setting"), no_wrap=True)
        for heading in (gettext("Value"), gettext("From")):
            table.add_column(heading, overflow="fold")
        for each in values:
            table.add_row(
                each.option.name,
                Text(visible(_shown(each), lines=False), "bold" if each.is_set else "dim"),
                Text(visible(each.source, lines=False), "" if each.is_set else "dim"),
            )
        return drawn(table, cast("TextIO", self.stdout))


def _shown(each: Any) -> str:
    """Return the value of *each* as people read it."""
    value = _effective(each)
    return gettext("(as shipped)") if value is None else each.option.shown(value)


def _effective(each: Any) -> Any:
    """Return the value of the setting *each* or, if it is not set, the default of the app or of Django. Return None for
    a default that is not one value; it is shown as "(as shipped)".
    """
    if each.value is not None:
        return each.value
    if each.option.name == "DATABASE_URL":
        return f"sqlite:///{settings.DATABASES['default']['NAME']}"
    if each.option.name.startswith("LIFESTREAM_"):
        name = each.option.name.removeprefix("LIFESTREAM_")
        # A boolean is an attribute of another name, such as `serves_pictures` for SERVE_PICTURES.
        is_boolean = each.option.kind.name == "BOOLEAN"
        return app_settings.truth(name) if is_boolean else getattr(app_settings, name.lower(), None)
    return getattr(settings, each.option.name)


def _as_json(values: list[Any]) -> str:
    rows = {
        each.option.name: {
            "value": _shown(each) if each.option.secret or each.option.masks else _effective(each),
            "from": each.source,
        }
        for each in values
    }
    return visible_json(json.dumps(rows, indent=2, default=str))
