"""What owners may enter."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from lifestream.owner.forms import AddressesField


def test_addresses_are_split_at_lines_and_spaces_and_each_counts_once() -> None:
    assert AddressesField().clean(" a.example \r\nhttps://b.example/\ta.example\n") == [
        "a.example",
        "https://b.example/",
    ]


@pytest.mark.parametrize(
    "text",
    ["ftp://a.example/", "https://", "javascript:alert(1)", "file:///etc/passwd", "https://a:b:c/", "x" * 5_000_000],
)
def test_text_that_is_no_address_is_reported_in_one_short_message(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        AddressesField().clean(f"https://a.example/ {text}")
    assert len(refused.value.messages) == 1 and len(refused.value.messages[0]) < 200


def test_a_password_is_not_repeated_in_an_error() -> None:
    with pytest.raises(ValidationError) as refused:
        AddressesField().clean("ftp://me:secret@a.example/")
    assert "secret" not in str(refused.value.messages)


def test_more_than_two_hundred_addresses_at_once_are_too_many() -> None:
    addresses = [f"https://a.example/{number}" for number in range(201)]
    assert AddressesField().clean(" ".join(addresses[1:])) == addresses[1:]
    with pytest.raises(ValidationError, match="at most 200 addresses"):
        AddressesField().clean(" ".join(addresses))
