"""Rules of the sanitizer that can't be set are refused with all their problems."""

from __future__ import annotations

from typing import Any

import pytest

from lifestream.content.sanitizer_rules import SanitizerRules, refused


def test_all_problems_of_the_settings_are_reported_together() -> None:
    tags: dict[Any, Any] = {
        "a": "href",
        "b": 5,
        "i": ["title", 7],
        "Script": (),
        "p": ["onClick", "title", "SRCDOC"],
        "u": {"lang"},
    }
    assert refused(tags) == [
        "<Script> can't be allowed: remove it",
        "the attributes of <a> are 'href': give a list or a set of names",
        "the attributes of <b> are 5: give a list or a set of names",
        "the attributes of <i> are ['title', 7]: give a list or a set of names",
        "the attribute 'onClick' of <p> can't be allowed: remove it",
        "the attribute 'SRCDOC' of <p> can't be allowed: remove it",
    ]
    assert refused({"<b>": (), "*": ["dir"], "": (), "h1": ["data-x", "href=", "ti tle", ""], "x-y": ()}) == [
        "'<b>' is no name of a tag: write a letter, then letters, digits or hyphens, such as h1",
        "'' is no name of a tag: write a letter, then letters, digits or hyphens, such as h1",
        "'href=', listed for <h1>, is no name of an attribute: write it without quotes, spaces and =",
        "'ti tle', listed for <h1>, is no name of an attribute: write it without quotes, spaces and =",
        "'', listed for <h1>, is no name of an attribute: write it without quotes, spaces and =",
    ]
    assert refused({1: (), "a": "href", None: ()}) == [
        "the tag 1 is no string: write its name",
        "the tag None is no string: write its name",
        "the attributes of <a> are 'href': give a list or a set of names",
    ]
    with pytest.raises(ValueError, match=r"^the attributes of <a> are 'href': .*; the attribute 'onx' of <b> "):
        SanitizerRules.of({"a": "href", "b": ["onx"]})
