"""Everything public of the modules in PUBLIC has an entry in the manual, and what the manual names exists."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import get_args

import pytest
from reference_entries import Entries, entries, named, page, public_names, section, tabled

import feedserver
import pytest_feedserver
from feedserver import FeedServer, cli
from feedserver.faults import Fault
from feedserver.fixtures.directives import DIRECTIVES
from feedserver.messages.response import Response
from feedserver.net.tls import TlsFault
from feedserver.testcases import FeedServerMixin

PUBLIC = (
    "feedserver",
    "feedserver.django",
    "feedserver.encodings",
    "feedserver.faults",
    "feedserver.feeds",
    "feedserver.record",
    "feedserver.strategies",
    "feedserver.testcases",
)
NOT_FOR_USERS = {
    "feedserver.record.add_parser": "the command's",
    "feedserver.record.run": "the command's",
    "Exchange.answered": "the handler calls it to report to the journal",
    "Exchange.finish": "the connection calls it to report to the journal",
    "Exchange.injected": "the connection calls it to report to the journal",
    "Expectation.difference": "messages are made from it",
    "FeedServer.abandon": "the event-loop thread calls it in a forked child",
    "FeedServer.failed": "the event-loop thread calls it",
    "FeedServerMixin.debug": "it is unittest's",
    "FeedServerMixin.run": "it is unittest's",
    "FeedServerMixin.setUp": "it is unittest's",
    "FeedServerMixin.subTest": "it is unittest's",
    "Journal.near_miss": "messages are made from it",
    "Journal.why_incomplete": "assertions and expectations ask it",
    "Journal.record": "the handler calls it to report to the journal",
    "Journal.settle": "the integrations call it",
    "Pattern.match_key": "the router calls it",
    "LognormalDelay.draw": "fault_injection calls it",
    "UniformDelay.draw": "fault_injection calls it",
    "RequestFilter.difference": "messages are made from it",
    "RequestFilter.matches": "the journal calls it",
    "Request.over": "the server calls it for the request of each connection",
    "Response.changed": "it checks nothing, and is for values that the server has made",
    "Response.with_headers": "it checks nothing, and is for values that the server has made",
}
"""Names that are public because another module of the package uses them, and that are no promise to users."""


@pytest.fixture(scope="module")
def found() -> Entries:
    return entries("feedserver")


def public_classes() -> Iterator[tuple[str, type[object]]]:
    for module in PUBLIC:
        for name in public_names(module):
            value = named(f"{module}.{name}")
            if inspect.isclass(value):
                yield f"{module}.{name}", value


@pytest.mark.parametrize("module", PUBLIC)
def test_each_public_name_has_an_entry(found: Entries, module: str) -> None:
    assert [name for name in found.missing(module, public_names(module)) if name not in NOT_FOR_USERS] == []


def test_each_public_method_and_property_has_an_entry(found: Entries) -> None:
    missing = {name for _, value in public_classes() for name in found.missing_members(value)}
    assert sorted(missing - NOT_FOR_USERS.keys()) == []


def test_each_name_that_is_not_for_users_exists_and_has_no_entry(found: Entries) -> None:
    missing = {name for _, value in public_classes() for name in found.missing_members(value)}
    missing |= {name for module in PUBLIC for name in found.missing(module, public_names(module))}
    assert sorted(NOT_FOR_USERS.keys() - missing) == []


def test_each_field_of_a_request_a_response_and_a_connection_is_named_in_its_docstring() -> None:
    # A field of a dataclass is shown by its class's docstring, which names it in *italics* or `code`.
    for name in ("feedserver.Response", "feedserver.Request", "feedserver.ClientConnection"):
        doc = inspect.getdoc(named(name)) or ""
        known = {field.name for field in fields(named(name)) if not field.name.startswith("_")}  # type: ignore[arg-type]
        assert sorted(known - set(re.findall(r"[*`](\w+)[*`]", doc))) == [], name


def test_each_option_of_a_server_is_named_in_the_docstring_of_its_class() -> None:
    doc = inspect.getdoc(feedserver.FeedServer) or ""
    options = set(inspect.signature(feedserver.FeedServer).parameters)
    assert sorted(options - set(re.findall(r"\*(\w+)\*", doc))) == []


def test_each_way_to_break_tls_has_an_entry() -> None:
    rows = tabled(section(page("feedserver/tls.md"), "How TLS goes wrong"))
    assert rows - {"tls="} == {f'"{word}"' for word in get_args(TlsFault)}


def test_each_directive_has_an_entry() -> None:
    assert missing_directives(DIRECTIVES) == []
    assert missing_directives(["header", "made-up"]) == ["made-up"], "or this test could not fail"


def missing_directives(words: Iterable[str]) -> list[str]:
    """Return those of *words* that begin no row of the table on the page about directives."""
    listed = {row.partition(":")[0].lower() for row in tabled(page("feedserver/directives.md"))}
    return sorted(set(words) - listed)


def test_each_command_and_option_has_an_entry() -> None:
    for name, parser in commands():
        usage = page("feedserver/check.md" if name == "check" else "feedserver/cli.md")
        for action in parser._actions:
            for option in action.option_strings:
                # It is enough that the manual has either the short or the long form of an option.
                is_listed = any(is_word_of(usage, other) for other in action.option_strings)
                assert is_listed or option in ("-h", "--help"), f"feedserver {name} {option}"
        assert f"feedserver {name}".strip() in usage


def is_word_of(text: str, name: str) -> bool:
    """Return whether *text* has *name*, and not only inside a longer name."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    parser = cli._parser(with_check=True)
    yield "", parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def test_each_fixture_marker_and_setting_of_the_pytest_plugin_has_an_entry() -> None:
    text = page("feedserver/pytest.md")
    source = inspect.getsource(pytest_feedserver)
    names = re.findall(r"@pytest\.fixture.*\ndef (\w+)", source) + re.findall(r'addini\(\s*"(\w+)"', source)
    assert len(names) >= 3
    assert [name for name in names if not is_word_of(text, name)] == []
    assert "pytest.mark.feedserver" in text


