"""The steps of a plan for sending: the head of a response, and how an exchange ended."""

from __future__ import annotations

import pytest

from feedserver import Ended
from feedserver.messages.send_plan import CloseConnection, Head


def test_a_head_is_written_field_by_field_as_it_is() -> None:
    head = Head(200, b"All is well", ((b"A", b"b"), (b"a", b""), (b"X", "ü".encode())))
    assert head.in_http1() == b"HTTP/1.1 200 All is well\r\nA: b\r\na: \r\nX: \xc3\xbc\r\n\r\n"
    assert Head(404, b"", ()).in_http1() == b"HTTP/1.1 404 \r\n\r\n"


@pytest.mark.parametrize("ended", Ended)
def test_each_member_of_ended_equals_its_plain_string(ended: Ended) -> None:
    assert ended == ended.value == str(ended) == f"{ended}"
    assert {ended.value: 1}[ended] == 1


def test_an_exchange_whose_connection_is_closed_is_complete_by_default() -> None:
    assert CloseConnection().ended is Ended.COMPLETE
