"""How a run drives a reader that is a Python object in the process of the run, and reads its list of items."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedserver.check import check
from feedserver.check.adapters import PythonAdapter, Subscription, read_rows
from feedserver.check.addresses import NETWORKS
from feedserver.check.verdicts import Kind, ListFailed
from right_reader import RightReader

FEED = Subscription(1, "http://127.0.0.1:1/v1/feed.xml", "V1")


def test_an_object_that_is_no_client_is_refused() -> None:
    with pytest.raises(TypeError, match=r"3 is no client; give an object with the methods add\(url\) and poll\(\)"):
        check(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"'a' is no client; it needs the methods add\(url\) and poll\(\)"):
        PythonAdapter(lambda: "a")  # type: ignore[arg-type, return-value]


def test_an_exception_of_a_client_is_reported_with_the_method_that_raised_it() -> None:
    class Broken(RightReader):
        def add(self, url: str) -> None:
            raise LookupError(url)

        def poll(self) -> None:
            raise ZeroDivisionError

        list = poll  # type: ignore[assignment]

    session = PythonAdapter(Broken).open("lane")
    assert session.add([FEED]) == {1: f"add() raised LookupError('{FEED.url}')"}
    poll = session.poll()
    assert (poll.is_good, poll.detail.partition("(")[0]) == (False, "poll")
    assert "raised ZeroDivisionError" in poll.detail
    with pytest.raises(ListFailed, match=r"list\(\) raised ZeroDivisionError"):
        session.rows()


class Unsayable(Exception):
    """An exception whose repr raises another one."""

    def __repr__(self) -> str:
        raise KeyError


class Exiting(Exception):
    """An exception whose repr exits."""

    def __repr__(self) -> str:
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("make", "said"), [(lambda: SystemExit(3), "SystemExit(3)"), (Unsayable, "Unsayable"), (Exiting, "Exiting")]
)
def test_a_client_that_exits_or_whose_exception_has_no_repr_ends_no_run(
    make: Callable[[], BaseException], said: str
) -> None:
    class Broken(RightReader):
        def add(self, url: str) -> None:
            raise make()

        def poll(self) -> None:
            raise make()

        list = poll  # type: ignore[assignment]

    session = PythonAdapter(Broken).open("lane")
    assert session.add([FEED]) == {1: f"add() raised {said}"}
    assert session.poll().detail == f"poll() raised {said}"
    with pytest.raises(ListFailed) as failed:
        session.rows()
    assert str(failed.value) == f"list() raised {said}"


def test_the_abilities_of_a_client_follow_from_its_methods() -> None:
    class Small:
        def add(self, url: str) -> None:
            """Ignore *url*."""

        def poll(self) -> None:
            """Request nothing."""

    small, right = PythonAdapter(Small), PythonAdapter(RightReader)
    assert (small.name, small.can_list, small.can_show_items, small.has_guard) == ("Small", False, False, False)
    assert (right.name, right.can_list, right.can_show_items, right.has_guard) == ("RightReader", True, True, True)
    assert right.commands == {"python": "right_reader.RightReader"}
    assert small.open("lane").rows() is None
    assert (small.open("lane").proves_clock(), right.open("lane").proves_clock()) == (False, True)


def test_the_command_that_repeats_a_scenario_names_the_kind() -> None:
    assert PythonAdapter(RightReader).reproduce("V1") == "check(client, only=['V1'])"
    assert PythonAdapter(RightReader, Kind.FETCHER).reproduce("V1") == "check(client, only=['V1'], kind='fetcher')"


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'stor' is no kind of reader; give one of store, mailer, podcatcher, "):
        check(RightReader, kind="stor")


def test_a_client_instance_gets_the_networks_that_it_may_request() -> None:
    client = RightReader()
    PythonAdapter(client).open("lane")
    assert client.networks == list(NETWORKS)


@pytest.mark.parametrize(
    "item",
    [
        "One zqv1i2zq",
        {"title": "One zqv1i2zq", "link": None},
        '{"title": "One zqv1i2zq", "link": null}',
        ' {"broken zqv1i2zq',
    ],
)
def test_an_item_is_found_by_the_token_in_its_title(item: object) -> None:
    [row] = read_rows([item, "another item", {"link": "zqv1i3zq"}, "[1]"])
    assert (row.scenario, row.number) == ("V1", 2)
    assert row.fields.get("link", "") == ""
