"""A plugin of pytest that runs tests in blocks: it waits for a byte before each, and reports the times of each.

So several runs can take turns, each in a process of its own. For each full block, the plugin writes a line of two
numbers: the seconds that the tests of the block took, and the seconds of processor time that the process used
meanwhile, in user and system mode together.

The environment variable BLOCK is the number of tests in a block. TURNS and TIMES are file descriptors: the bytes are
read from one, and the lines are written to the other.
"""

from __future__ import annotations

import os
import time

_size = int(os.environ["BLOCK"])
_turns_pipe, _times_pipe = int(os.environ["TURNS"]), int(os.environ["TIMES"])
_begun = [0.0, 0.0]
_number = 0


def pytest_runtest_logstart() -> None:
    """Wait for the turn, where a block begins."""
    global _number  # noqa: PLW0603 - a plugin that is a module keeps its state there
    if _number % _size == 0:
        os.read(_turns_pipe, 1)
        _begun[:] = [time.perf_counter(), time.process_time()]
    _number += 1


def pytest_runtest_logfinish() -> None:
    """Report the times, where a full block ends."""
    if _number % _size == 0:
        wall, cost = time.perf_counter() - _begun[0], time.process_time() - _begun[1]
        os.write(_times_pipe, f"{wall} {cost}\n".encode())
