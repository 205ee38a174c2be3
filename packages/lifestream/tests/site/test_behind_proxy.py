"""The bundled site behind a real nginx with TLS, with the very configuration that the manual shows."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
import trustme
from reference_entries import page

from lifestream.management.commands.serve import most_body
from own_site import PATIENCE, command, environment
from programs import Program, lifestream

pytestmark = [pytest.mark.proxy, pytest.mark.slow]

PLANET = "planet.example.org"
PASSWORD = "correct horse battery"

_MAIN = """\
daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_buffer_size 16m;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {server}
}}
"""
"""nginx keeps whole bodies in memory: its workers run as another user, who may not write to the folder of a test."""

_OWNED = f"""
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "lifestream.site.settings"
from lifestream.site.cli import prepare_database
prepare_database()
from django.contrib.auth.models import User
from lifestream.models import Lifestream
Lifestream.objects.create(slug="main", owner=User.objects.create_superuser("owner", password="{PASSWORD}"))
"""
"""A program that makes a site with an owner and a lifestream."""


def example_of_the_manual() -> str:
    found = re.search(r"<!-- file: nginx.conf -->\n```nginx\n(.*?)```", page("lifestream/start.md"), re.DOTALL)
    assert found is not None
    return found[1]


@contextmanager
def nginx(folder: Path, site_port: int, authority: trustme.CA) -> Iterator[int]:
    """Run a real nginx in front of the site, and yield its port. The kernel chooses it: nginx inherits the socket."""
    certificate = authority.issue_cert(PLANET)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "planet.pem"))
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        server = example_of_the_manual()
        for shown, here in {
            "443 ssl": f"127.0.0.1:{port} ssl",
            "/etc/ssl/planet.example.org.pem": str(folder / "planet.pem"),
            "/etc/ssl/private/planet.example.org.key": str(folder / "planet.pem"),
            "127.0.0.1:8000": f"127.0.0.1:{site_port}",
        }.items():
            assert shown in server
            server = server.replace(shown, here)
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, server=server), encoding="utf-8")
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [_nginx(), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")],
            env={"NGINX": f"{listener.fileno()};"},
            pass_fds=[listener.fileno()],
            stderr=subprocess.PIPE,
        )
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield port
    finally:
        timer.cancel()
        process.terminate()
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()


def _nginx() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None or sys.platform == "win32":
        pytest.skip("needs nginx (Debian's package nginx-light)")
    return found


@dataclass
class Browser:
    """A client that calls nginx by the planet's name, keeps cookies as browsers do, and checks the certificate."""

    port: int
    context: ssl.SSLContext
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, form: dict[str, str] | None = None, host: str = PLANET
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPSConnection(PLANET, context=self.context, timeout=PATIENCE)
        connection._create_connection = lambda *_: socket.create_connection(  # type: ignore[attr-defined]
            ("127.0.0.1", self.port), PATIENCE
        )
        headers = {"Host": host, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers |= {"Origin": f"https://{PLANET}", "Content-Type": "application/x-www-form-urlencoded"}
        with closing(connection):
            connection.request("GET" if form is None else "POST", path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie", []):
                assert "Secure" in line, line
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return answer.status, answer.headers, answer.read().decode()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    _nginx()
    folder = tmp_path_factory.mktemp("behind-a-proxy")
    (folder / "lifestream.toml").write_text(
        f'LIFESTREAM_PUBLIC_URL = "https://{PLANET}"\nLIFESTREAM_TRUSTED_PROXIES = ["127.0.0.1"]\n', encoding="utf-8"
    )
    made = subprocess.run([sys.executable, "-c", _OWNED], env=environment(folder), timeout=PATIENCE, check=False)
    assert made.returncode == 0
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with Program(lifestream("serve", "127.0.0.1:0", "--no-update"), environment(folder)) as site:
        found = re.search(r":(\d+)/", site.wait_for_line("Lifestream is at"))
        assert found is not None
        with nginx(folder, int(found[1]), authority) as port:
            yield Browser(port, context)


def test_every_address_is_the_public_one(browser: Browser) -> None:
    status, headers, _ = browser.ask("/")
    assert (status, headers["Location"]) == (302, "/main/")
    status, headers, body = browser.ask("/main/feed.atom")
    assert status == 200
    assert headers["Strict-Transport-Security"] == "max-age=2592000"
    addresses = re.findall(r'href="(http[^"]+)"', body)
    assert addresses
    assert all(address.startswith(f"https://{PLANET}/main/") for address in addresses)
    assert "http://" not in body.replace("http://www.w3.org/", "").replace("http://purl.org/", "")


def test_the_owner_logs_in_over_tls(browser: Browser) -> None:
    _, _, form = browser.ask("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token is not None
    status, headers, _ = browser.ask(
        "/admin/login/",
        {"username": "owner", "password": PASSWORD, "csrfmiddlewaretoken": token[1], "next": "/admin/"},
    )
    assert (status, headers["Location"]) == (302, "/admin/")
    assert {"sessionid", "csrftoken"} <= browser.cookies.keys()
    assert browser.ask("/admin/")[0] == 200


def test_another_name_is_refused_with_the_remedy(browser: Browser) -> None:
    status, _, body = browser.ask("/", host="other.example.org")
    assert status == 400
    assert "LIFESTREAM_HOSTS = [&quot;other.example.org&quot;]" in body


def test_nginx_passes_on_even_the_largest_body_that_the_site_takes(browser: Browser) -> None:
    """nginx itself would answer 413 with a page of its own, and a hub whose push gets 413 may give up."""
    most = most_body()
    assert browser.ask(f"/push/{'a' * 43}", {"a": "b" * (most - 10)})[0] == 410  # by the site: nobody knows this key
    status, _, body = browser.ask("/account/login/", {"a": "b" * most})
    assert (status, 'class="site-header"' in body) == (413, True)


def test_the_deployment_check_finds_no_issue(tmp_path: Path) -> None:
    done = command("check", "--deploy", folder=tmp_path, LIFESTREAM_PUBLIC_URL=f"https://{PLANET}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout
