"""Run pytest many times: in children of one process that has imported the libraries already, where the system can fork.

To import pytest, Hypothesis and Django takes longer than the tests that a mutant needs. `Runner` starts this file as a
program, which imports `Runner.modules` once and forks for each run. It reads the list of these modules as a line of
JSON, then one line of JSON for each run, and answers each run with one line: pytest's exit status, or "timeout". On
Windows, or while `Runner.modules` is empty, a new interpreter is started for each run instead.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

CAN_FORK = hasattr(os, "fork")
STATEFUL = ("django.contrib", "celery")  # they need settings when they are imported


class Runner:
    """Runs pytest with *arguments* in *folder*, in an environment with *variables*; the file *log* gets the output."""

    def __init__(self, arguments: list[str], folder: Path, variables: dict[str, str], log: Path) -> None:
        self.arguments, self.folder, self.variables, self.log = arguments, folder, variables, log
        self.modules: list[str] = []  # what the program imports before it forks
        self.program: subprocess.Popen[str] | None = None

    def run(self, task: dict[str, Any], timeout: float) -> tuple[int | None, str]:
        """Run pytest, with *task* for `mutation_plugin`. Return pytest's exit status, or None if it takes more than
        *timeout* seconds, together with its output.
        """
        variables = {**self.variables, "MUTATION": json.dumps(task)}
        if self.modules and CAN_FORK:
            status = self._ask({"arguments": self.arguments, "variables": variables, "timeout": timeout})
        else:
            command = [sys.executable, "-m", "pytest", *self.arguments]
            with self.log.open("wb") as log:
                try:
                    status = subprocess.run(
                        command, cwd=self.folder, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                        stdout=log, stderr=log, timeout=timeout, check=False,
                    ).returncode  # fmt: skip
                except subprocess.TimeoutExpired:
                    status = None
        return status, self.log.read_text(encoding="utf-8", errors="replace")

    def _ask(self, request: dict[str, Any]) -> int | None:
        """Have the program make one run, and return its status."""
        if self.program is None:
            self.program = subprocess.Popen(
                [sys.executable, __file__, str(self.log)], cwd=self.folder,
                env={**os.environ, **self.variables}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
            )  # fmt: skip
            assert self.program.stdin is not None  # noqa: S101
            print(json.dumps(self.modules), file=self.program.stdin)
        assert self.program.stdin is not None and self.program.stdout is not None  # noqa: S101
        print(json.dumps(request), file=self.program.stdin, flush=True)
        answer = self.program.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"{__file__} ended with status {self.program.wait()}, see above")
        return None if answer == "timeout" else int(answer)

    def close(self) -> None:
        """End the program."""
        if self.program is not None:
            with self.program:
                assert self.program.stdin is not None  # noqa: S101
                self.program.stdin.close()


def importable() -> list[str]:
    """Return the names of the installed modules that this process has imported, in the order of import.

    Left out are plugins of pytest, which pytest must import itself, the modules of the repository, and STATEFUL ones.
    """
    plugins = {entry.module.partition(".")[0] for entry in entry_points(group="pytest11")}
    libraries = [Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    names = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or name.partition(".")[0] in plugins or name.startswith(STATEFUL):
            continue
        if any(Path(file).resolve().is_relative_to(folder) for folder in libraries):
            names.append(name)
    return names


def serve(log: str) -> None:
    """Import the modules that the first line of input names. Then make a run for each line, and print its status."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for name in json.loads(sys.stdin.readline()):
        # What cannot be imported by itself is imported by the run that needs it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.freeze()  # pytest collects garbage at its end, and would look through all that was imported here
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.setsid()
            become_pytest(log, request)
        print(wait_for(child, request["timeout"]), file=answers, flush=True)


def become_pytest(log: str, request: dict[str, Any]) -> None:
    """Make the run that *request* describes, and end the process."""
    status = 3
    try:
        silence, output = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(silence, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        os.environ.update(request["variables"])
        import pytest

        status = int(pytest.main(request["arguments"]))
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def wait_for(child: int, timeout: float) -> str:
    """Return the exit status of the process *child*. After *timeout* seconds, kill it and return "timeout"."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)  # end what the tests have left running
            return str(os.waitstatus_to_exitcode(status))
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


if __name__ == "__main__":
    serve(sys.argv[1])
