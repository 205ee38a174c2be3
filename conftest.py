"""What holds for every test of the repository."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from examples import pages
from hypothesis import HealthCheck, settings

# How long an example takes tells how busy the machine is, and nothing of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

SERVICES = ("browser", "postgres", "redis", "celery")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where REQUIRE_SERVICES is set, a test that its service would let run may not be skipped."""
    report = yield
    needed = [name for name in SERVICES if item.get_closest_marker(name)]
    if report.skipped and needed and os.environ.get("REQUIRE_SERVICES"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though REQUIRE_SERVICES is set: {', '.join(needed)}: {report.longrepr}"
    return report


pytest_collect_file = pages(Path(__file__).parent).pytest()
