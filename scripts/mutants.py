"""The mutants of a module: its source with one small change each, made by the operators of Cosmic Ray and four more.

`scripts/mutate.py` runs tests on them. A mutant is known by its `Place`, which names the function and the changed lines
but no line number: so an entry in `scripts/mutation.toml` still applies after the code around it has moved.
"""

from __future__ import annotations

import ast
import itertools
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import MutationVisitor, mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import ExprStmt, Keyword, Name, PythonNode

# Each operator of Python is replaced by only one other: tests that notice this notice Cosmic Ray's other replacements.
CHOSEN = [
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_FloorDiv",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_Mod_FloorDiv",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_LShift_RShift",
    "ReplaceBinaryOperator_RShift_LShift",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "NumberReplacer",
    "ZeroIterationForLoop",
]


class RemoveStatement(Operator):  # type: ignore[misc]  # Cosmic Ray brings no types
    """Replace a statement by `pass` if it is a call, an `await`, an augmented assignment, or a `raise` or `yield` that
    has a value. In a `return`, replace the value by None, unless it is None or False.

    Plain assignments stay. Without the first one of a name, a later line raises NameError, which any test finds; later
    assignments, and those to attributes and items, are not removed either.
    """

    KINDS = ("return_stmt", "raise_stmt", "yield_expr", "expr_stmt", "atom_expr", "await")

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the position of *node* if it is a statement of one of the kinds above."""
        if node.parent is None or node.parent.type != "simple_stmt" or node.type not in self.KINDS:
            return
        if isinstance(node, ExprStmt) and "operator" not in {child.type for child in node.children}:
            return
        if isinstance(node, ExprStmt) and node.children[1].value == "=":
            return
        if node.get_code(include_prefix=False) in ("return None", "return False"):
            return
        yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:  # noqa: ARG002
        """Return the statement that takes the place of *node*."""
        statement = "return None" if node.type == "return_stmt" else "pass"
        return Keyword(statement, node.start_pos, prefix=node.get_first_leaf().prefix)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return changes that this operator makes."""
        return Example("f(1)\n", "pass\n"), Example("def f():\n return 1\n", "def f():\n return None\n")


class RemoveKeywordArgument(Operator):  # type: ignore[misc]
    """Leave a keyword argument out of a call."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the position of each keyword argument of the call *node*."""
        for argument in self._arguments(node):
            yield argument.start_pos, argument.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Remove the keyword argument at *index* and the comma after it from the call *node*."""
        gone = list(self._arguments(node))[index]
        if node.type == "arglist":
            at = node.children.index(gone)
            del node.children[at : at + 2]
        else:
            node.children.remove(gone)
        return node

    @staticmethod
    def _arguments(node: Any) -> Iterator[Any]:
        """Yield the keyword arguments among the children of *node*, a call's list of arguments or its brackets."""
        if isinstance(node, PythonNode) and node.type in ("arglist", "trailer"):
            for child in node.children:
                is_named = child.type == "argument" and len(child.children) == 3 and child.children[1] == "="
                # `zip` is not strict by itself, so to leave that out changes nothing.
                if is_named and child.get_code(include_prefix=False) != "strict=False":
                    yield child

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return changes that this operator makes."""
        return Example("f(a, b=1)", "f(a,)"), Example("f(b=1)", "f()")


class ReplaceIn(Operator):  # type: ignore[misc]
    """Replace `in` by `not in`, and `not in` by `in`."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the position of `in` or `not in`, if *node* is a comparison with one."""
        if node.type == "comparison" and self._words(node) in ("in", "not in"):
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, index: int) -> Any:  # noqa: ARG002
        """Replace the operator of the comparison *node*."""
        word = "in" if self._words(node) == "not in" else "not in"
        node.children[1] = Keyword(word, node.children[1].start_pos, prefix=" ")
        return node

    @staticmethod
    def _words(node: Any) -> str:
        return " ".join(node.children[1].get_code().split())

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return changes that this operator makes."""
        return Example("a in b", "a not in b"), Example("a not in b", "a in b")


class CatchNothing(Operator):  # type: ignore[misc]
    """Let an `except` clause catch nothing. Cosmic Ray's own operator fails at a dotted name."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the position of the exceptions, if *node* is an `except` clause that names some."""
        if node.type == "except_clause":
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, index: int) -> Any:  # noqa: ARG002
        """Replace the exceptions of the `except` clause *node* by an empty tuple."""
        node.children[1] = Name("()", node.children[1].start_pos, prefix=" ")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return changes that this operator makes."""
        return (Example("try: f()\nexcept a.B as c: pass\n", "try: f()\nexcept () as c: pass\n"),)


OPERATORS: list[Operator] = [
    *(get_operator(f"core/{name}")() for name in CHOSEN),
    RemoveStatement(),
    RemoveKeywordArgument(),
    ReplaceIn(),
    CatchNothing(),
]


@dataclass(frozen=True, slots=True)
class Place:
    """What a mutant changes, without line numbers: the enclosing function or class ("" for the module), the lines as
    they were and as they are, and which of several equal changes in that function it is, from 1.
    """

    function: str
    was: str
    becomes: str
    which: int = 1


@dataclass(frozen=True, slots=True)
class Mutant:
    """The *source* of a module with one change, its *place*, and the *lines* of the statement that is changed."""

    place: Place
    source: str
    lines: range
    diff: str


def mutants_of(source: str, name: str) -> list[Mutant]:
    """Return the mutants of *source* in the order of their lines; *name* is the file's, for the diffs.

    What repeats another mutant, or changes only annotations or the decorator of a dataclass, is left out.
    """
    found: list[Mutant] = []
    seen: set[str] = set()
    tree = ast.parse(source)
    excluded = list(_without_effect(tree))
    parsed = pickle.dumps(get_ast(source))  # to load a tree costs less than to parse it again
    for operator in OPERATORS:
        for occurrence in itertools.count():
            visitor = MutationVisitor(occurrence, operator)
            mutated = visitor.walk(pickle.loads(parsed)).get_code()  # noqa: S301  it was pickled above
            if not visitor.mutation_applied:
                break
            place = _first_difference(source, mutated)
            if mutated in seen or any(start <= place < end for start, end in excluded) or not _is_valid(mutated):
                continue
            seen.add(mutated)
            found.append(_mutant(source, mutated, tree, name))
    found.sort(key=lambda mutant: (mutant.lines.start, mutant.diff))
    return _numbered(found)


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """Return *mutants* with equal changes of a function counted, so that no two have the same place."""
    counts: Counter[Place] = Counter()
    numbered = []
    for mutant in mutants:
        place = mutant.place
        counts[place] += 1
        place = Place(place.function, place.was, place.becomes, counts[place])
        numbered.append(Mutant(place, mutant.source, mutant.lines, mutant.diff))
    return numbered


def _mutant(source: str, mutated: str, tree: ast.Module, name: str) -> Mutant:
    """Return the mutant whose source is *mutated*, with what differs from *source*, whose syntax tree is *tree*."""
    old, new = source.splitlines(), mutated.splitlines()
    first = _equal(zip(old, new, strict=False))
    rest = min(len(old), len(new)) - first
    end = min(rest, _equal(zip(reversed(old), reversed(new), strict=False)))
    was, becomes = old[first : len(old) - end], new[first : len(new) - end]
    diff = "\n".join([f"{name}:{first + 1}", *(f"- {line}" for line in was), *(f"+ {line}" for line in becomes)])
    place = Place(_function_at(tree, first + 1), _stripped(was), _stripped(becomes))
    return Mutant(place, mutated, _statement_at(tree, first + 1), diff)


def _equal(pairs: Iterable[tuple[str, str]]) -> int:
    """Return how many of *pairs* are equal before the first that is not."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _stripped(lines: list[str]) -> str:
    return "\n".join(line.strip() for line in lines)


