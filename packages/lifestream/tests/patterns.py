"""Find every regular expression of both packages, and make runs of characters that may slow one down.

`found` collects the patterns that are attributes of modules and classes, or are in tables there. It also reads the
sources for patterns that are passed to functions of `re`. A pattern is tried with the methods that the sources call on
it.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import feedserver
import lifestream
from lifestream.content.late_pattern import LatePattern

# The standard library's own parser of patterns, as it is in 3.11 to 3.14. If it renames a construct some day, this
# module raises AttributeError.
from re import _constants as codes  # type: ignore[attr-defined]  # isort: skip
from re import _parser as pattern_parser  # type: ignore[attr-defined]  # isort: skip

METHODS: Final = frozenset({"search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split"})
_CALLS: Final = re.compile(rf"\bre\.(?:{'|'.join(METHODS)}|compile)\b")
_SCANNING: Final = METHODS - {"search", "match", "fullmatch"}
_REPEATS: Final = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_NOT_IMPORTED: Final = re.compile(r"\.(?:__main__|wsgi|celery|settings)\Z|\.migrations\.")


@dataclass(slots=True)
class Found:
    """A *pattern*, *where* it is defined, and the *methods* that are called on it."""

    pattern: re.Pattern[Any]
    where: str
    methods: set[str] = field(default_factory=set)


def modules() -> Iterator[ModuleType]:
    """Yield all modules of both packages that can be imported without starting something."""
    for package in (feedserver, lifestream):
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not _NOT_IMPORTED.search(info.name):
                yield importlib.import_module(info.name)
    yield importlib.import_module("pytest_feedserver")


def found(written: Mapping[str, tuple[str | bytes, ...]]) -> list[Found]:
    """Return all patterns. *written* maps "module.function" to examples of the patterns that the function builds.

    Raises KeyError with the name of a function that *written* lacks.
    """
    patterns: dict[re.Pattern[Any], Found] = {}
    sources = {module: Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules()}
    held = {module: list(_held(module)) for module in sources}
    for module, named in held.items():
        for name, pattern in named:
            patterns.setdefault(pattern, Found(pattern, f"{module.__name__}.{name}"))
    for module, source in sources.items():
        if not held[module] and not _CALLS.search(source):
            continue  # to parse all sources and walk through them takes seconds, in each process that runs tests
        tree = ast.parse(source)
        nodes = list(ast.walk(tree))
        for pattern, method, line in _at_calls(module, tree, nodes, written):
            patterns.setdefault(pattern, Found(pattern, f"{module.__name__}, line {line}")).methods.add(method)
        _note_uses(module, nodes, patterns)
    for each in patterns.values():
        called = each.methods or {"findall"}  # the sources use it under a name that `_note_uses` does not follow
        each.methods = {"findall" if method in _SCANNING else method for method in called}
    return sorted(patterns.values(), key=lambda each: each.where)


def _held(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any]]]:
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__:
            for attribute, inner in vars(value).items():
                yield from ((f"{name}.{attribute}", pattern) for pattern in _inside(inner))
        else:
            yield from ((name, pattern) for pattern in _inside(value))


def _inside(value: object, depth: int = 3) -> Iterator[re.Pattern[Any]]:
    """Yield *value* if it is a pattern, or the patterns in it if it is a table, *depth* tables deep."""
    if isinstance(value, LatePattern):
        yield value.compiled
    elif isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, Mapping):
        for inner in (*value.keys(), *value.values()):
            yield from _inside(inner, depth - 1)
    elif depth and isinstance(value, tuple | list | set | frozenset):
        for inner in value:
            yield from _inside(inner, depth - 1)


def _at_calls(
    module: ModuleType, tree: ast.Module, nodes: list[ast.AST], written: Mapping[str, tuple[str | bytes, ...]]
) -> Iterator[tuple[re.Pattern[Any], str, int]]:
    """Yield the patterns in calls of functions of `re` in *nodes*, each with the method and the line."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=method), args=[first, *rest]):
                pass
            case _:
                continue
        if method not in METHODS | {"compile"} or (method == "compile" and _is_at_top(node, tree)):
            continue  # what a module compiles at its top level is found in the module
        flags = next((each.value for each in node.keywords if each.arg == "flags"), None)
        places = {"sub": 4, "subn": 4, "split": 3, "compile": 1}
        place = places.get(method, 2) - 1
        if flags is None and len(rest) > place:
            flags = rest[place]
        number = 0 if flags is None else eval(ast.unparse(flags), {"re": re})
        try:
            sources: tuple[Any, ...] = (ast.literal_eval(first),)
        except ValueError:
            key = f"{module.__name__}.{_function_around(node, nodes)}"
            if key not in written:
                raise KeyError(f"{key} puts a pattern together when it runs: add examples of it to *written*") from None
            sources = written[key]
        for source in sources:
            yield re.compile(source, number), "findall" if method == "compile" else method, node.lineno


