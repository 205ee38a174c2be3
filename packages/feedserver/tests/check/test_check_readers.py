"""The readers whose commands are known: each can be driven by them, and says what it needs."""

from __future__ import annotations

import pytest

from feedserver.check.commands import CommandAdapter, Commands
from feedserver.check.readers import READERS, KnownReader
from feedserver.check.scenarios import SCENARIOS


@pytest.mark.parametrize("name", READERS)
def test_a_reader_can_be_driven_by_its_commands(name: str) -> None:
    reader = READERS[name]
    adapter = CommandAdapter(reader.commands, name=reader.title, kind=reader.kind, reproduce=f"--reader {name}")
    adapter.close()

    assert adapter.reproduce("V1") == f"feedserver check --reader {name} --only V1"
    assert reader.commands.version, "a report says which version was judged"
    assert set(reader.alone) <= {scenario.id for scenario in SCENARIOS}


def test_what_is_not_installed_is_named() -> None:
    commands = Commands(poll="x {url}")

    assert KnownReader("A", "no-such-program", commands).missing() == "the program no-such-program"
    assert KnownReader("A", "", commands, package="no_such_package").missing() == "the Python package no_such_package"
    assert KnownReader("A", "", commands, package="feedserver").missing() == ""
