"""Everything public of lifestream has an entry in docs/lifestream/reference.md, and everything that this page names
exists.

A test fails with the name of each setting, command, option, check, page, template, block, tag, filter or field that was
added without a description. The checklists in docs/contributing/checklists.md say what else such an addition needs.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.dispatch import Signal
from django.template.library import import_library
from django.test import override_settings
from pytest_django import Settings
from reference_entries import Entries, entries, named, page, public_names, section, tabled

import lifestream
from lifestream import conf, signals, urls
from lifestream.plugins.registry import SHIPPED
from lifestream.site.configuration import NOT_OPTIONS
from lifestream.site.options import OPTIONS, Option, written

REFERENCE = page("lifestream/reference.md")
TEMPLATES_PAGE = page("lifestream/templates.md")
SOURCE = Path(lifestream.__file__).parent
TEMPLATES = SOURCE / "templates"

NOT_CHECKED = {"PUSH_OVER_HTTP": "any value counts as true or false; W003 warns if it is true"}


def rows(heading: str) -> frozenset[str]:
    return tabled(section(REFERENCE, heading))


def setting_names() -> dict[str, str]:
    """Return the property of `conf.Settings` that reads each setting, by the setting's name without its prefix."""
    found = {}
    for name, value in vars(conf.Settings).items():
        if isinstance(value, property):
            for setting in re.findall(r"`LIFESTREAM_(\w+)`", inspect.getdoc(value) or ""):
                found[setting] = name
    return found


class TestSettings:
    def test_each_property_names_its_setting(self) -> None:
        read = set(
            re.findall(r'self\.(?:get|number|truth|line|texts|networks)\("(\w+)"', inspect.getsource(conf.Settings))
        )
        assert read == set(setting_names())

    def test_each_has_an_entry(self) -> None:
        assert rows("Settings") == {f"LIFESTREAM_{name}" for name in setting_names()}

    @pytest.mark.parametrize("name", sorted(setting_names()))
    def test_its_default_is_the_one_in_the_manual(self, name: str, settings: Settings) -> None:
        if hasattr(settings, f"LIFESTREAM_{name}"):
            delattr(settings, f"LIFESTREAM_{name}")
        row = re.search(rf"^\| `LIFESTREAM_{name}` \| (?P<default>.*?) \|", REFERENCE, re.MULTILINE)
        assert row is not None
        if not row["default"].startswith("`"):
            return  # it is described in words
        expected: Any = ast.literal_eval(row["default"].strip("`"))
        expected = True if name == "PAUSE_SCOPE" and expected == "host" else expected
        assert getattr(conf.settings, setting_names()[name]) == expected

    @pytest.mark.django_db
    @pytest.mark.parametrize("name", sorted(setting_names().keys() - NOT_CHECKED.keys()))
    def test_a_wrong_value_is_reported_by_a_check(self, name: str) -> None:
        # No setting accepts this value: it is neither a number, nor text, nor a list.
        with override_settings(**{f"LIFESTREAM_{name}": object()}):
            found = [check for check in checks.run_checks(tags=["lifestream"]) if f"LIFESTREAM_{name}" in check.msg]
        assert [check.id for check in found if check.hint]


class TestConfiguration:
    HEADING = "Configuration of the bundled site"

    def test_what_the_site_reads_is_what_the_manual_lists(self) -> None:
        options = {option.name for option in OPTIONS} - {f"LIFESTREAM_{name}" for name in setting_names()}
        assert options | {"LIFESTREAM_HOME"} == rows(self.HEADING)

    def test_the_modules_of_the_site_read_nothing_else_from_the_environment(self) -> None:
        sources = [path.read_text(encoding="utf-8") for path in (SOURCE / "site").glob("*.py")]
        read = {
            name
            for source in sources
            if "start_response" not in source  # in such a module, `environ` is a request of WSGI
            for name in re.findall(r'\b(?:environ(?:\.\w+\(|\[)|getenv\()\s*"(\w+)"', source)
        }
        assert "LIFESTREAM_HOME" in read
        assert read - {option.name for option in OPTIONS} <= NOT_OPTIONS | {"DJANGO_SETTINGS_MODULE"}

    @pytest.mark.parametrize(
        "option", [each for each in OPTIONS if each.default is not None], ids=lambda each: each.name
    )
    def test_its_default_is_the_one_in_the_manual(self, option: Option) -> None:
        row = re.search(rf"^\| `{option.name}` \| `(?P<default>.*?)` \|", REFERENCE, re.MULTILINE)
        assert row is not None
        assert row["default"] == written(option.default)


