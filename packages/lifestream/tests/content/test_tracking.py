"""Tracking parameters are removed from addresses."""

from __future__ import annotations

import pytest

from lifestream.content.tracking import without_tracking


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://a.example/?utm_source=x", "https://a.example/"),
        ("https://a.example/?a=1&UTM_Medium=x&b=%20+&fbclid=y#c?utm_source=z",
         "https://a.example/?a=1&b=%20+#c?utm_source=z"),
        ("https://a.example/?a=1&amp;utm_source=x", "https://a.example/?a=1"),
        ("https://a.example/?%75tm_source=x&&a", "https://a.example/?&a"),
        ("https://a.example/?", "https://a.example/?"),
        ("https://a.example/?source=utm_source&reference=1", "https://a.example/?source=utm_source&reference=1"),
        ("mailto:a@b.example?subject=x", "mailto:a@b.example?subject=x"),
        ("https://a.example/#?utm_source=x", "https://a.example/#?utm_source=x"),
    ],
)  # fmt: skip
def test_tracking_parameters_are_removed_and_the_rest_stays_as_written(url: str, left: str) -> None:
    assert without_tracking(url) == left
