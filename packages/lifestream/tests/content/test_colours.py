"""Whether text in a colour can be read on a background."""

from __future__ import annotations

import pytest

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


def test_the_shipped_accent_can_be_read() -> None:
    assert contrast("#0b5f8f", BACKGROUND) > MINIMUM_CONTRAST
