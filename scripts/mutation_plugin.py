"""The pytest plugin of `scripts/mutate.py`: says which tests run which lines, and runs the tests that a mutant needs.

The environment variable MUTATION has its task, as JSON:

- `module`: the file that is mutated, in the copy of the source
- `report`: where the first run, of the code as it is, writes which tests have run which lines, and how long each took
- `tests`: the tests to run, in this order; the others are deselected
- `seconds`: how much CPU time the run may take; then it ends with the status `OVERRUN`
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings
from mutation_runner import importable

OVERRUN = 124
MEMORY = 4 * 2**30  # bytes that a mutant may take before it fails, where the system can limit it

TASK = json.loads(os.environ.get("MUTATION", "{}"))
# A failure needs no smallest example: looking for one takes longer than everything else.
settings.register_profile(
    "mutation", deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


class FirstRun:
    """Write down for each line of the module which tests run it, and the duration of each test."""

    def __init__(self) -> None:
        # This starts before the module is imported, so as to see that, too: a line that runs on import belongs to
        # every test.
        self.coverage = coverage.Coverage(include=[TASK["module"]], data_file=None, config_file=False)
        self.coverage.start()
        self.durations: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Record the lines that run during a test, from its set-up to its tear-down, as lines of this test."""
        self.coverage.switch_context(item.nodeid)
        before = time.perf_counter()
        result = yield
        self.durations[item.nodeid] = time.perf_counter() - before
        self.coverage.switch_context("")
        return result

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        self.coverage.stop()
        file = str(Path(TASK["module"]).resolve())
        loaded = [module for module in sys.modules.values() if getattr(module, "__file__", None) == TASK["module"]]
        lines = self.coverage.get_data().contexts_by_lineno(file)
        report = {
            "imported": bool(loaded),
            "lines": lines,
            "durations": self.durations,
            "modules": importable(),
            "cpu": time.process_time(),
        }
        Path(TASK["report"]).write_text(json.dumps(report), encoding="utf-8")


class Selection:
    """Run the tests that MUTATION names, in that order."""

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the tests that MUTATION names."""
        order = {name: index for index, name in enumerate(TASK["tests"])}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
        items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])


def watch(seconds: float) -> None:
    """End the process with the status OVERRUN after it has taken *seconds* of CPU time."""
    while time.process_time() < seconds:
        time.sleep(0.2)
    os._exit(OVERRUN)


def limit_memory() -> None:
    """Let a mutant that allocates without end fail before the machine does, where the system has such a limit."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        # The hard limit stays, so a test of limits can lift this one for a process of its own.
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def pytest_configure(config: pytest.Config) -> None:
    """Add the part of the plugin that is needed."""
    if "tests" in TASK:
        limit_memory()
        threading.Thread(target=watch, args=[TASK["seconds"]], daemon=True).start()
        config.pluginmanager.register(Selection())
    elif FIRST is not None:
        config.pluginmanager.register(FIRST)


FIRST = FirstRun() if "report" in TASK else None
