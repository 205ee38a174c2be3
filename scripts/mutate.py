#!/usr/bin/env python3
"""Change core modules in many small ways, and see whether their tests notice.

    uv run python scripts/mutate.py http/preconditions
    uv run python scripts/mutate.py

`scripts/mutation.toml` names the modules, the tests that belong to each, and the mutants that may survive, each with
the reason. Each survivor that is not listed is printed with file, line and change. The exit status is 1 if there is
any, if less than 90 % of a module's mutants are killed or time out, or if an entry of the list is not needed; with
`--only`, it is 1 only for a survivor that is not listed. It is 2 if the arguments, the file or the tests cannot be
used. `--help` describes the options.

The source is copied to a temporary folder and mutated there: the working tree is not touched. A first run measures
which tests run which lines; a mutant is then tried with the tests that run its line, the fastest first, up to the first
that fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from queue import Queue

from mutants import Mutant, Place, mutants_of
from mutation_plugin import OVERRUN
from mutation_runner import Runner

ROOT = Path(__file__).parent.parent
SETTINGS = Path(__file__).with_name("mutation.toml")
PATIENCE = 1800  # seconds that the tests of a module may take on the code as it is
FLOOR = 90  # percent of a module's mutants that must be killed or time out

DESCRIPTION = """\
Change the core modules that scripts/mutation.toml names in many small ways, and run the tests that belong to each on
every mutant. Survivors that the file does not list are printed. The exit status is 0 if at least 90 % of each module's
mutants are killed or time out and the file lists just the others; 1 if not; and 2 if the arguments or the file are
wrong (such as an entry without a reason), or if the tests cannot be used (they fail or take too long on the code as it
is, or do not import the module). With --only, the status is 1 only if a survivor is not listed.
"""


class Outcome(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Target:
    """A module to mutate: its file and those of its tests, from the root; and the survivors that are allowed."""

    path: str
    tests: list[str]
    allowed: dict[Place, str]

    @property
    def source_root(self) -> Path:
        """The folder that is copied, and imported from: `packages/NAME/src`."""
        return ROOT.joinpath(*Path(self.path).parts[:3])


@dataclass(frozen=True)
class FirstRun:
    """The result of a run of the tests on the code as it is: for each line the tests that run it, among them "" if the
    line runs at import; the seconds of each test; the libraries that were imported; and the seconds of CPU time and of
    wall-clock time that the run took.
    """

    lines: dict[int, set[str]]
    durations: dict[str, float]
    modules: list[str]
    cpu: float
    wall: float

    def tests_of(self, lines: range) -> list[str]:
        """Return the tests that run one of *lines*, the fastest first; all tests, if one of *lines* runs at import."""
        run = set().union(*(self.lines.get(line, set()) for line in lines))
        return sorted(self.durations if "" in run else run, key=lambda test: self.durations[test])


@dataclass
class Result:
    """The mutants of a module with what became of each."""

    target: Target
    outcomes: list[tuple[Mutant, Outcome]] = field(default_factory=list)
    seconds: float = 0.0
    is_selection: bool = False
    """Whether only some of the module's mutants were tried: their percentage, and entries without a survivor, tell
    nothing then.
    """

    def count(self, outcome: Outcome) -> int:
        """Return how many mutants had *outcome*."""
        return sum(1 for _, each in self.outcomes if each is outcome)

    @property
    def unlisted_survivors(self) -> list[Mutant]:
        """The survivors that are not listed."""
        return [m for m, outcome in self.outcomes if outcome is Outcome.SURVIVED and m.place not in self.target.allowed]

    @property
    def needless(self) -> list[Place]:
        """The entries of the list that match no survivor."""
        survived = {mutant.place for mutant, outcome in self.outcomes if outcome is Outcome.SURVIVED}
        return [place for place in self.target.allowed if place not in survived]

    @property
    def percent(self) -> float:
        """The share of mutants that were killed or did not end."""
        return 100 * (1 - self.count(Outcome.SURVIVED) / len(self.outcomes)) if self.outcomes else 100.0

    @property
    def passes(self) -> bool:
        """Whether enough mutants are killed or time out, every survivor is listed, and every entry of the list is
        needed; for a selection, only whether every survivor is listed.
        """
        if self.is_selection:
            return not self.unlisted_survivors
        return self.percent >= FLOOR and not self.unlisted_survivors and not self.needless


class TestsFail(Exception):
    """The tests of a module cannot be used: they fail or take too long on the code as it is, or do not import it."""


class NoneSelected(Exception):
    """No mutant has the text that `--only` asks for."""


def main(arguments: list[str]) -> int:
    """Mutate the modules named in *arguments*, all if none is named, and print the results. Return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/mutate.py", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="part of a module's path, such as http/ranges (all)"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many mutants to try at a time (1)")
    parser.add_argument("--only", metavar="TEXT", help="try only the mutants whose function or lines contain it")
    parser.add_argument("--settings", type=Path, default=SETTINGS, metavar="FILE", help="instead of mutation.toml")
    parser.add_argument("--list", action="store_true", help="print the modules and their tests, and end")
    options = parser.parse_args(arguments)
    try:
        targets = [t for t in read_settings(options.settings) if _is_named(t.path, options.modules)]
    except KeyError as error:
        parser.error(f"{options.settings}: an entry has no {error}")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if not targets:
        parser.error(f"no module of {options.settings} has {' or '.join(options.modules)} in its path; try --list")
    if options.list:
        print("\n".join("\n    ".join([target.path, *target.tests]) for target in targets))
        return 0
    results = []
    for target in targets:
        try:
            results.append(mutate(target, options.jobs, options.only))
        except (TestsFail, NoneSelected) as failure:
            print(f"scripts/mutate.py: {failure}", file=sys.stderr)
            return 2
        if not results[-1].is_selection:
            print_needless(results[-1])
    print_table(results)
    return 0 if all(result.passes for result in results) else 1


