"""What `translations.py` looks for in sources: strings that people see and that are not marked for translation, and
the placeholders of strings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

MARKS: Final = frozenset(
    {
        "_",
        "counted",
        "say",
        "gettext",
        "gettext_lazy",
        "gettext_noop",
        "ngettext",
        "ngettext_lazy",
        "pgettext",
        "pgettext_lazy",
        "npgettext",
    }
)

_PLACEHOLDER: Final = re.compile(r"%\(\w+\)[-+ #0-9.]*[a-zA-Z]|\{\w*(?:![rsa])?(?::[^{}]*)?\}")
_WORD: Final = re.compile(r"[^\W\d_]{2}")
_PROSE: Final = re.compile(r"[^\W\d_]{2,}[,:;]? [^\W\d_]{2,}")

# All prose in these files and folders has to be marked: most of their strings are shown to people.
_TALKING: Final = (
    "admin",
    "management",
    "templatetags",
    "web",
    "apps.py",
    "checks.py",
    "conf.py",
    "refresh/refresh_report.py",
    "setting_values.py",
)
# Only developers read the arguments of these calls, in logs and tracebacks.
_FOR_DEVELOPERS: Final = frozenset(
    {
        "debug",
        "info",
        "warning",
        "error",
        "exception",
        "RuntimeError",
        "TypeError",
        "ValueError",
        "AttributeError",
    }
)
# The first argument of these calls (the second of `message_user`) and the values of these keywords are shown to people.
_SHOWN_CALLS: Final = frozenset(
    {"CommandError", "Http404", "ValidationError", "NotAdded", "message_user", "add_column"}
)
_SHOWN_KEYWORDS: Final = frozenset({"help", "help_text", "verbose_name", "verbose_name_plural", "label", "hint"})
_SHOWN_ASSIGNED: Final = frozenset({"help", "title", "verbose_name", "verbose_name_plural", "short_description"})
_ADMIN_DECORATORS: Final = frozenset({"display", "action"})  # their description is shown in the admin
_EXEMPT: Final = "# not translated"
"""The comment on a line whose strings no user sees."""
_NAMES: Final = frozenset({"JSON Feed", "JSON Feed 1.0", "JSON Feed 1.1", "RSS 0.91 (Netscape)", "bold underline"})
"""Strings that are the same in every language, and names of styles."""
_SHOWN_ATTRIBUTES: Final = frozenset({"title", "alt", "placeholder", "aria-label", "label"})


def placeholders_of(text: str) -> frozenset[str]:
    """Return the placeholders of *text*, in both notations of Python: %(name)s and {name}, which may have a format."""
    return frozenset(_PLACEHOLDER.findall(text.replace("{{", "").replace("}}", "")))


def unmarked(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each unmarked string below *folder* that people see: its place, the string, and the remedy."""
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder).as_posix()
        for line, text in _in_template(path.read_text(encoding="utf-8")):
            yield f"{name}:{line}", text, 'is not marked: write it as {% translate "…" %} or in {% blocktranslate %}'
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if name.startswith("migrations/"):
            continue
        talking = any(name == part or name.startswith(f"{part}/") for part in _TALKING)
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for line, text in _in_python(source, talking=talking):
            if _EXEMPT in lines[line - 1]:
                continue
            yield (
                f"{name}:{line}",
                text,
                'is not marked, or is marked in an f-string: write it as gettext("… {name} …").format(name=…)',
            )


def _in_template(source: str) -> Iterator[tuple[int, str]]:
    from django.template.base import Lexer, TokenType

    parts: list[str] = []
    until = ""
    in_class = False  # inside a block for the CSS classes of an element
    for token in Lexer(source).tokenize():
        words = token.contents.split()
        if until:
            until = "" if token.token_type is TokenType.BLOCK and words[0] == until else until
            text = ""
        elif token.token_type is TokenType.TEXT:
            text = "" if in_class else token.contents
        else:
            text = "\x00"
            if token.token_type is TokenType.BLOCK and words[0] in ("block", "endblock"):
                in_class = words[0] == "block" and words[1].endswith("_class")
            if token.token_type is TokenType.BLOCK and words[0] in ("comment", "blocktranslate", "blocktrans"):
                until = f"end{words[0]}"
        missing = (token.lineno or 1) - 1 - sum(part.count("\n") for part in parts)
        parts.append("\n" * max(0, missing) + text)
    reader = _Texts()
    reader.feed("".join(parts))
    reader.close()
    yield from reader.found


class _Texts(HTMLParser):
    """The texts of a document that have words, and its attributes that screen readers or browsers show to people."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the signature of html.parser
        for name, value in attrs:
            if name in _SHOWN_ATTRIBUTES:
                self._note(value or "")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is None:  # outside of scripts and style sheets
            self._note(data)

    def _note(self, data: str) -> None:
        for text in data.split("\x00"):
            if _WORD.search(text):
                self.found.append((self.getpos()[0], " ".join(text.split())))


def _in_python(source: str, *, talking: bool) -> Iterator[tuple[int, str]]:
    tree = ast.parse(source)
    seen: set[int] = set()
    for node in ast.walk(tree):
        for expression in _shown(node):
            yield from ((line, text) for line, text in _texts(expression, seen) if _WORD.search(_bare(text)))
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(inner, ast.Call) and _name_of(inner.func) in MARKS for inner in ast.walk(node)
        ):
            yield node.lineno, ast.unparse(node)  # before Python 3.12, Babel finds no marks in f-strings
    for statement in tree.body if talking else ():
        for line, text in _texts(statement, seen):
            if _PROSE.search(_bare(text)) and text not in _NAMES and not text.isupper():
                yield line, text


def _shown(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions with texts that people see, if *node* is a call or a class that has some."""
    if isinstance(node, ast.ClassDef):
        for assigned in node.body:
            if isinstance(assigned, ast.Assign) and _name_of(assigned.targets[0]) in _SHOWN_ASSIGNED:
                yield assigned.value
    if not isinstance(node, ast.Call) or (name := _name_of(node.func)) in MARKS:
        return
    if name in _SHOWN_CALLS or (name == "write" and _is_output(node.func)):
        yield from node.args[1:2] if name == "message_user" else node.args[:1]
    wanted = _SHOWN_KEYWORDS | ({"description"} if name in _ADMIN_DECORATORS else set())
    yield from (keyword.value for keyword in node.keywords if keyword.arg in wanted)


def _texts(node: ast.AST, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Yield the strings in *node* that are not marked, each once, with their lines."""
    if isinstance(node, ast.Call):
        name = _name_of(node.func)
        if name in MARKS or name in _FOR_DEVELOPERS:
            return
        if name == "format":
            yield from _texts(node.func, seen)  # not its values
            return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and id(node) not in seen:
            seen.add(id(node))
            yield node.lineno, node.value
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Subscript):
        yield from _texts(node.value, seen)  # not the name of a key
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, seen)


def _bare(text: str) -> str:
    """Return *text* without tags, placeholders and web addresses, and without a media type at its beginning."""
    return re.sub(r"<[^>]*>|\{[^}]*\}|%\(\w+\)[sd]|https?://\S+|^[\w/+.-]+; \w+=", "", text)


def _name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_output(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and _name_of(function.value) in ("stdout", "stderr")
