"""Whether text in a colour can be read on a background."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lifestream
from lifestream.content.colours import BACKGROUND, MINIMUM_CONTRAST, contrast


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000FF", "#ffffff", 8.59),
    ],
)
def test_the_contrast_is_the_ratio_that_wcag_defines(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("colour", ["#+f0000", "#fff", "#ffffff00", "#gggggg", "", "#1_2_3_"])
def test_a_colour_without_six_hexadecimal_digits_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal|unpack"):
        contrast(colour, "#ffffff")


def test_the_shipped_accent_can_be_read_on_the_shipped_background() -> None:
    theme = (Path(lifestream.__file__).parent / "static/lifestream/theme.css").read_text(encoding="utf-8")
    [background] = re.findall(r"--ground: light-dark\((#\w{6}),", theme)
    [accent] = re.findall(r"--own-accent: (#\w{6});", theme)
    assert background == BACKGROUND
    assert contrast(accent, background) >= MINIMUM_CONTRAST