def test_each_option_of_the_marker_has_an_entry() -> None:
    rows = tabled(section(page("feedserver/pytest.md"), "Options"))
    assert rows == set(inspect.signature(FeedServer).parameters)


class TestWhatIsMissingIsNamed:
    """The tests above can fail: what has no entry is named."""

    def test_a_public_name(self, found: Entries) -> None:
        assert found.missing("feedserver.net.tls", ["TlsLayer"]) == ["feedserver.net.tls.TlsLayer"]

    def test_a_method_and_a_property(self, found: Entries) -> None:
        class MadeUp(Response):
            def made_up(self) -> None: ...

            @property
            def also_made_up(self) -> str:
                return ""

        MadeUp.__module__ = "feedserver.made_up"
        assert set(found.missing_members(MadeUp)) - NOT_FOR_USERS.keys() >= {"MadeUp.made_up", "MadeUp.also_made_up"}

    def test_a_member_that_a_base_class_documents_is_not_missing(self, found: Entries) -> None:
        @dataclass(frozen=True, slots=True)
        class MadeUpFault(Fault):
            @property
            def words(self) -> str:
                return "made up"

        MadeUpFault.__module__ = "feedserver.made_up"
        assert found.missing_members(MadeUpFault) == []


def test_each_attribute_and_method_of_the_test_cases_is_on_the_page_of_unittest() -> None:
    text = page("feedserver/unittest.md")
    options = [f"feedserver_{name}" for name in inspect.signature(FeedServer).parameters]
    assert [name for name in options if f"`{name}`" not in text] == []
    names = tabled(text)
    members = {name for name in vars(FeedServerMixin) if not name.startswith("_")}
    listed = {name.partition("(")[0] for name in names}
    assert listed == members | {"host", "port"}


def test_each_test_case_of_django_is_on_its_page() -> None:
    assert {name for name in tabled(page("feedserver/django.md")) if name[0].isupper()} == set(
        public_names("feedserver.django")
    )