OURS = sorted(name for name, app in get_commands().items() if app == "lifestream")


class TestCommands:
    def test_each_has_an_entry(self) -> None:
        described = re.findall(r"^### (\w+)$", section(REFERENCE, "Commands"), re.MULTILINE)
        assert sorted(described) == OURS

    @pytest.mark.parametrize("name", OURS)
    def test_each_argument_has_an_entry(self, name: str) -> None:
        assert tabled(section(REFERENCE, name)) - {"-"} == set(arguments(name))


def arguments(name: str) -> Iterator[str]:
    """Yield the arguments of a command that Django's commands do not have."""
    djangos = {action.dest for action in BaseCommand().create_parser("manage.py", "any")._actions}
    for action in load_command_class("lifestream", name).create_parser("manage.py", name)._actions:
        if action.dest not in djangos:
            yield from action.option_strings or (action.dest,)


class TestChecks:
    def test_each_id_has_an_entry(self) -> None:
        assert {row.removeprefix("lifestream.") for row in tabled(page("lifestream/checks.md"))} == self.ids()

    def test_each_id_is_in_the_docstring_of_its_module(self) -> None:
        text = ast.get_docstring(ast.parse((SOURCE / "checks.py").read_text(encoding="utf-8")))
        assert set(re.findall(r"\b[EW]\d{3}\b", text or "")) == self.ids()

    @staticmethod
    def ids() -> set[str]:
        code = ast.parse((SOURCE / "checks.py").read_text(encoding="utf-8"))
        strings = {
            node.value for node in ast.walk(code) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        return {found[1] for text in strings if (found := re.fullmatch(r"(?:lifestream\.)?([EW]\d{3})", text))}


class TestPages:
    def test_each_has_an_entry(self) -> None:
        names = {pattern.name for pattern in urls.urlpatterns}
        described = re.findall(r"^\| `([\w-]+)` \| `", section(REFERENCE, "Pages"), re.MULTILINE)
        assert set(described) == names

    def test_each_template_of_a_page_extends_the_frame(self) -> None:
        pages = [path for path in (TEMPLATES / "lifestream").glob("*.html") if path.name != "base.html"]
        assert pages
        for path in pages:
            assert re.search(r'{% extends "lifestream/(?:base|timeline)\.html" %}', path.read_text(encoding="utf-8"))


class TestTemplates:
    def test_each_template_and_block_has_an_entry(self) -> None:
        described = {}
        row_of_a_template = re.compile(r"^\| `(lifestream/\S+)` \|[^|]*\|(.*)\|$", re.MULTILINE)
        for heading in ("Frames and pages", "Templates of items"):
            for row in row_of_a_template.finditer(section(TEMPLATES_PAGE, heading)):
                described[row[1]] = set(re.findall(r"`(\w+)`", row[2]))
        assert {**described, **{name: set() for name in tabled(section(TEMPLATES_PAGE, "Includes"))}} == dict(blocks())

    def test_blocks_that_a_template_adds_are_found(self, tmp_path: Path) -> None:
        (tmp_path / "a.html").write_text("{% block made_up %}{% endblock %}", encoding="utf-8")
        (tmp_path / "b.html").write_text(
            '{% extends "a.html" %}{% block made_up %}{% block new %}{% endblock %}{% endblock %}', encoding="utf-8"
        )
        assert dict(blocks(tmp_path)) == {"a.html": {"made_up"}, "b.html": {"new"}}


def blocks(folder: Path = TEMPLATES) -> Iterator[tuple[str, set[str]]]:
    """Yield each template of lifestream with the blocks that it adds to those of the template that it extends."""
    texts = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    texts = {
        name: text for name, text in texts.items() if not name.startswith("admin/")
    }  # they extend templates of Django

    def all_of(name: str) -> set[str]:
        parent = re.search(r'{% extends "([^"]+)"', texts[name])
        return set(re.findall(r"{% block (\w+)", texts[name])) | (all_of(parent[1]) if parent else set())

    for name, text in texts.items():
        parent = re.search(r'{% extends "([^"]+)"', text)
        yield name, all_of(name) - (all_of(parent[1]) if parent else set())


def test_each_template_tag_and_filter_has_an_entry() -> None:
    library = import_library("lifestream.templatetags.lifestream")
    assert tabled(section(TEMPLATES_PAGE, "Template tags")) == set(library.tags)
    assert tabled(section(TEMPLATES_PAGE, "Filters")) == set(library.filters)


@pytest.mark.parametrize(
    "model", list(apps.get_app_config("lifestream").get_models()), ids=lambda model: model.__name__
)
def test_each_field_of_a_model_has_an_entry(model: Any) -> None:
    fields = {field.name for field in model._meta.get_fields() if not field.auto_created}
    assert rows(model.__name__) == fields


def test_each_model_and_method_of_its_querysets_has_an_entry() -> None:
    models = {model.__name__: model for model in apps.get_app_config("lifestream").get_models()}
    described = re.findall(r"^### (\w+)$", section(REFERENCE, "Models"), re.MULTILINE)
    assert sorted(described) == sorted(models)
    for name, model in models.items():
        queryset = type(model._default_manager.get_queryset())
        if queryset.__module__.startswith("lifestream"):
            methods = {m for m in vars(queryset) if not m.startswith("_") and inspect.isfunction(vars(queryset)[m])}
            text = section(REFERENCE, name)
            assert [m for m in methods - set(vars(QuerySet)) if f"`{m}(" not in text] == [], name


PUBLIC = ("lifestream.api", "lifestream.entry", "lifestream.plugins", "lifestream.refresh", "lifestream.testing")


@pytest.fixture(scope="module")
def found() -> Entries:
    return entries("lifestream")


class TestPython:
    @pytest.mark.parametrize("module", PUBLIC)
    def test_each_public_name_has_an_entry(self, found: Entries, module: str) -> None:
        assert found.missing(module, public_names(module)) == []

    def test_each_public_method_has_an_entry(self, found: Entries) -> None:
        values = [named(f"{module}.{name}") for module in PUBLIC for name in public_names(module)]
        assert [name for value in values if inspect.isclass(value) for name in found.missing_members(value)] == []

    def test_each_hook_of_a_plugin_is_on_the_page_of_plugins(self) -> None:
        from lifestream.plugins import FeedPlugin

        text = page("lifestream/plugins.md")
        hooks = [name for name in vars(FeedPlugin) if not name.startswith("_")]
        assert [name for name in hooks if not re.search(rf"`{name}\b", text)] == []

    def test_each_signal_has_an_entry_and_is_on_its_page(self) -> None:
        names = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
        assert rows("Signals") == names == tabled(page("lifestream/signals.md"))

    def test_each_task_has_an_entry(self) -> None:
        names = re.findall(r'@shared_task\(.*name="([\w.]+)"', (SOURCE / "tasks.py").read_text(encoding="utf-8"))
        assert rows("Celery's tasks") == set(names)


class TestShippedPlugins:
    def test_each_is_in_the_registry_and_in_the_table(self) -> None:
        modules = {
            path.stem
            for path in (SOURCE / "plugins").glob("*.py")
            if re.search(r"^class \w+\((?:Feed|Generic)Plugin\)", path.read_text(encoding="utf-8"), re.MULTILINE)
        }
        assert {path.split(".")[-2] for path in SHIPPED} == modules
        names = {named(path).name for path in SHIPPED}  # type: ignore[attr-defined]
        assert tabled(section(page("lifestream/plugins.md"), "Shipped plugins")) == names

    def test_each_has_a_document_of_its_site(self) -> None:
        documents = {path.stem.partition("-")[0] for path in (Path(__file__).parent / "feeds/sites").iterdir()}
        assert documents == {path.split(".")[-2] for path in SHIPPED} - {"generic"}