def _is_named(path: str, names: list[str]) -> bool:
    return not names or any(name in path for name in names)


def read_settings(file: Path) -> list[Target]:
    """Return the modules of *file*. Raise ValueError if a module's file does not exist or a survivor has no reason, and
    KeyError if an entry lacks anything else.
    """
    targets = []
    for module in tomllib.loads(file.read_text(encoding="utf-8"))["module"]:
        if not (ROOT / module["path"]).is_file():
            raise ValueError(f"{file}: there is no file {module['path']}")
        allowed = {}
        for entry in module.get("survivor", []):
            place = Place(
                entry.get("function", ""), entry["was"].strip(), entry["becomes"].strip(), entry.get("which", 1)
            )
            if not entry.get("reason", "").strip():
                raise ValueError(
                    f"{file}: {module['path']}: the survivor {place} has no reason; say why it may survive"
                )
            allowed[place] = entry["reason"]
        targets.append(Target(module["path"], module["tests"], allowed))
    return targets


def mutate(target: Target, jobs: int, only: str | None) -> Result:
    """Run the tests of *target* on each of its mutants (with *only*: on those whose function or lines contain it).

    Raises TestsFail, and NoneSelected if no mutant has *only*.
    """
    begin = time.perf_counter()
    source = (ROOT / target.path).read_text(encoding="utf-8")
    mutants = mutants_of(source, target.path)
    if only is not None:
        mutants = [m for m in mutants if any(only in text for text in (m.place.function, m.place.was, m.place.becomes))]
        if not mutants:
            raise NoneSelected(f"no mutant of {target.path} has {only!r} in its function or lines")
    result = Result(target, is_selection=only is not None)
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        workspaces = [stack.enter_context(closing(Workspace(target, Path(folder) / str(n)))) for n in range(jobs)]
        first = workspaces[0].first_run()
        free: Queue[Workspace] = Queue()
        for workspace in workspaces:
            workspace.prepare(first)
            free.put(workspace)

        def outcome_of(mutant: Mutant) -> Outcome:
            workspace = free.get()
            try:
                return workspace.outcome_of(mutant, first)
            finally:
                free.put(workspace)

        with ThreadPoolExecutor(jobs) as pool:
            for number, (mutant, outcome) in enumerate(zip(mutants, pool.map(outcome_of, mutants), strict=True), 1):
                result.outcomes.append((mutant, outcome))
                if outcome is Outcome.SURVIVED and mutant.place not in target.allowed:
                    print_survivor(mutant)
                if sys.stderr.isatty():
                    print(f"\r{number} of {len(mutants)} ", end="", file=sys.stderr, flush=True)
    result.seconds = time.perf_counter() - begin
    return result


