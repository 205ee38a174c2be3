"""The settings of the bundled site, and where each value comes from.

An environment variable wins over the file `lifestream.toml` in LIFESTREAM_HOME, and the file over the default. An empty
variable counts as absent. An error names what is unknown or of a wrong kind, and the name that was probably meant. It
is translated here, into the language of LANGUAGE_CODE, since Django has no settings yet.
"""

from __future__ import annotations

import difflib
import gettext
import stat
import tomllib
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from lifestream.site.options import OPTIONS, Option, ValueKind, is_policy, written
from lifestream.site.trusted_proxies import trusted
from lifestream.terminal import quoted, visible

FILE: Final = "lifestream.toml"

NOT_OPTIONS: Final = frozenset({"LIFESTREAM_DEMO", "LIFESTREAM_HOME"})
"""Environment variables of the site that are no options: they say where the file is, or that the site is the demo."""

_LARGEST: Final = 64 * 1024
"""The largest file, in bytes: the time that tomllib takes grows with the square of the dots in a name. All
settings together take a few thousand bytes.
"""

_CATALOGUES: Final = Path(__file__).parents[1] / "locale"

_NAMES: Final = {option.name: option for option in OPTIONS}


@dataclass(frozen=True)
class Value:
    """The value of an option. *source* is "environment", the path of the file, or "default"."""

    option: Option
    value: Any = field(repr=False)  # it may be a password, or a URL with one
    source: str

    @property
    def is_set(self) -> bool:
        """Whether the owner has chosen this value."""
        return self.source != "default"


