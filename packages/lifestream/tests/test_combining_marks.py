"""Marks in a long row, which would be drawn over the lines above and below."""

from __future__ import annotations

import pytest

from lifestream.combining_marks import piles_written, without_piles


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("e" + "\u0301" * 8, "e" + "\u0301" * 8),
        ("e" + "\u0323" * 60 + "x", "e" + "\u0323" * 8 + "x"),
        ("e" + "\u0323" * 60 + " x" + "\u0301" * 60, "e" + "\u0323" * 8 + " x" + "\u0301" * 8),
        ("e" + "\u0323\u200d" * 60, "e" + "\u0323\u200d" * 8 + "\u200d" * 52),
        ("\u2014" + "\u0323" * 60 + "\u2014" + "\u0323" * 60, ("\u2014" + "\u0323" * 8) * 2),
        ("\u263a\ufe0f" * 20, "\u263a\ufe0f" * 20),
        ("\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82", None),  # of Tibetan
        ("\u1019\u103c\u102d\u102f\u1037 \u05e9\u05bc\u05c1\u05b8\u0591\u05bd", None),
    ],
)
def test_no_letter_has_a_pile_of_marks(text: str, shown: str | None) -> None:
    assert without_piles(text) == (text if shown is None else shown)


def test_a_mark_too_many_can_be_written_otherwise() -> None:
    shown = piles_written("e" + "\u0323\u200d" * 10 + "!", "<{}>".format)
    assert shown == "e" + "\u0323\u200d" * 8 + "<\u0323>\u200d" * 2 + "!"
