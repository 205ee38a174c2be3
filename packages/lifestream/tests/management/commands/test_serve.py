"""`serve`: which addresses it takes."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from lifestream.management.commands.serve import split_address


@pytest.mark.parametrize(
    ("address", "split"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("0.0.0.0", ("0.0.0.0", 8000)),
        ("9000", ("127.0.0.1", 9000)),
        (":9000", ("127.0.0.1", 9000)),
        ("[::1]:9000", ("::1", 9000)),
        ("[::1]", ("::1", 8000)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_to_serve_at_may_leave_out_what_is_usual(address: str, split: tuple[str, int]) -> None:
    assert split_address(address) == split


@pytest.mark.parametrize("address", ["host:port", "127.0.0.1:99999", "a:b:c"])
def test_what_is_no_address_is_an_error(address: str) -> None:
    with pytest.raises(CommandError, match=r"is no address; write it like 127\.0\.0\.1:8000$"):
        split_address(address)