class Workspace:
    """A copy of a package's source in which one mutant at a time is tried."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.folder = folder
        self.source = folder / "src"
        shutil.copytree(target.source_root, self.source, ignore=shutil.ignore_patterns("__pycache__"))
        self.module = (self.source / Path(target.path).relative_to(*Path(target.path).parts[:3])).resolve()
        self.writes = 0
        arguments = [
            f"--rootdir={ROOT}",
            f"--config-file={ROOT / 'pyproject.toml'}",
            "-q",
            "-x",
            "-p",
            "mutation_plugin",
        ]
        arguments += ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=mutation"]
        # A runner that forks has imported libraries, such as Hypothesis, before pytest could rewrite their assertions.
        # That only makes the messages of those assertions shorter.
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning", f"--basetemp={folder / 'tmp'}", *target.tests]
        variables = {
            "PYTHONPATH": os.pathsep.join([str(self.source), str(Path(__file__).parent)]),
            # Libraries that were compiled once need not be compiled anew for each module.
            "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX") or str(folder / "bytecode"),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONIOENCODING": "utf-8",
        }
        self.runner = Runner(arguments, ROOT, variables, folder / "output.txt")

    def first_run(self) -> FirstRun:
        """Run the tests on the code as it is. Raise TestsFail if they cannot be used."""
        report = self.folder / "report.json"
        begin = time.perf_counter()
        status, output = self.runner.run({"module": str(self.module), "report": str(report)}, PATIENCE)
        if status is None:
            raise TestsFail(f"the tests of {self.target.path} take over {PATIENCE} s on the code as it is:\n{output}")
        if status != 0:
            raise TestsFail(f"the tests of {self.target.path} fail on the code as it is:\n{output}")
        found = json.loads(report.read_text(encoding="utf-8"))
        if not found["imported"]:
            raise TestsFail(f"the tests of {self.target.path} do not import it from {self.module}:\n{output}")
        lines = {int(line): set(tests) for line, tests in found["lines"].items()}
        return FirstRun(lines, found["durations"], found["modules"], found["cpu"], time.perf_counter() - begin)

    def prepare(self, first: FirstRun) -> None:
        """Where the system can fork, load once, for all mutants, the libraries that the *first* run has imported.

        Run the tests in this way without a mutant, and raise TestsFail if they fail.
        """
        self.runner.modules = first.modules
        status, output = self.runner.run({"tests": list(first.durations), "seconds": 60 + 5 * first.cpu}, PATIENCE)
        if status != 0:
            problem = f"take over {PATIENCE} s" if status is None else "fail"
            raise TestsFail(
                f"the tests of {self.target.path} pass, but {problem} when they are run as for a mutant:\n{output}"
            )

    def outcome_of(self, mutant: Mutant, first: FirstRun) -> Outcome:
        """Try *mutant* with the tests that run its lines. Return its outcome."""
        tests = first.tests_of(mutant.lines)
        if not tests:
            return Outcome.SURVIVED
        self.module.write_text(mutant.source, encoding="utf-8")
        # Python considers bytecode current if the source has the same size and the same time in whole seconds: the file
        # of each mutant gets a time of its own.
        self.writes += 1
        os.utime(self.module, (self.writes, self.writes))
        # A machine may be busy, so wall-clock time is only the last resort, against tests that wait for ever.
        status, _ = self.runner.run({"tests": tests, "seconds": 5 + 5 * first.cpu}, 60 + 10 * first.wall)
        if status in (None, OVERRUN):
            return Outcome.TIMEOUT
        return Outcome.SURVIVED if status == 0 else Outcome.KILLED

    def close(self) -> None:
        """End the process that runs the tests, and remove the bytecode of the copy."""
        self.runner.close()
        if prefix := os.environ.get("PYTHONPYCACHEPREFIX"):
            shutil.rmtree(Path(prefix, *self.source.resolve().parts[1:]), ignore_errors=True)


def print_survivor(mutant: Mutant) -> None:
    """Print where *mutant* is, and what it changes."""
    which = f" (number {mutant.place.which} of its kind)" if mutant.place.which > 1 else ""
    print(f"survived, in {mutant.place.function or 'the module'}{which}: {mutant.diff}\n", flush=True)


def print_needless(result: Result) -> None:
    """Print the entries of a module's list that are not needed."""
    for place in result.needless:
        print(f"listed, but no such mutant survives; remove it from the list: {result.target.path}: {place}\n")


def print_table(results: list[Result]) -> None:
    """Print what became of the mutants of each module."""
    width = max(len(result.target.path) for result in results)
    print(f"{'module':{width}}  mutants  killed  timeouts  survived  listed        seconds")
    for result in results:
        listed = result.count(Outcome.SURVIVED) - len(result.unlisted_survivors)
        print(
            f"{result.target.path:{width}} {len(result.outcomes):8} {result.count(Outcome.KILLED):7}"
            f" {result.count(Outcome.TIMEOUT):9} {result.count(Outcome.SURVIVED):9} {listed:7} {result.percent:5.1f}%"
            f" {result.seconds:8.0f}{'' if result.passes else '  FAILS'}",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
