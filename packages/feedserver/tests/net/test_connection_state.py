"""The table of a connection's states: the events that each state allows, and the end that all of them reach."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.net.connection_state import TRANSITIONS, Event, State


def test_the_table_contains_every_state_and_every_event() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {event for row in TRANSITIONS.values() for event in row} == set(Event)


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_every_state_can_be_closed_and_lost(state: State) -> None:
    assert TRANSITIONS[state][Event.CLOSE] is State.CLOSING
    assert TRANSITIONS[state][Event.LOST] is State.CLOSED


def test_nothing_happens_to_a_connection_that_is_closed() -> None:
    assert TRANSITIONS[State.CLOSED] == {}


@pytest.mark.parametrize("state", State)
def test_an_answer_begins_only_if_none_is_under_way(state: State) -> None:
    begins = {State.IDLE: State.ANSWERING, State.ENDED: State.FINISHING}
    assert TRANSITIONS[state].get(Event.BEGIN) == begins.get(state)


@pytest.mark.parametrize("state", [State.ENDED, State.FINISHING])
def test_an_end_may_be_reported_twice(state: State) -> None:
    assert TRANSITIONS[state][Event.CLIENT_END] is state, "a FIN after the close_notify of TLS"


@given(st.lists(st.sampled_from(Event), max_size=20))
def test_a_client_that_has_ended_never_sends_again(events: list[Event]) -> None:
    state, has_ended = State.IDLE, False
    for event in events:
        if event in TRANSITIONS[state]:
            state = TRANSITIONS[state][event]
            has_ended = has_ended or event is Event.CLIENT_END
        if has_ended:
            assert state not in (State.IDLE, State.ANSWERING, State.LINGERING)
