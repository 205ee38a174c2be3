"""Hooks and settings for every test of the repository, and the manual's examples as tests."""

from __future__ import annotations

import gc
import os
import random
import re
import signal
import sys
import threading
from collections.abc import Collection, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from examples import pages, starts_programs
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

if TYPE_CHECKING:
    from xdist.scheduler import Scheduling

# How long an example takes shows how busy the machine is, and nothing about the code: there is no deadline.
UNHURRIED = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
# The suite tries the same examples in each run; scripts/search.py tries new ones, by the profile "search".
# Since these are always the same, trying more of them would find little more.
settings.register_profile("suite", UNHURRIED, derandomize=True, max_examples=40)
settings.register_profile("search", UNHURRIED, print_blob=True, max_examples=300)
settings.load_profile("suite")
# Hypothesis draws constants from the modules that have been imported so far, so its examples would depend on which
# tests run, and in which order. It has no setting for that (read in 6.170); test_determinism.py fails if this has no
# effect.
providers._get_local_constants = providers.Constants


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-randomly shuffle the tests, but not seed `random`: its seeds differ from run to run.

    Restore the handler of SIGINT if it is ignored, as in a shell's background jobs: tests that send Ctrl-C to this
    process, or to one that they start, would wait for ever.

    If Python is set to write no bytecode, as in many containers, have it written into pytest's own cache: the tests
    start hundreds of processes, and each would spend more than half of its time on compiling Django.
    """
    config.option.randomly_reset_seed = False
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Run one process more than there are processors with `-n auto`: tests wait for deadlines and for other processes
    for a sixth of their time.
    """
    return (yield) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Let a process that has run all its tests take over tests that wait behind a slow one in another process.

    xdist's default scheduler assigns a third of the tests at the start, and never reassigns them: at the end two
    processes were idle while the third ran the tests of the browser, with a thousand more waiting behind them.
    """
    if config.option.dist != "load":
        return None
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


def pytest_collection() -> None:
    """Collect no garbage while the tests are collected, which makes a million objects and hardly any garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exclude the objects that exist after all tests are collected from every later garbage collection.

    These are a million objects, which live until the end. Each `gc.collect()` in a test, before a measurement or to see
    what was left behind, would go through all of them: a third of a second each time.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Seed `random` with the test's name: what a test sees depends neither on the run nor on the tests before it."""
    random.seed(item.nodeid)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark the tests that README's first command runs with "quick", and run all other tests before them: at the end,
    one process would still run a slow test while the others have nothing left to do.
    """
    for item in items:
        if starts_programs(item):
            item.add_marker("slow")
        if not any(map(item.get_closest_marker, NOT_QUICK)):
            item.add_marker("quick")
    yield  # pytest-randomly shuffles them
    items.sort(key=lambda item: item.get_closest_marker("quick") is not None)


NOT_QUICK = ("browser", "costly", "slow")
LEFT_OUT = {"quick": NOT_QUICK, "not browser and not costly": ("browser", "costly")}
"""The marks of tests that README's first command and .ci/run leave out, by the value that they give to `-m`."""
SERVICES = ("browser", "postgres", "proxy", "redis", "celery")


def is_marked_whole(module: Path, marks: Collection[str]) -> bool:
    """Return whether a test module gives one of these *marks* to all of its tests."""
    marked = rf"^pytestmark = (?:\[[^\]]*)?pytest\.mark\.(?:{'|'.join(marks)})\b"
    return module.suffix == ".py" and re.search(marked, module.read_text(encoding="utf-8"), re.MULTILINE) is not None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import a module of which no test would run: each process would spend seconds on such modules."""
    marks = LEFT_OUT.get(config.option.markexpr)
    return (marks is not None and is_marked_whole(collection_path, marks)) or None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """If REQUIRE_SERVICES is set, report a skipped test that needs a service as failed."""
    report = yield
    needed = [name for name in SERVICES if item.get_closest_marker(name)]
    if report.skipped and needed and os.environ.get("REQUIRE_SERVICES"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though REQUIRE_SERVICES is set: {', '.join(needed)}: {report.longrepr}"
    return report


pytest_collect_file = pages(Path(__file__).parent).pytest()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a parameter of bytes that are not printable ASCII by its length: the output of gzip contains the time, and
    processes that run tests side by side must collect the same names.
    """
    if isinstance(val, bytes) and not (val.isascii() and val.decode("ascii").isprintable()):
        return f"{argname}-{len(val)}-bytes"
    return None
