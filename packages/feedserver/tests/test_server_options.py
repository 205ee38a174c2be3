"""The options of a server are checked where they are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedserver import FeedServer
from feedserver.net.tls import Tls


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match=r"none is no folder; feedserver serves a folder of feed files"):
        FeedServer(tmp_path / "none")


def test_a_port_that_does_not_exist_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match=r"port 70000 does not exist; ports go from 1 to 65535, and 0 "):
        FeedServer(root, port=70000)


@pytest.mark.parametrize(
    "name", ["a b", "https://a.example", "a.example:443", "10.0.0.0/8", "a@b.example", "a..b", "*"]
)
def test_a_name_that_no_certificate_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"a certificate cannot be for .*; give names such as 'feeds.example'"):
        FeedServer(tls=True, names=[name])


def test_names_are_refused_without_tls() -> None:
    with pytest.raises(
        ValueError, match=r"names is \['feeds.example'\], and a server without TLS .*; give tls=True, too"
    ):
        FeedServer(names=["feeds.example"])


def test_tls_can_be_passed_ready_made() -> None:
    with FeedServer(tls=Tls("expired")) as server:
        assert server.base_url.startswith("https://")
