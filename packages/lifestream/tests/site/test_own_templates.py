"""Mistakes in an owner's templates: what visitors see, and what the log says."""

from __future__ import annotations

import logging
import os
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.template import Context, Engine, TemplateDoesNotExist

from lifestream.site.json_log import JsonFormatter
from lifestream.site.own_templates import NamesTemplate, RegularFiles, culprit, rendered
from lifestream.terminal import VisibleFormatter
from programs import PATIENCE, Program, environment, lifestream

BASE = "templates/lifestream/base.html"
HEAD = "{% extends 'lifestream/base.html' %}\n{% block brand %}\n"
MISTAKES: dict[str, tuple[str | bytes, str]] = {
    "a filter that does not exist": (HEAD + "{{ title|upperr }}{% endblock %}", "base.html, line 3"),
    "an if without a condition": (HEAD + "{% if %}{% endif %}{% endblock %}", "base.html, line 3"),
    "an address that does not exist": (HEAD + "{% url 'nothing' %}{% endblock %}", "base.html, line 3"),
    "a part that does not exist": (HEAD + "{% include 'nothing.html' %}{% endblock %}", "base.html, line 3"),
    "itself": ("{% include 'lifestream/base.html' %}", "base.html, line 1"),
    "no UTF-8": (b"\xff\xfe", "base.html"),
}


def asked(port: int, path: str) -> tuple[int, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own-templates")
    (folder / BASE).parent.mkdir(parents=True)
    return folder


def told_by_a_site(home: Path) -> str:
    """Return the log of a site in *home*, after its pages were asked for and answered with the shipped error page."""
    with Program(lifestream("serve", "127.0.0.1:0", "--no-update"), environment(home)) as site:
        found = re.search(r":(\d+)/", site.wait_for_line("Lifestream is at"))
        assert found is not None
        port = int(found[1])
        status, page = asked(port, "/account/login/")
        assert (status, 'class="site-header"' in page) == (500, True)
        assert "The log of the site says what happened." in page
        status, page = asked(port, "/nothing/here")
        assert (status, "There is nothing at this address" in page) == (404, True)
        assert asked(port, "/healthz")[0] == 200
        site.wait_for_line("raised in the template", 3)
        return site.output


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_frame_of_all_pages_is_named_and_error_pages_are_still_shown(mistake: str, home: Path) -> None:
    source, place = MISTAKES[mistake]
    (home / BASE).write_bytes(source if isinstance(source, bytes) else source.encode())
    log = told_by_a_site(home)
    assert f"(raised in the template {home / 'templates' / 'lifestream' / place})" in log
    assert len(log) < 100_000


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this system's folders")
def test_a_pipe_in_place_of_a_template_keeps_no_page_waiting(tmp_path: Path) -> None:
    (tmp_path / BASE).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / BASE)
    assert f"{tmp_path / BASE} is no file" in told_by_a_site(tmp_path)


def test_a_link_that_leads_nowhere_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "a.html").symlink_to(tmp_path / "nowhere")
    engine = Engine([str(tmp_path)], loaders=[("lifestream.site.own_templates.RegularFiles", [tmp_path])])
    with pytest.raises(TemplateDoesNotExist):
        engine.get_template("a.html")


def test_a_folder_in_place_of_a_template_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").mkdir()
    with pytest.raises(OSError, match="is no file") as raised:
        RegularFiles(Engine([str(tmp_path)])).get_template("a.html")
    assert culprit(raised.value) == str(tmp_path / "a.html")


def test_the_template_that_raises_is_named_and_not_the_one_that_includes_it(tmp_path: Path) -> None:
    (tmp_path / "outer.html").write_text("\n{% include 'inner.html' %}", encoding="utf-8")
    (tmp_path / "inner.html").write_text("\n\n{{ fails }}", encoding="utf-8")

    def fails() -> str:
        raise LookupError

    with pytest.raises(LookupError) as raised:
        Engine([str(tmp_path)]).get_template("outer.html").render(Context({"fails": fails}))
    assert culprit(raised.value) == f"{tmp_path / 'inner.html'}, line 3"


def test_an_error_of_no_template_names_none() -> None:
    record = logging.LogRecord("django.request", logging.ERROR, "", 1, "100%", None, (LookupError, LookupError(), None))
    assert NamesTemplate().filter(record)
    assert record.getMessage() == "100%"


def test_a_lack_of_memory_while_an_error_page_is_rendered_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> str:
        raise MemoryError

    monkeypatch.setattr("lifestream.site.own_templates.render_to_string", short)
    with pytest.raises(MemoryError):
        rendered("lifestream/error.html", {})


@pytest.mark.parametrize("formatter", [VisibleFormatter(), JsonFormatter()])
def test_the_traceback_of_an_endless_recursion_is_shortened(formatter: logging.Formatter) -> None:
    def there(depth: int) -> None:
        back(depth + 1)

    def back(depth: int) -> None:
        there(depth + 1)

    with pytest.raises(RecursionError) as raised:
        there(0)
    info = (RecursionError, raised.value, raised.tb)
    text = formatter.format(logging.LogRecord("a", logging.ERROR, "", 1, "m", None, info))
    assert len(text) < 40_000
    assert " lines are left out)" in text
    assert "Traceback (most recent call last)" in text and "RecursionError: maximum recursion depth" in text
