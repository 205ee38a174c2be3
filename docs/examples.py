"""Runs the manual: every example in these pages and in the README is a test.

An HTML comment before a block, which readers do not see, says what the block is for:

- `file: NAME` writes the block to NAME in the page's own folder; the paragraph before it tells readers this name;
- `hidden file: NAME`, without a block, writes the rest of the comment to NAME: a file that the page's commands
  need, and its readers don't; `empty file: NAME` makes an empty one;
- `pytest: NAME` writes the block to NAME and runs it with pytest; `pytest fails: NAME` expects that to fail, and
  `pytest django: NAME` runs it with the settings `mysite.settings`;
- `serve: FOLDER as ADDRESS`, without a block, serves FOLDER; in the page's commands, the server's URL replaces ADDRESS;
- `output: contains` checks that the last run of pytest printed the block's lines; line breaks within them don't count,
  and `/home/ada/reader` stands for the page's folder;
- `skip: REASON` does not run the block;
- a block between `hidden:` and the comment's end runs, but readers do not see it: it tests what the page shows;
- a block of Python without such a comment runs in the page's folder, with the variables of the blocks before it;
- `console` blocks have commands behind `$`; each must succeed, and print the lines below it, in which "…" stands for
  anything.

A page is one test, since its blocks build on each other. The pages may run in any order and in any worker.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example, Region, Sybil

_BLOCK = re.compile(
    r"<!-- serve: (?P<folder>\S+) as (?P<address>\S+) -->$|"
    r"<!-- (?:empty|hidden) file: (?P<hidden>\S+)(?: |\n(?P<content>.*?)^)-->$|"
    r"(?:<!-- (?P<purpose>file|pytest|pytest django|pytest fails|output|skip): (?P<name>.+?) -->\n)?"
    r"```(?P<language>python|xml|toml|ini|console|text|json|html|django|css|nginx)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
TIMEOUT = 300  # seconds after which a command that hangs is ended
HOME = "/home/ada/reader"
# A reader of the manual has few plugins of pytest; loading all that our own tests need takes longer than most pages.
_OUR_PLUGINS = ("-p", "pytest_feedserver", "-p", "pytest_lifestream")
# These runs only show that the example works; the strategies that it uses have tests of their own.
_FEW_EXAMPLES = """\
from hypothesis import settings

settings.register_profile("manual", derandomize=True, database=None, deadline=None, max_examples=10)
settings.load_profile("manual")
"""
_NO_OTHER_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def find_page(document: Document) -> Iterator[Region]:
    blocks = [
        match
        for match in _BLOCK.finditer(document.text)
        if match["folder"] or match["hidden"] or match["purpose"] or match["language"] in ("python", "console")
    ]
    if blocks:
        yield Region(blocks[0].start(), blocks[-1].end(), blocks, run_page)


def starts_programs(item: pytest.Item) -> bool:
    """Return whether *item* is a page with commands, or with tests that are run with pytest."""
    example = getattr(item, "example", None)
    return isinstance(example, Example) and any(
        block["language"] == "console" or (block["purpose"] or "").startswith("pytest") for block in example.parsed
    )


def run_page(example: Example) -> str | None:
    for block in example.parsed:
        line = example.document.text.count("\n", 0, block.start("body") if block["language"] else block.start())
        problem = run_block(block, line, example)
        if problem:
            return f"line {line + 1}: {problem}"
    return None


def run_block(block: re.Match[str], line: int, example: Example) -> str | None:
    folder: Path = example.namespace["folder"]
    purpose, name, body = block["purpose"], block["name"], block["body"]
    if block["folder"]:
        from feedserver import FeedServer

        example.namespace["served"][block["address"]] = FeedServer(folder / block["folder"], strict=False).start()
        return None
    if block["hidden"] or purpose in ("file", "pytest", "pytest django", "pytest fails"):
        target = folder / (block["hidden"] or name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(body or block["content"] or "", encoding="utf-8")
    if purpose in ("pytest", "pytest django", "pytest fails"):
        if "from hypothesis" in body:
            (folder / "conftest.py").write_text(_FEW_EXAMPLES, encoding="utf-8")
        django = ["-p", "pytest_django.plugin", "--ds", "mysite.settings"] if purpose == "pytest django" else []
        done = _run([sys.executable, "-m", "pytest", "-q", *_OUR_PLUGINS, *django, name], folder, **_NO_OTHER_PLUGINS)
        example.namespace["printed"] = done.stdout
        if (done.returncode != 0) != (purpose == "pytest fails"):
            return f"{name} {'passed' if purpose == 'pytest fails' else 'failed'}:\n{done.stdout}{done.stderr}"
    elif purpose == "output":
        printed = in_one_line(example.namespace["printed"].replace(str(folder), HOME))
        missing = [text for text in body.splitlines() if in_one_line(text) not in printed]
        return f"not printed: {missing}\nprinted:\n{example.namespace['printed']}" if missing else None
    elif purpose is None and block["language"] == "python":
        code = compile("\n" * line + body, str(example.path), "exec", dont_inherit=True)
        exec(code, example.namespace)  # noqa: S102 - running the manual's examples is what this file is for
    elif purpose is None and block["language"] == "console":
        for address, server in example.namespace["served"].items():
            body = body.replace(address, server.base_url)
        return _run_console(body, folder)
    return None


def in_one_line(text: str) -> str:
    """Return *text* without its line breaks and indents, and with "/" in paths on Windows, too."""
    return " ".join(text.replace(os.sep, "/").split())


def _run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "DJANGO_", "COV_"))
    }
    environment |= {"LIFESTREAM_HOME": str(folder / "home"), "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8"}
    environment["CI"] = "1"  # Hypothesis then tries the same examples each time, and does not fail on slow machines
    environment["PATH"] = str(Path(sys.executable).parent) + os.pathsep + environment["PATH"]
    environment |= variables
    return subprocess.run(  # noqa: S603 - the commands are the manual's
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


def _run_console(body: str, folder: Path) -> str | None:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        shell = shutil.which("bash")
        if shell is None:
            pytest.skip("console examples are written for bash")
        done = _run([shell, "-c", command], folder)
        missing = [line for line in expected.splitlines() if not is_printed(line, done.stdout)]
        if done.returncode != 0 or missing:
            return f"{command!r} ended with {done.returncode}; not printed: {missing}\n{done.stdout}{done.stderr}"
    return None


def is_printed(line: str, printed: str) -> bool:
    """Return whether a line of *printed* contains *line*, in which "…" stands for anything."""
    return re.search(".*".join(map(re.escape, line.strip().split("…"))), printed) is not None


def set_up(namespace: dict[str, Any]) -> None:
    namespace["folder"] = Path(tempfile.mkdtemp(prefix="manual-")).resolve()
    namespace["before"] = Path.cwd()
    namespace["served"] = {}
    sys.path.insert(0, str(namespace["folder"]))
    os.chdir(namespace["folder"])


def tear_down(namespace: dict[str, Any]) -> None:
    for server in namespace["served"].values():
        server.stop()
    os.chdir(namespace["before"])
    sys.path.remove(str(namespace["folder"]))
    sys.modules.pop("reader", None)
    shutil.rmtree(namespace["folder"], ignore_errors=True)


def pages(root: Path) -> Sybil:
    """Return the pages below *root* that have examples."""
    patterns = ["README.md", "docs/**/*.md", "packages/*/README.md"]
    return Sybil(parsers=[find_page], path=str(root), patterns=patterns, setup=set_up, teardown=tear_down)
