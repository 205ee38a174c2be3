"""Temporary folders end with the process that made them, whatever a forked child does with them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from feedserver.scratch_folder import ScratchFolder

FORKING = """
import gc, os, sys, urllib.request, warnings
from pathlib import Path
from feedserver import FeedServer
from feedserver.scratch_folder import ScratchFolder

warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of a fork beside threads, as it should
Path("a.xml").write_bytes(os.urandom(600_000).hex().encode())
Path("a.xml.response").write_text("Coding: gzip")
folder = ScratchFolder("feedserver-test-")

with FeedServer(".", tls=True) as server, server.client() as client:
    client.open("/a.xml").read()                      # the coded body is kept in a file
    bundle = server.ca_bundle
    child = os.fork()
    if child == 0:
        if sys.argv[1] == "remove":
            folder.remove()
        elif sys.argv[1] == "drop":
            del folder
            gc.collect()
        elif sys.argv[1] == "certificate":
            server.client_certificate("child.example")
        sys.exit(0)                                   # with all that happens at an orderly end
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    assert folder.path.is_dir() and os.path.exists(bundle)
    mine = Path(server.client_certificate("parent.example"))
    # The authority's bundle, the certificate of this process, and that of the child
    assert len(list(mine.parent.iterdir())) == 2 + (sys.argv[1] == "certificate")
    with server.client() as another:
        assert len(another.open("/a.xml").read()) > 600_000
    server.verify()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("act", ["nothing", "remove", "drop", "certificate"])
def test_a_forked_child_that_exits_normally_removes_nothing_of_its_parent(tmp_path: Path, act: str) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", FORKING, act], check=True, timeout=60, cwd=tmp_path, env=environment)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.xml", "a.xml.response"]


def test_a_folder_and_its_files_are_deleted_by_remove_and_when_nothing_refers_to_the_object() -> None:
    for calls_remove in (True, False):
        folder = ScratchFolder("feedserver-test-")
        path = folder.path
        (path / "below").mkdir()
        (path / "below" / "file").write_text("x")
        assert path.name.startswith("feedserver-test-")
        if calls_remove:
            folder.remove()
            folder.remove()
        else:
            del folder
            gc.collect()
        assert not path.exists()


@pytest.mark.slow
def test_a_server_of_https_makes_no_folder_before_a_client_wants_a_file(tmp_path: Path) -> None:
    """A folder is made only when it is needed, since a process that SIGTERM ends would leave it behind."""
    code = (
        "import os\nfrom feedserver import FeedServer\n"
        "with FeedServer(tls=True) as server:\n"
        "    server.client_context()\n    assert not os.listdir('.')\n"
        "    server.ca_bundle\n    assert len(os.listdir('.')) == 1\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=tmp_path, env=environment)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_multiprocessing_removes_the_folder_that_it_made(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, os, warnings\nfrom feedserver import FeedServer\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "def ask(server):\n    assert os.path.exists(server.ca_bundle)\n"
        "with FeedServer(tls=True) as server:\n"
        "    child = multiprocessing.get_context('fork').Process(target=ask, args=(server,))\n"
        "    child.start()\n    child.join()\n    assert child.exitcode == 0\n    assert not os.listdir('.')\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=tmp_path, env=environment)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_gets_a_certificate_although_a_thread_of_its_parent_was_making_one(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, threading, warnings\nfrom feedserver.net.tls import authority\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "with authority()._lock:\n"  # as another thread would hold it
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        signal.alarm(10)\n"
        "        assert os.path.exists(authority().client_certificate('a.example'))\n"
        "        sys.exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=tmp_path, env=environment)
    assert not list(tmp_path.iterdir())
