"""The options of `feedserver check`: what their values become, and the messages about wrong ones."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from feedserver.check.options import WORKERS, add_options


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="feedserver check", exit_on_error=False)
    add_options(parser)
    return parser.parse_args(arguments)


def test_values_are_converted_to_their_types() -> None:
    options = parse(
        *("--env", "A=b=c", "--env", "_B1=", "--patience", "250ms", "--workers", "3", "--port", "65535"),
        *("--session", "run.json", "--version", "x --version", "--fail-under", "never"),
    )

    assert options.env == [("A", "b=c"), ("_B1", "")]
    assert (options.patience, options.workers, options.port) == (0.25, 3, 65_535)
    assert (options.session, options.reader_version, options.fail_under) == (Path("run.json"), "x --version", "never")


def test_sizes_become_bytes_and_repeated_rules_are_collected() -> None:
    assert [parse("--memory", size).memory for size in ("512M", "8G")] == [512 << 20, 8 << 30]
    options = parse("--only", "V,T4", "--only", "R1", "--alone", "T7", "--alone", "T8,T9")

    assert (options.only, options.alone) == (["V", "T4", "R1"], ["T7", "T8", "T9"])
    assert (parse().only, parse().alone, parse().memory) == ([], [], 0)


def test_fail_under_is_must_by_default_and_patience_workers_and_format_are_not_set() -> None:
    options = parse()

    assert (options.patience, options.workers, options.fail_under, options.format) == (None, None, "must", [])
    assert WORKERS >= 1


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--env", "A", "'A' is no variable; give NAME=VALUE"),
        ("--env", "1A=b", "'1A=b' is no variable; give NAME=VALUE"),
        ("--workers", "0", "'0' is no count; give a number from 1 up"),
        ("--workers", "-1", "'-1' is no count"),
        ("--port", "65536", "'65536' is no port; give a number from 1 to 65535, or 0 for a free one"),
        ("--feed-port", "http", "'http' is no port"),
        ("--patience", "long", "'long' is no duration; give one such as 75s"),
        ("--memory", "2", "'2' is no size; give one such as 512M or 8G"),
        ("--memory", "0G", "'0G' is no size"),
        ("--reader", "nosuch", "invalid choice: 'nosuch'"),
    ],
)
def test_a_wrong_value_is_reported_with_the_remedy(option: str, value: str, message: str) -> None:
    with pytest.raises(argparse.ArgumentError) as caught:
        parse(f"{option}={value}")
    assert f"argument {option}: {message}" in str(caught.value)
