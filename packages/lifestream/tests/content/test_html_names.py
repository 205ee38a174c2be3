"""Which names are those of elements."""

from __future__ import annotations

import pytest

from lifestream.content.html_names import is_element
from lifestream.parser.text_constructs import ELEMENTS


def test_all_elements_by_which_a_text_is_recognised_as_html_are_known() -> None:
    assert ELEMENTS and all(map(is_element, ELEMENTS))


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("fecolormatrix", True),
        ("mfrac", True),
        ("x-y", True),
        ("o:p", True),
        ("m$", False),
        ("t", False),
        ("http:", False),
        ("a@b-c.example", False),
        ("u8", False),
        ("", False),
    ],
)
def test_only_names_of_html_svg_mathml_and_custom_elements_are_elements(name: str, element: bool) -> None:
    assert is_element(name) is element