def _is_at_top(node: ast.AST, tree: ast.Module) -> bool:
    blocks = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return any(
        not isinstance(statement, blocks) and any(each is node for each in ast.walk(statement))
        for statement in tree.body
    )


def _function_around(node: ast.AST, nodes: list[ast.AST]) -> str:
    """Return the name of the innermost function in *nodes* that contains *node*."""
    functions = [each for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    return next((f.name for f in reversed(functions) if any(each is node for each in ast.walk(f))), "")


def _note_uses(module: ModuleType, nodes: list[ast.AST], patterns: Mapping[re.Pattern[Any], Found]) -> None:
    """Record in *patterns* which methods *module* calls on its named patterns and on the patterns in its tables."""
    named: dict[str, set[str]] = {}
    unnamed: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            owner = node.value.value if isinstance(node.value, ast.Subscript) else node.value
            if isinstance(owner, ast.Name) and any(_inside(vars(module).get(owner.id))):
                named.setdefault(owner.id, set()).add(node.attr)
            elif not (isinstance(owner, ast.Name) and owner.id == "re"):
                unnamed.add(node.attr)
    for name, value in vars(module).items():
        for pattern in _inside(value):
            methods = named.get(name) or (
                set() if isinstance(value, re.Pattern | LatePattern) else unnamed & {"match", "fullmatch", "search"}
            )
            patterns[pattern].methods |= methods if pattern in patterns else set()


def possessive_groups(pattern: re.Pattern[Any]) -> int:
    """Return how many groups *pattern* repeats possessively: `(?:…)*+`, not `[…]*+`."""
    return sum(
        code is codes.POSSESSIVE_REPEAT and not (len(value[2]) == 1 and value[2][0][0] in _ONE_CHARACTER)
        for code, value in _parts(pattern_parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))
    )


_ONE_CHARACTER: Final = {codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY}


def _parts(tree: Any) -> Iterator[tuple[Any, Any]]:
    for code, value in tree:
        yield code, value
        for inner in _inner(value):
            yield from _parts(inner)


# Runs of characters


