#!/usr/bin/env python3
"""The translations of lifestream: the strings to translate, the files with their translations, and the checks of both.

    scripts/translations.py extract           print the template of a catalogue: all strings to translate
    scripts/translations.py update [LANG …]   bring all catalogues up to date, compile them; begin those of LANG
    scripts/translations.py compile           compile the catalogues only
    scripts/translations.py check             print what is wrong with marks, translations and compiled files

`update` and `compile` end with the same check. The exit status is 1 if something is wrong.

A catalogue (`locale/LANG/LC_MESSAGES/django.po`) holds the English strings, sorted, each with its translation, without
places and dates: so it changes only if a string changes, and the same sources always make the same file. A string that
is new has an empty translation, never a guess ("fuzzy"); one that is gone is dropped.

Babel reads and writes all these files, so gettext's programs are not needed.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po
from translated_strings import placeholders_of, unmarked

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = ROOT / "packages/lifestream/src/lifestream"
LOCALE: Final = SOURCES / "locale"
TESTS: Final = ROOT / "packages/lifestream/tests/locale"
"""Catalogues for tests: they need not be complete."""
COMMAND: Final = "uv run python scripts/translations.py"

_KEYWORDS: Final[dict[str, Any]] = {
    "_": None,
    "counted": (1, 2),
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_HEADER: Final = """\
# lifestream in {language}. Written by scripts/translations.py: fill in what is empty, and run it again.
msgid ""
msgstr ""
"Project-Id-Version: lifestream\\n"
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals={count}; plural={rule};\\n"

"""


class Reproducible(Catalog):
    """A catalogue whose header has no date and no version of a program, so that it is always the same."""

    @property  # type: ignore[misc]  # Babel's can be set, ours cannot
    def mime_headers(self) -> list[tuple[str, str]]:
        """The header, as it is written into a compiled catalogue."""
        rule = get_plural(self.locale)
        return [
            ("Project-Id-Version", "lifestream"),
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", f"nplurals={rule.num_plurals}; plural={rule.plural_expr};"),
        ]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with *string*, at *place*, and what to do about it."""

    place: str
    string: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.string!r} {self.what}"


def strings() -> Catalog:
    """Return all strings of the sources that are marked, without translations."""
    catalog = Catalog(charset="utf-8")
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix not in (".py", ".html", ".txt") or "locale" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            if "templates" not in path.parts:
                continue
            text = _as_python(text)
        found = extract("python", io.BytesIO(text.encode()), _KEYWORDS, ["Translators:"], strip_comment_tags=True)
        for _line, string, comments, context in found:
            catalog.add(string, auto_comments=comments, context=context)
    return catalog


def _as_python(template: str) -> str:
    """Return the strings of a template as calls in Python, as Django's own `makemessages` does."""
    from django.utils.translation.template import templatize

    return "\n".join(line.strip() for line in templatize(template).splitlines())


def catalogues(*folders: Path) -> list[Path]:
    """Return the files with translations."""
    return sorted(path for folder in folders or (LOCALE, TESTS) for path in folder.glob("*/LC_MESSAGES/django.po"))


def language_of(path: Path) -> str:
    """Return the code of the language that the catalogue at *path* is in."""
    return path.parents[1].name


def read(path: Path) -> Catalog:
    """Return the catalogue at *path*."""
    with path.open("rb") as file:
        return read_po(file, locale=language_of(path), charset="utf-8")


