"""The strings that people see are marked, translated and compiled; scripts/translations.py writes and checks them."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from babel.messages import Catalog
from django.apps import apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, override

SCRIPTS = Path(__file__).parents[3] / "scripts"
if str(SCRIPTS) not in sys.path:
    sys.path.append(str(SCRIPTS))  # last, since tests have packages with the names of some scripts

import translations  # noqa: E402
from translated_strings import placeholders_of, unmarked  # noqa: E402


def found_in(folder: Path, name: str, source: str) -> list[str]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return [string for _, string, _ in unmarked(folder)]


class TestCatalogues:
    @pytest.mark.slow
    def test_all_strings_are_marked_and_translated_and_compiled(self) -> None:
        found = "\n".join(map(str, translations.problems()))
        assert not found, f"\n{found}\nTo see this again: {translations.COMMAND} check"

    def test_german_is_shipped(self) -> None:
        with override("de"):
            assert gettext("Timeline") == "Zeitleiste"
            assert [ngettext("{} feed asked", "{} feeds asked", n) for n in (1, 2)] == [
                "{} Feed abgefragt",
                "{} Feeds abgefragt",
            ]

    def test_german_addresses_nobody_with_du(self) -> None:
        catalogue = (translations.LOCALE / "de/LC_MESSAGES/django.po").read_text(encoding="utf-8")
        texts = re.findall(r'^(?:msgstr\S* |)"(.*)"$', catalogue, re.MULTILINE)
        assert len(texts) > 1000
        assert [text for text in texts if re.search(r"\b(?:du|dich|dir|dein\w*)\b", text, re.IGNORECASE)] == []

    def test_each_kind_of_problem_names_the_string_and_the_remedy(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(translations, "ROOT", tmp_path)
        monkeypatch.setattr(translations, "LOCALE", tmp_path / "locale")
        monkeypatch.setattr(translations, "TESTS", tmp_path / "tests")
        monkeypatch.setattr(translations, "SOURCES", tmp_path / "src")
        monkeypatch.setattr(translations.catalogues, "__defaults__", None)
        source = tmp_path / "src/checks.py"
        source.parent.mkdir()
        source.write_text('told = [gettext("a {x}"), gettext("b"), gettext("c"), ngettext("{} d", "{} ds", 2)]\n')
        translations.update(["de"])
        path = tmp_path / "locale/de/LC_MESSAGES/django.po"
        text = path.read_text(encoding="utf-8")
        text = text.replace('msgid "a {x}"\nmsgstr ""', 'msgid "a {x}"\nmsgstr "A {y}"')
        text = text.replace('msgid "b"\nmsgstr ""', '#, fuzzy\nmsgid "b"\nmsgstr "B"')
        path.write_text(text, encoding="utf-8")
        translations.update([])
        source.write_text(source.read_text() + 'message = "some words for people" + gettext("e")\n')
        found = {problem.string: problem.what for problem in translations.problems()}
        assert found["some words for people"].startswith(
            "is not marked, or is marked in an f-string: write it as gettext("
        )
        compile_it = f", then run `{translations.COMMAND} compile`"
        assert found["a {x}"] == f"has the placeholders {{y}} in 'A {{y}}', not {{x}}: mend it{compile_it}"
        assert found["b"] == f"is marked as fuzzy: see whether it is right, remove the mark{compile_it}"
        assert found["c"] == f"has no translation, or not of all plurals: write it there{compile_it}"
        assert found["de"] == f"is not as it is written from the sources: run `{translations.COMMAND} update`"
        assert found["{} d"] == found["c"]
        assert found["e"] == f"is not in it: run `{translations.COMMAND} update`, and translate it there"
        translations.update([])
        path.with_suffix(".mo").write_bytes(b"")
        found = {problem.string: problem.what for problem in translations.problems()}
        assert found["de"] == f"its compiled file (.mo) is missing or out of date: run `{translations.COMMAND} compile`"

    def test_an_update_keeps_translations_and_adds_and_drops_strings(self, tmp_path: Path) -> None:
        sources = Catalog()
        for string in ("new", ("{} old", "{} olds"), "kept"):
            sources.add(string)
        path = tmp_path / "de/LC_MESSAGES/django.po"
        path.parent.mkdir(parents=True)
        path.write_text('msgid "kept"\nmsgstr "behalten"\n\nmsgid "dropped"\nmsgstr "weg"\n', encoding="utf-8")
        written = translations.updated(path, sources).decode()
        assert written.split("\n\n")[1:] == [
            'msgid "kept"\nmsgstr "behalten"',
            'msgid "new"\nmsgstr ""',
            'msgid "{} old"\nmsgid_plural "{} olds"\nmsgstr[0] ""\nmsgstr[1] ""\n',
        ]
        path.write_text(written, encoding="utf-8")
        assert translations.updated(path, sources).decode() == written


class TestMarks:
    @pytest.mark.parametrize(
        ("source", "found"),
        [
            ("<p>Some words</p>", ["Some words"]),
            ("<p>{{ title }} or {% url 'x' %} so</p>", ["or", "so"]),
            ('<a title="Go there" href="/a/path/"><img alt="{{ x }} of"></a>', ["Go there", "of"]),
            ("<p>{% translate 'Some words' %} · {{ title }}</p>", []),
            ("{% comment %}Some words{% endcomment %}<p>{# more #}</p>", []),
            ("{% blocktranslate with a=b %}<b>Some</b> {{ a }} words{% endblocktranslate %}", []),
            ("{% block frame_class %} is-wide{% endblock %}", []),
            ("<script>let words = 'some';</script>", []),
        ],
    )
    def test_the_unmarked_strings_of_a_template_are_found(self, tmp_path: Path, source: str, found: list[str]) -> None:
        assert found_in(tmp_path, "page.html", source) == found

    @pytest.mark.parametrize(
        ("source", "found"),
        [
            ('raise CommandError("no such feed")', ["no such feed"]),
            ('raise CommandError(f"no feed {url}")', ["no feed "]),
            ("raise CommandError(f\"{gettext('no')}{url}\")", [ast.unparse(ast.parse("f\"{gettext('no')}{url}\""))]),
            ('raise CommandError(gettext("no feed {url}").format(url="a b"))', []),
            ('self.stdout.write(f"{count} feeds")', [" feeds"]),
            ('field = CharField(help_text="Some words", verbose_name="feed")', ["Some words", "feed"]),
            ('field = CharField(help_text=_("Some words"))', []),
            ('class Filter:\n    title = "shown"', ["shown"]),
            ('card = Card(label=two(stored["label"]))', []),
            ('told = "told in words"  # not translated', []),
            ('log.info("these are for developers"); raise TypeError("and these are, too")', []),
            ('def f():\n    """Return what is told."""\n    return "told in words"', ["told in words"]),
            ('def f():\n    return "<p class=\\"a b\\">{} {}</p>"', []),
        ],
    )  # fmt: skip
    def test_the_unmarked_strings_of_a_module_are_found(self, tmp_path: Path, source: str, found: list[str]) -> None:
        assert found_in(tmp_path, "management/commands/told.py", source) == found

    def test_each_field_that_is_shown_has_a_translatable_name(self) -> None:
        for model in apps.get_app_config("lifestream").get_models():
            names = {"its name": model._meta.verbose_name, "its plural": model._meta.verbose_name_plural}
            for field in model._meta.get_fields():
                if isinstance(field, Field) and field.editable and not field.primary_key:
                    names[field.name] = field.verbose_name
                    names |= {f"the help of {field.name}": field.help_text} if field.help_text else {}
                    names |= {f"the choice {value} of {field.name}": label for value, label in field.flatchoices}
            bare = [name for name, text in names.items() if not isinstance(text, Promise)]
            assert not bare, f'{model.__name__}: in its model, give a translatable text, _("…"), to: {", ".join(bare)}'

    def test_placeholders_of_all_kinds_are_found(self) -> None:
        assert placeholders_of("{} {a} {e:g} {f!r} %(b)s %(c).1f {{d}} 100 %") == {
            *("{}", "{a}", "{e:g}", "{f!r}", "%(b)s", "%(c).1f"),
        }