Position: TypeAlias = tuple[int, int]  # line from 1, and column from 0 in bytes of UTF-8


def _without_effect(tree: ast.Module) -> Iterator[tuple[Position, Position]]:
    """Yield the start and end of annotations, which few modules read, and of the decorators of dataclasses."""
    for node in ast.walk(tree):
        excluded: list[ast.expr | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            excluded = [node.annotation]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            excluded = [node.returns]
        elif isinstance(node, ast.ClassDef):
            excluded = [each for each in node.decorator_list if _is_dataclass(each)]
        for each in filter(None, excluded):
            yield (each.lineno, each.col_offset), (each.end_lineno or 0, each.end_col_offset or 0)


def _first_difference(source: str, mutated: str) -> Position:
    """Return where the two texts begin to differ."""
    same = source[: _equal(zip(source, mutated, strict=False))]
    return same.count("\n") + 1, len(same.rpartition("\n")[2].encode())


def _is_valid(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _is_dataclass(decorator: ast.expr) -> bool:
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(name, ast.Name) and name.id == "dataclass"


def _function_at(tree: ast.Module, line: int) -> str:
    """Return the dotted name of the innermost function or class that contains *line*, "" if none does."""
    names: list[str] = []
    node: ast.AST = tree
    while True:
        inner = [
            child
            for child in ast.walk(node)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and child is not node
            and child.lineno <= line <= (child.end_lineno or child.lineno)
        ]
        if not inner:
            return ".".join(names)
        node = inner[0]  # ast.walk goes outside in
        names.append(inner[0].name)


def _statement_at(tree: ast.Module, line: int) -> range:
    """Return the lines of the innermost statement at *line*; if that is a compound statement, those of its head."""
    best = range(line, line + 1)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            body = getattr(node, "body", None)
            start = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
            end = (body[0].lineno - 1 if body else getattr(node, "end_lineno", None)) or start
            if start <= line <= max(end, start):
                best = range(start, max(end, start) + 1)
    return best


def check_operators() -> None:
    """Raise AssertionError if one of our operators does not make the changes that its examples show."""
    for operator in OPERATORS[len(CHOSEN) :]:
        for example in operator.examples():
            mutated = mutate_code(example.pre_mutation_code, operator, example.occurrence)
            assert mutated == example.post_mutation_code, (operator, mutated)  # noqa: S101


__all__ = ["Mutant", "Place", "check_operators", "mutants_of"]
