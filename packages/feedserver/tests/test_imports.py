"""The modules that an import loads: a suite waits for them before its first test."""

from __future__ import annotations

import subprocess
import sys

FEW_TESTS_NEED = {
    "asyncio",
    "brotli",
    "difflib",
    "django",
    "email.utils",
    "feedserver.faults",
    "feedserver.feeds",
    "feedserver.net.tls",
    "http.client",
    "logging",
    "pathlib",
    "pytest",
    "ssl",
    "tempfile",
    "unittest",
}


def loaded(statement: str) -> set[str]:
    """Return the modules that *statement* loads in a new interpreter, without those that were loaded before."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_feedserver_loads_no_module_that_few_tests_need() -> None:
    assert loaded("import feedserver") & FEW_TESTS_NEED == set()


def test_the_pytest_plugin_loads_nothing_of_the_server() -> None:
    with_plugin = loaded("import pytest, pytest_feedserver")

    assert "pytest_feedserver" in with_plugin
    assert not [module for module in with_plugin if module.partition(".")[0] in ("asyncio", "feedserver", "httptools")]
