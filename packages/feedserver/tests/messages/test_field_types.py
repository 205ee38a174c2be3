"""The fields of values that tests make are checked against their annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypedDict

import pytest

from feedserver.messages.field_types import check_fields, check_fits, fits, in_words


class Named(TypedDict):
    name: str


class Closing(Protocol):
    def close(self) -> None: ...


NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)

ALLOWED: list[tuple[Any, list[object], list[object]]] = [
    (int, [0, -1], [True, 1.0, "1", None]),
    (float, [0, 1.5], [True, "1"]),
    (str, ["", "a"], [b"a", None]),
    (bool, [True], [1]),
    (int | None, [1, None], [True, "a"]),
    (Literal["a", "b"], ["a"], ["c", 1]),
    (Literal[1, 2], [1], [True, 1.0]),
    (tuple[str, ...], [(), ("a",)], [["a"], ("a", 1), "a"]),
    (Sequence[str], [["a"], ()], ["a", b"a", 1, {"a"}]),
    (Callable[[], None], [print], [1]),
    (datetime | None, [NOON, None], ["2026"]),
    (Any, [1, "a", None], []),
    (Named, [{}, 1], []),  # values are not compared with a TypedDict or a protocol
    (Closing, [open, 1], []),
]
"""Each annotation, with values that it allows and values that it does not."""


@pytest.mark.parametrize(("hint", "allowed", "refused"), ALLOWED, ids=[str(hint) for hint, _, _ in ALLOWED])
def test_an_annotation_allows_its_values_only(hint: Any, allowed: list[object], refused: list[object]) -> None:
    assert [value for value in allowed if not fits(value, hint)] == []
    assert [value for value in refused if fits(value, hint)] == []


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int | None, "a whole number or None"),
        (float | int, "a number or a whole number"),
        (Literal["a", 1], "'a' or 1"),
        (tuple[str, ...], "a tuple of which each is text"),
        (Sequence[bool], "a list of which each is True or False"),
        (Callable[[], None], "a function"),
        (range, "a range"),
    ],
)
def test_an_annotation_is_described_in_words(hint: Any, words: str) -> None:
    assert in_words(hint) == words


def test_the_first_field_that_is_wrong_is_named() -> None:
    @dataclass
    class Made:
        size: int
        names: tuple[str, ...] = ()
        is_last: bool = True

    with pytest.raises(TypeError, match=r"Made\(names=…\) is 'a'; give a tuple of which each is text"):
        check_fields(Made(1, "a", 1))  # type: ignore[arg-type]


def test_a_class_whose_annotations_cannot_be_read_is_not_checked() -> None:
    @dataclass
    class Made:
        size: Unknown  # type: ignore[name-defined]  # noqa: F821

    check_fields(Made("a"))


def test_text_that_is_not_allowed_is_a_wrong_value_and_not_a_wrong_type() -> None:
    with pytest.raises(ValueError, match="kind is 'c'; give 'a' or 'b'"):
        check_fits("kind", "c", Literal["a", "b"])
    with pytest.raises(TypeError, match="kind is 1; give 'a' or 'b'"):
        check_fits("kind", 1, Literal["a", "b"])
