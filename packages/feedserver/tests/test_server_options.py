"""The options of a server: values that `FeedServer` refuses at once, and what a ready-made `Tls` does."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from feedserver import FeedServer
from feedserver.net.tls import Tls


@pytest.mark.parametrize("name", ["none", "file"])
def test_a_root_that_is_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match=rf"{name} is no folder; feedserver serves a folder of feed files"):
        FeedServer(tmp_path / name)


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
    with (
        FeedServer(tls=Tls("expired")) as server,
        socket.create_connection(("127.0.0.1", server.port), 20) as connection,
        pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"),
    ):
        server.client_context().wrap_socket(connection, server_hostname="127.0.0.1")


def test_client_certificates_are_refused_beside_a_ready_made_tls() -> None:
    with pytest.raises(
        ValueError,
        match=r"which a Tls has itself; give tls=Tls\(clients='required'\)",
    ):
        FeedServer(tls=Tls(), client_certificates="required")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clients": "requierd"}, r"Tls\(clients=…\) is 'requierd'; give 'optional' or 'required' or None"),
        ({"clients": True}, r"Tls\(clients=…\) is True; give 'optional' or 'required' or None"),
        ({"names": "a.example"}, r"Tls\(names=…\) is 'a.example'; give a tuple of which each is text"),
    ],
)
def test_a_wrong_option_of_a_ready_made_tls_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Tls(**options)