class ConfigurationError(Exception):
    """Some settings cannot be used: the `problems` are sentences, each with the name of a setting and the remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _TooLargeError(Exception):
    """The file has more than `_LARGEST` bytes."""


class Configuration(Mapping[str, Any]):
    """The values by name. `all` has them with their sources; `unknown` are sentences about unknown variables."""

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
    """Return the settings of the site in the folder *home*. Raises ConfigurationError with all problems at once."""
    path = home / FILE
    file: dict[str, Any] = {}
    wrong_file: Exception | None = None
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe could wait for ever
            wrong_file = IsADirectoryError()
        elif found.st_size > _LARGEST:
            wrong_file = _TooLargeError()
        else:
            file = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        pass  # The file is optional.
    except (OSError, ValueError, RecursionError) as error:  # ValueError: also for a number with too many digits
        wrong_file = error
    _ = _translator(environ.get("LANGUAGE_CODE") or file.get("LANGUAGE_CODE"))

    problems = [_unreadable(path, wrong_file, _)] if wrong_file else []
    no_setting = _("{file}: {name} is no setting.")
    unknown = sorted(file.keys() - _NAMES.keys())
    problems += [no_setting.format(file=path, name=name) + _nearest(name, _) for name in unknown]
    values = {}
    for option in OPTIONS:
        value, source = option.default, "default"
        if option.name in file:
            value, source = file[option.name], str(path)
            if not option.accepts(value):
                shown = "(hidden)" if option.secret or option.masks else _cut(written(value))
                problems.append(_wrong(option, shown, source, _(option.kind.value), _))
                continue
        if text := environ.get(option.name, ""):
            source = "environment"
            try:
                value = option.from_text(text)
            except (ValueError, KeyError):
                problems.append(_wrong(option, _shown(option, text), source, _(option.kind.value), _))
                continue
        if remedy := _impossible(option, value, _):
            problems.append(_wrong(option, _shown(option, value), source, remedy, _))
            continue
        values[option.name] = Value(option, value, source)
    if problems:
        raise ConfigurationError([visible(each, lines=False) for each in problems])
    return Configuration(values, tuple(_unknown(environ, _)))


Translate: TypeAlias = Callable[[str], str]


def _translator(language: object) -> Translate:
    """Return the function that translates into *language*, a code as "de" or "de-AT"; without one, into English."""
    if not isinstance(language, str) or not language.replace("-", "").isalnum():
        return str
    codes = [language.replace("-", "_"), language.partition("-")[0].lower()]
    return gettext.translation("django", _CATALOGUES, codes, fallback=True).gettext


def _unreadable(path: Path, error: Exception, _: Translate) -> str:
    """Return a sentence about the *error* for which the file at *path* can't be read, and the remedy."""
    match error:
        case IsADirectoryError():
            return _("{file} is no file; write one there, or remove it.").format(file=path)
        case RecursionError():
            return _("{file} is nested too deeply; no setting needs more than a list in a table.").format(file=path)
        case _TooLargeError():
            text = _("{file} has more than {most} KiB, which is the maximum; keep nothing but settings in it.")
            return text.format(file=path, most=_LARGEST // 1024)
        case OSError():
            return _("{file} can't be read: {reason}.").format(file=path, reason=error.strerror)
        case UnicodeDecodeError():
            return _("{file} is not in UTF-8; save it in that encoding.").format(file=path)
        case _error:
            text = _("{file} is no TOML: {reason}. Write text in quotes: {example}.")
            return text.format(file=path, reason=error, example='TIME_ZONE = "Europe/Berlin"')


def _wrong(option: Option, shown: str, source: str, remedy: str, _: Translate) -> str:
    """Return a sentence with the wrong value of *option* in *source*, as it may be *shown*, and the *remedy*."""
    if source == "environment":
        text = _("{name} is {value} in the environment; {remedy}")
    else:
        text = _("{file}: {name} is {value}; {remedy}")
    return text.format(file=source, name=option.name, value=shown, remedy=remedy)


def _unknown(environ: Mapping[str, str], _: Translate) -> Iterator[str]:
    """Yield a sentence about each variable that looks like an option, but is none.

    Such a variable is no error, since another program may use it, such as a script that starts the site.
    """
    for name in sorted(environ):
        known = name in _NAMES or name in NOT_OPTIONS or name.startswith("LIFESTREAM_TEST_")  # of a test run
        if name.startswith("LIFESTREAM_") and not known and (near := _nearest(name, _)):
            text = _("{name} is set in the environment, and no setting has this name.").format(name=name)
            yield visible(text + near, lines=False)


def _nearest(name: str, _: Translate) -> str:
    """Return a sentence with the option whose name is most like *name*, or ""."""
    wanted = name.upper()
    prefixed = {each.removeprefix("LIFESTREAM_"): each for each in _NAMES}
    near = difflib.get_close_matches(wanted.removeprefix("LIFESTREAM_"), prefixed, n=1, cutoff=0.7)
    return " " + _("Did you mean {name}?").format(name=prefixed[near[0]]) if near else ""


def _impossible(option: Option, value: Any, _: Translate) -> str:
    """Return why *value*, which is of the right kind, can't be used, in words; "" if it can.

    Values for which Django would print a traceback when it starts are checked here. The limits of the app's own
    settings are checked by its system checks.
    """
    if option.name == "TIME_ZONE" and value not in (known := zoneinfo.available_timezones()):
        near = difflib.get_close_matches(value, known, n=1)
        example = near[0] if near else "Europe/Berlin"
        return _("give a name of the time zone database, as {example}.").format(example=example)
    if option.name == "LIFESTREAM_TRUSTED_PROXIES":
        try:
            trusted(value)
        except ValueError as error:
            text = _("{reason}; give addresses or networks, as {example}, or {unix} for a Unix socket.")
            return text.format(reason=error, example='["127.0.0.1", "10.0.0.0/8"]', unix='"unix"')
    if option.kind is ValueKind.SOURCES and not is_policy(value):
        return _(option.kind.value)
    if option.kind is ValueKind.LIST and not all(each.isprintable() for each in value or ()):
        return _("give one line of text.")
    if option.choices and value is not None and value not in option.choices:
        return _("give one of: {choices}.").format(choices=", ".join(option.choices))
    if option.bounds and value is not None and not option.bounds[0] <= value <= option.bounds[1]:
        least, most = option.bounds
        return _("give a whole number from {least} to {most}.").format(least=least, most=most)
    if (
        option.kind is ValueKind.TEXT
        and option.name != "EMAIL_HOST_PASSWORD"
        and value
        and not str(value).isprintable()
    ):
        return _("give one line of text.")
    return ""


_LONGEST_SHOWN: Final = 200


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _shown(option: Option, value: object) -> str:
    return "(hidden)" if option.secret or option.masks else quoted(value)