def runs(pattern: re.Pattern[Any]) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Yield pairs of a name and a function, which makes a text of about a given length on which *pattern* may be slow.

    Each text repeats a unit: a character that the pattern names, two of them, or the beginning of a match. Some texts
    also have the beginning of a match before the repeated unit, and after it a tail that makes the match fail. There
    are none for a pattern that repeats nothing more than ten times: at each position it looks at few characters.
    """
    tree = pattern_parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    if not _repeats(tree):
        return
    heads = list(dict.fromkeys(_beginnings(tree)))[:10]
    alphabet = list(dict.fromkeys([*_alphabet(tree), " ", "a"]))[:10]
    pairs = [one + other for one in alphabet for other in alphabet if one != other]
    units = dict.fromkeys([*alphabet, *pairs, *heads, *(head + one for head in heads for one in alphabet)])
    for unit in units:
        if unit:
            yield f"{unit!r} * n", partial(_run, "", unit, "")
    for head in (*heads, "q9"):
        for unit, tails in [
            *((one, ("", "\x01", "q9")) for one in alphabet),
            *((pair, ("q9",)) for pair in pairs[:20]),
        ]:
            for tail in tails:
                yield f"{head!r} + {unit!r} * n + {tail!r}", partial(_run, head, unit, tail)


def _repeats(tree: Any) -> bool:
    """Return whether anything in the pattern *tree* may be repeated more than ten times."""
    return any(
        (code in _REPEATS and value[1] > 10) or any(_repeats(inner) for inner in _inner(value)) for code, value in tree
    )


def _run(head: str, unit: str, tail: str, length: int) -> str:
    return head + unit * (length // len(unit)) + tail


def _alphabet(tree: Any) -> Iterator[str]:
    """Yield each character that the pattern *tree* names, and a character of each kind that it names."""
    for code, value in tree:
        if code is codes.LITERAL:
            yield chr(value)
        elif code is codes.NOT_LITERAL:
            yield _other({chr(value)})
            yield chr(value)
        elif code is codes.ANY:
            yield "x"
        elif code is codes.IN:
            yield from _members(value)
        else:
            for inner in _inner(value):
                yield from _alphabet(inner)


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, pattern_parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _inner(each)


_OF_CATEGORY: Final = {
    codes.CATEGORY_DIGIT: "1",
    codes.CATEGORY_NOT_DIGIT: "x",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_NOT_SPACE: "x",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_WORD: "-",
}


def _members(members: Any) -> list[str]:
    """Return a character for each member of a class. For "[^…]", the first is one that the class matches."""
    named = []
    for code, value in members:
        if code is codes.LITERAL:
            named.append(chr(value))
        elif code is codes.RANGE:
            named.append(chr((value[0] + value[1]) // 2))
        elif code is codes.CATEGORY:
            named.append(_OF_CATEGORY[value])
    if members and members[0][0] is codes.NEGATE:
        excluded = {character for character in _OTHERS if any(_is_in(character, each) for each in members)}
        return [_other(excluded), *named]
    return named


def _is_in(character: str, member: Any) -> bool:
    """Return whether *character* matches *member*, one part of a class."""
    code, value = member
    if code is codes.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if code is codes.CATEGORY:
        return re.fullmatch(_AS_WRITTEN[value], character) is not None
    return code is codes.LITERAL and chr(value) == character


_AS_WRITTEN: Final = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
_OTHERS: Final = "xay1- !<"


def _other(characters: set[str]) -> str:
    return next((each for each in _OTHERS if each not in characters), "\x02")


def _beginnings(tree: Any) -> Iterator[str]:
    """Yield "", and beginnings of the `_samples` of *tree*, each at most 24 characters long. A sample that is no longer
    than that is also yielded whole.
    """
    yield ""
    for text in _samples(tree):
        for end in range(1, min(len(text), 24) + 1):
            if end == len(text) or not text[end - 1].isalpha() or not text[end].isalpha():
                yield text[:end]


def _samples(tree: Any) -> list[str]:
    """Return a few texts that *tree* matches, in which each repeat is as short as it can be, and texts in which it has
    one repetition. The latter do not match if one repetition is too few. Lookarounds and backreferences are left out,
    so the texts of a pattern that has one may not match.
    """
    texts = [""]
    for code, value in tree:
        texts = [text + more for text in texts for more in _pieces(code, value)][:8]
    return texts


def _pieces(code: Any, value: Any) -> list[str]:
    if code is codes.LITERAL:
        return [chr(value)]
    if code is codes.NOT_LITERAL:
        return [_other({chr(value)})]
    if code is codes.ANY:
        return ["x"]
    if code is codes.IN:
        return _members(value)[:1]
    if code is codes.BRANCH:
        return [text for branch in value[1] for text in _samples(branch)[:2]][:6]
    if code is codes.SUBPATTERN:
        return _samples(value[3])
    if code is codes.ATOMIC_GROUP:
        return _samples(value)
    if code in _REPEATS:
        least, _, inner = value
        samples = _samples(inner)
        return [*([text * least for text in samples[:2]] if least else [""]), *samples[:4]]
    return [""]  # lookarounds and backreferences