def updated(path: Path, sources: Catalog) -> bytes:
    """Return the catalogue at *path* as it should be written: with the strings of *sources*, sorted. A catalogue for
    tests has only those that it has already.
    """
    before = read(path) if path.exists() else Catalog()
    after = Reproducible(locale=language_of(path), charset="utf-8")
    for message in sources:
        if not message.id:
            continue
        known = before.get(_key(message), message.context)
        if known is None and path.is_relative_to(TESTS):
            continue
        translation = (
            known.string if known is not None and isinstance(known.id, tuple) == message.pluralizable else None
        )
        after.add(
            message.id,
            translation,
            flags={"fuzzy"} if known is not None and known.fuzzy else (),
            auto_comments=list(dict.fromkeys(message.auto_comments)),
            user_comments=known.user_comments if known is not None else (),
            context=message.context,
        )
    for message in after:
        message.flags -= {"python-format", "python-brace-format"}  # `check` compares the placeholders itself
    written = io.BytesIO()
    write_po(written, after, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    rule = get_plural(after.locale)
    locale = Locale.parse(language_of(path), sep="_")
    header = _HEADER.format(
        language=locale.english_name, code=language_of(path), count=rule.num_plurals, rule=rule.plural_expr
    )
    return header.encode() + written.getvalue().strip(b"\n") + b"\n"


def compiled(path: Path) -> bytes:
    """Return the catalogue at *path*, compiled. A translation that is fuzzy or incomplete is left out."""
    catalog = Reproducible(locale=language_of(path), charset="utf-8")
    for message in read(path):
        if message.id and not message.fuzzy and all(_forms(message)):
            catalog.add(message.id, message.string, context=message.context)
    written = io.BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def problems() -> Iterator[Problem]:
    """Yield what is wrong: strings without a mark, translations that are missing or wrong, files that are not up to
    date.
    """
    for place, string, what in unmarked(SOURCES):
        yield Problem(place, string, what)
    sources = strings()
    for path in catalogues():
        name = path.relative_to(ROOT).as_posix()
        catalog = read(path)
        complete = path.is_relative_to(LOCALE)
        for message in sources:
            if message.id and complete and catalog.get(_key(message), message.context) is None:
                yield Problem(name, _key(message), f"is not in it: run `{COMMAND} update`, and translate it there")
        for message in catalog:
            if message.id:
                yield from _problems_of(message, name, complete=complete)
        if path.read_bytes() != updated(path, sources):
            yield Problem(name, language_of(path), f"is not as it is written from the sources: run `{COMMAND} update`")
        elif not path.with_suffix(".mo").exists() or path.with_suffix(".mo").read_bytes() != compiled(path):
            what = f"its compiled file (.mo) is missing or out of date: run `{COMMAND} compile`"
            yield Problem(name, language_of(path), what)


def _problems_of(message: Message, name: str, *, complete: bool) -> Iterator[Problem]:
    remedy = f"then run `{COMMAND} compile`"
    if message.fuzzy:
        yield Problem(name, _key(message), f"is marked as fuzzy: see whether it is right, remove the mark, {remedy}")
    forms = _forms(message)
    if not all(forms):
        if complete:
            yield Problem(name, _key(message), f"has no translation, or not of all plurals: write it there, {remedy}")
        return
    ids = message.id if isinstance(message.id, list | tuple) else (message.id,)
    wanted = [placeholders_of(text) for text in ids]
    for form in forms:
        if placeholders_of(form) not in wanted:
            found = ", ".join(sorted(placeholders_of(form))) or "none"
            right = ", ".join(sorted(wanted[-1])) or "none"
            yield Problem(
                name, _key(message), f"has the placeholders {found} in {form!r}, not {right}: mend it, {remedy}"
            )


def _key(message: Message) -> str:
    return str(message.id[0] if message.pluralizable else message.id)


def _forms(message: Message) -> list[str]:
    string = message.string
    return [str(form or "") for form in (string if isinstance(string, list | tuple) else (string,))]


def update(languages: list[str]) -> None:
    """Write all catalogues anew from the sources, and those of *languages*, too, and compile them."""
    sources = strings()
    begun = [LOCALE / language / "LC_MESSAGES/django.po" for language in languages]
    for path in sorted({*catalogues(), *begun}):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(updated(path, sources))
    compile_all()


def compile_all() -> None:
    """Compile all catalogues."""
    for path in catalogues():
        path.with_suffix(".mo").write_bytes(compiled(path))


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["extract", "update", "compile", "check"])
    parser.add_argument(
        "languages", nargs="*", metavar="LANG", help="languages to begin a catalogue of, as fr or pt_BR"
    )
    arguments = parser.parse_args()
    match arguments.command:
        case "extract":
            written = io.BytesIO()
            write_po(written, strings(), width=0, no_location=True, omit_header=True, sort_output=True)
            sys.stdout.buffer.write(written.getvalue())
        case "update":
            update(arguments.languages)
        case "compile":
            compile_all()
    if arguments.command == "extract":
        return 0
    found = list(problems())
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
