"""What an import brings along: a suite waits for it before its first test."""

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
    """Return the modules that *statement* brings into a new interpreter, which may have some of a tracer's."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_what_few_tests_need_is_loaded_by_those_that_need_it() -> None:
    assert loaded("import feedserver") & FEW_TESTS_NEED == set()


def test_the_pytest_plugin_loads_nothing_of_the_server() -> None:
    with_plugin = loaded("import pytest, pytest_feedserver")

    assert "pytest_feedserver" in with_plugin
    assert not [module for module in with_plugin if module.partition(".")[0] in ("asyncio", "feedserver", "httptools")]
