"""What holds for the bundled site, and where each value comes from.

An environment variable wins over the file `lifestream.toml` in LIFESTREAM_HOME, and the file over the default. An empty
variable counts as none. What is unknown or of a wrong kind is named, with the name that was probably meant.
"""

from __future__ import annotations

import difflib
import stat
import tomllib
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lifestream.site.options import OPTIONS, Kind, Option, written
from lifestream.site.public_address import trusted
from lifestream.terminal import visible

FILE: Final = "lifestream.toml"

NOT_OPTIONS: Final = frozenset({"LIFESTREAM_DEMO", "LIFESTREAM_HOME"})
"""Variables of the environment that the site reads before there is a file, or for itself."""

_NAMES: Final = {option.name: option for option in OPTIONS}


@dataclass(frozen=True)
class Value:
    """What holds for an option. *source* is "environment", the path of the file, or "default"."""

    option: Option
    value: Any
    source: str

    @property
    def is_set(self) -> bool:
        """Whether the owner has chosen this value."""
        return self.source != "default"


class ConfigurationError(Exception):
    """Some of what is set cannot be used: its `problems` are sentences that name the culprit and the remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Configuration(Mapping[str, Any]):
    """The values by name. `values_of` tells where they come from; `unknown` are sentences about unknown variables."""

    def __init__(self, values: Mapping[str, Value], unknown: tuple[str, ...] = ()) -> None:
        self._values = values
        self.unknown = unknown

    def __getitem__(self, name: str) -> Any:
        return self._values[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def all(self) -> tuple[Value, ...]:
        """All values with their sources, in the order of the options."""
        return tuple(self._values.values())

    @property
    def chosen(self) -> dict[str, Any]:
        """The values that the owner has set, by name."""
        return {name: each.value for name, each in self._values.items() if each.is_set}


def load(home: Path, environ: Mapping[str, str]) -> Configuration:
    """Return what holds for the site in the folder *home*. Raises ConfigurationError with all problems at once."""
    problems: list[str] = []
    path = home / FILE
    file = _read(path, problems)
    problems += [f"{path}: {name} is no setting.{_nearest(name)}" for name in sorted(file.keys() - _NAMES.keys())]
    values = {}
    for option in OPTIONS:
        value, source = option.default, "default"
        if option.name in file:
            value, source = file[option.name], str(path)
            if not option.accepts(value):
                shown = "(hidden)" if option.secret or option.masks else written(value)
                problems.append(f"{path}: {option.name} is {shown}; {option.kind.value}.")
                continue
        if text := environ.get(option.name, ""):
            source = "environment"
            try:
                value = option.from_text(text)
            except (ValueError, KeyError):
                shown = _shown(option, text)
                problems.append(f"{option.name} is {shown} in the environment; {option.kind.value}.")
                continue
        if problem := _impossible(option, value):
            problems.append(f"{option.name} is {_shown(option, value)} in {_place(source)}; {problem}")
            continue
        values[option.name] = Value(option, value, source)
    if problems:
        raise ConfigurationError(list(map(visible, problems)))
    return Configuration(values, tuple(_unknown(environ)))


def _read(path: Path, problems: list[str]) -> dict[str, Any]:
    """Return what stands in the file at *path*: nothing if there is none. What is wrong with it goes to *problems*."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            problems.append(f"{path} is no file; write one there, or remove it.")
            return {}
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.append(f"{path} can't be read: {error.strerror}.")
    except UnicodeDecodeError:
        problems.append(f"{path} is not in UTF-8; save it in that encoding.")
    except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python reads
        problems.append(f'{path} is no TOML: {error}. Text stands in quotes: TIME_ZONE = "Europe/Berlin".')
    except RecursionError:
        problems.append(f"{path} is nested too deeply; no setting needs more than a list in a table.")
    return {}


def _unknown(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence about each variable that looks like one of ours and is none.

    Others may have a reason to be there, such as those of a script that starts the site. So they are no errors.
    """
    for name in sorted(environ):
        known = name in _NAMES or name in NOT_OPTIONS or name.startswith("LIFESTREAM_TEST_")  # of a test run
        if name.startswith("LIFESTREAM_") and not known and (near := _nearest(name)):
            yield visible(f"{name} is set in the environment, and no setting has this name.{near}")


def _nearest(name: str) -> str:
    """Return a sentence with the option whose name is most like *name*, or ""."""
    wanted = name.upper()
    prefixed = {each.removeprefix("LIFESTREAM_"): each for each in _NAMES}
    near = difflib.get_close_matches(wanted.removeprefix("LIFESTREAM_"), prefixed, n=1, cutoff=0.7)
    return f" Did you mean {prefixed[near[0]]}?" if near else ""


def _impossible(option: Option, value: Any) -> str:
    """Return why no site can have this *value* of the right kind, in words; "" if it can.

    The limits of the app's own settings are looked at by its system checks. What Django would meet with a traceback
    while it starts is looked at here.
    """
    if option.name == "TIME_ZONE" and value not in (known := zoneinfo.available_timezones()):
        near = difflib.get_close_matches(value, known, n=1)
        return f"give a name of the time zone database, as {near[0] if near else 'Europe/Berlin'}."
    if option.name == "LIFESTREAM_TRUSTED_PROXIES":
        try:
            trusted(value)
        except ValueError as error:
            return f'{error}; give addresses or networks, as ["127.0.0.1", "10.0.0.0/8"], or "unix" for a Unix socket.'
    if option.kind is Kind.TEXT and option.name != "EMAIL_HOST_PASSWORD" and value and not str(value).isprintable():
        return "give one line of text."
    return ""


def _shown(option: Option, value: object) -> str:
    return "(hidden)" if option.secret or option.masks else repr(value)


def _place(source: str) -> str:
    return f"the {source}" if source == "environment" else source
