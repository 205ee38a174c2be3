"""How a kind of fault is named, and how its directive is read."""

from __future__ import annotations

import pytest

from feedserver.faults import Bomb, Nothing
from feedserver.faults.kind import check_at_least, plain, with_number


def test_a_plain_kind_takes_no_argument() -> None:
    kind = plain("nothing", Nothing)
    assert (kind.usage, kind.examples) == ("nothing", ("nothing",))
    assert kind.read("") == Nothing()
    with pytest.raises(ValueError, match=r"^$"):
        kind.read("at all")


def test_a_kind_with_a_number_takes_one_or_none() -> None:
    kind = with_number("bomb", "[N MB]", Bomb, 100)
    assert (kind.usage, kind.examples) == ("bomb [N MB]", ("bomb", "bomb 100 MB"))
    assert kind.read("7 mb") == Bomb(7)
    assert kind.read("") == Bomb()
    for text in ("7", "MB", "-7 MB", "7 MB more"):
        with pytest.raises(ValueError, match=r"^$"):
            kind.read(text)


def test_a_number_that_is_too_small_is_named() -> None:
    check_at_least(1, 1, "bytes")
    check_at_least(1, None, "bytes")
    with pytest.raises(ValueError, match="0 is no number of bytes; use 1 or more"):
        check_at_least(1, 0, "bytes")
