"""Where the bundled site takes a value from: the environment, the file or the defaults; and messages about mistakes."""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django
import pytest
from django.core import checks
from django.test import override_settings

from lifestream.models import own_pages
from lifestream.site import settings as site_settings_module
from lifestream.site.configuration import FILE, Configuration, ConfigurationError, load
from lifestream.site.options import OPTIONS, Option, ValueKind


def configured(home: Path, text: str = "", **environ: str) -> Configuration:
    if text:
        (home / FILE).write_text(text, encoding="utf-8")
    return load(home, environ)


def problems(home: Path, text: str = "", **environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        configured(home, text, **environ)
    return caught.value.problems


class TestSources:
    def test_the_default_is_used_if_nothing_is_set(self, tmp_path: Path) -> None:
        configuration = configured(tmp_path)
        assert configuration["TIME_ZONE"] == "UTC"
        assert configuration.chosen == {}

    def test_the_file_wins_over_the_default(self, tmp_path: Path) -> None:
        configuration = configured(tmp_path, 'TIME_ZONE = "Europe/Berlin"\nLIFESTREAM_HOSTS = ["a.example"]')
        assert configuration.chosen == {"TIME_ZONE": "Europe/Berlin", "LIFESTREAM_HOSTS": ["a.example"]}
        assert {each.source for each in configuration.all if each.is_set} == {str(tmp_path / FILE)}

    def test_the_environment_wins_over_the_file(self, tmp_path: Path) -> None:
        configuration = configured(tmp_path, "LIFESTREAM_TIMEOUT = 5", LIFESTREAM_TIMEOUT="7")
        (chosen,) = (each for each in configuration.all if each.is_set)
        assert (chosen.value, chosen.source) == (7, "environment")

    def test_an_empty_variable_counts_as_none(self, tmp_path: Path) -> None:
        assert configured(tmp_path, "LIFESTREAM_TIMEOUT = 5", LIFESTREAM_TIMEOUT="")["LIFESTREAM_TIMEOUT"] == 5

    def test_false_in_the_environment_wins_over_true_in_the_file(self, tmp_path: Path) -> None:
        assert configured(tmp_path, "EMAIL_USE_TLS = true", EMAIL_USE_TLS="0")["EMAIL_USE_TLS"] is False

    def test_a_byte_order_mark_in_the_file_is_skipped(self, tmp_path: Path) -> None:
        assert configured(tmp_path, '\ufeffTIME_ZONE = "Asia/Tokyo"')["TIME_ZONE"] == "Asia/Tokyo"


class TestMistakes:
    def test_an_unknown_name_in_the_file_is_reported_with_the_nearest(self, tmp_path: Path) -> None:
        assert problems(tmp_path, "LIFESTREAM_TIMEUT = 3\ntimezone = 1\nxyzzy = 2") == [
            f"{tmp_path / FILE}: LIFESTREAM_TIMEUT is no setting. Did you mean LIFESTREAM_TIMEOUT?",
            f"{tmp_path / FILE}: timezone is no setting. Did you mean TIME_ZONE?",
            f"{tmp_path / FILE}: xyzzy is no setting.",
        ]

    def test_all_mistakes_are_reported_at_once(self, tmp_path: Path) -> None:
        reported = problems(tmp_path, 'LIFESTREAM_MAX_BODY = true\nTIME_ZONE = "Europe/Berln"', LIFESTREAM_PER_HOST="x")
        assert reported == [
            f"{tmp_path / FILE}: TIME_ZONE is 'Europe/Berln'; give a name of the time zone database, as Europe/Berlin.",
            "LIFESTREAM_PER_HOST is 'x' in the environment; give a whole number, as 20.",
            f"{tmp_path / FILE}: LIFESTREAM_MAX_BODY is true; give a whole number, as 20.",
        ]

    @pytest.mark.parametrize("text", ["TIME_ZONE = UTC", "=", "[", "TIME_ZONE = 'a'\nTIME_ZONE = 'b'"])
    def test_a_file_that_is_no_toml_is_reported_with_the_place(self, text: str, tmp_path: Path) -> None:
        (reported,) = problems(tmp_path, text)
        assert reported.startswith(f"{tmp_path / FILE} is no TOML: ")
        assert "(at " in reported

    @pytest.mark.parametrize("language", ["de", "de-AT", "DE"])
    def test_mistakes_are_reported_in_the_language_of_the_site(self, language: str, tmp_path: Path) -> None:
        text = f'LANGUAGE_CODE = "{language}"\nLIFESTREAM_TIMEUT = 3\nLIFESTREAM_MAX_BODY = true'
        assert problems(tmp_path, text) == [
            f"{tmp_path / FILE}: LIFESTREAM_TIMEUT ist keine Einstellung. Meinten Sie LIFESTREAM_TIMEOUT?",
            f"{tmp_path / FILE}: LIFESTREAM_MAX_BODY ist true; geben Sie eine ganze Zahl an, wie 20.",
        ]

    @pytest.mark.parametrize("language", ["xx", "../de", "", "é", "d" * 5000])
    def test_a_language_without_a_catalogue_is_reported_in_english(self, language: str, tmp_path: Path) -> None:
        (reported,) = problems(tmp_path, LANGUAGE_CODE=language, LIFESTREAM_PER_HOST="x")
        assert reported == "LIFESTREAM_PER_HOST is 'x' in the environment; give a whole number, as 20."

    def test_a_file_in_another_encoding_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_bytes('LIFESTREAM_CONTACT = "Jürgen"'.encode("latin-1"))
        assert problems(tmp_path) == [f"{tmp_path / FILE} is not in UTF-8; save it in that encoding."]

    def test_a_number_that_python_does_not_read_is_reported(self, tmp_path: Path) -> None:
        (reported,) = problems(tmp_path, f"LIFESTREAM_TIMEOUT = {'1' * 5000}")
        assert reported.startswith(f"{tmp_path / FILE} is no TOML: ")

    @pytest.mark.parametrize("text", ["[" * 5000, "{a=" * 5000])
    def test_a_value_that_is_nested_too_deeply_is_reported(self, text: str, tmp_path: Path) -> None:
        reported = problems(tmp_path, f"LIFESTREAM_HOSTS = {text}")
        assert reported == [f"{tmp_path / FILE} is nested too deeply; no setting needs more than a list in a table."]

    @pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)])
    def test_something_else_in_place_of_the_file_is_reported(self, make: Any, tmp_path: Path) -> None:
        make(tmp_path / FILE)
        assert problems(tmp_path) == [f"{tmp_path / FILE} is no file; write one there, or remove it."]

    @pytest.mark.parametrize("name", ["EMAIL_HOST_PASSWORD", "DATABASE_URL"])
    def test_a_secret_of_a_wrong_kind_is_not_shown(self, name: str, tmp_path: Path) -> None:
        (reported,) = problems(tmp_path, f'{name} = ["hunter2"]')
        assert "hunter2" not in reported

    def test_a_proxy_that_is_no_network_is_reported_with_an_example(self, tmp_path: Path) -> None:
        (reported,) = problems(tmp_path, LIFESTREAM_TRUSTED_PROXIES="nginx")
        assert "'nginx'" in reported
        assert 'as ["127.0.0.1", "10.0.0.0/8"]' in reported

    def test_a_control_character_in_a_value_is_escaped(self, tmp_path: Path) -> None:
        (reported,) = problems(tmp_path, LIFESTREAM_PER_HOST="\x1b[2J")
        assert "\x1b" not in reported and r"\x1b[2J" in reported

    def test_a_variable_that_was_probably_meant_for_us_is_reported_and_is_no_error(self, tmp_path: Path) -> None:
        configuration = configured(
            tmp_path, LIFESTREAM_CONTCT="x", LIFESTREAM_TEST_DATABASE_URL="y", LIFESTREAM_HOME="z"
        )
        assert configuration.unknown == (
            "LIFESTREAM_CONTCT is set in the environment, and no setting has this name. "
            "Did you mean LIFESTREAM_CONTACT?",
        )
        with override_settings(CONFIGURATION=configuration):
            found = [each for each in checks.run_checks(tags=["lifestream"]) if each.id == "lifestream.W005"]
        assert [each.msg for each in found] == list(configuration.unknown)


@pytest.fixture
def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes the settings of the bundled site in `tmp_path` with the given variables."""

    def made(**environ: str) -> dict[str, Any]:
        for name in list(os.environ):
            others = ("DATABASE_URL", "CELERY_BROKER_URL", "LANGUAGE_CODE", "TIME_ZONE")
            if name.startswith("LIFESTREAM_") or name in others:
                monkeypatch.delenv(name)
        for name, value in {"LIFESTREAM_HOME": str(tmp_path), **environ}.items():
            monkeypatch.setenv(name, value)
        # The module that reads the configuration is imported once; each of these sites has its own.
        monkeypatch.delitem(sys.modules, "lifestream.site.fetching_settings", raising=False)
        return runpy.run_path(str(Path(site_settings_module.__file__ or "")))

    return made


class TestSettings:
    def test_a_form_may_be_as_long_as_the_longest_own_page_and_no_form_is_far_longer(self, settings_of: Any) -> None:
        most = settings_of()["DATA_UPLOAD_MAX_MEMORY_SIZE"]
        longest_page = len(urlencode({"text": "\U0001f642" * own_pages.LONGEST}))
        assert longest_page + 100_000 < most < 2 * longest_page

    def test_each_reader_gets_the_language_of_the_browser_unless_one_is_set(self, settings_of: Any) -> None:
        chooser = "django.middleware.locale.LocaleMiddleware"
        made = settings_of()
        middleware = made["MIDDLEWARE"]
        assert middleware.index(chooser) == middleware.index("lifestream.site.refusal_pages.RefusalMiddleware") - 1
        assert made["LANGUAGES"] == [("de", "Deutsch"), ("en", "English")]
        made = settings_of(LANGUAGE_CODE="fr")
        assert chooser not in made["MIDDLEWARE"] and "LANGUAGES" not in made

    def test_only_variables_that_are_set_become_settings(self, settings_of: Any) -> None:
        made = settings_of(LIFESTREAM_DEFAULT_PAGINATION="5", LANGUAGE_CODE="de")
        assert made["LIFESTREAM_DEFAULT_PAGINATION"] == 5
        assert made["LANGUAGE_CODE"] == "de"
        assert "LIFESTREAM_TIMEOUT" not in made

    def test_the_public_url_decides_hosts_cookies_and_tls(self, settings_of: Any) -> None:
        made = settings_of(LIFESTREAM_PUBLIC_URL="https://example.org/planet/")
        assert "example.org" in made["ALLOWED_HOSTS"]
        assert made["FORCE_SCRIPT_NAME"] == "/planet"
        assert made["SESSION_COOKIE_SECURE"] is made["CSRF_COOKIE_SECURE"] is made["SECURE_SSL_REDIRECT"] is True
        assert made["SECURE_HSTS_SECONDS"] == 30 * 86400

    def test_without_a_public_url_a_site_on_this_machine_needs_no_tls(self, settings_of: Any) -> None:
        assert "SECURE_SSL_REDIRECT" not in settings_of()
        assert "SESSION_COOKIE_SECURE" not in settings_of()

    def test_sources_are_added_to_those_of_the_policy(self, settings_of: Any) -> None:
        policy = settings_of(LIFESTREAM_CSP_SOURCES="script-src https://stats.example; worker-src 'self'")
        assert policy["CONTENT_SECURITY_POLICY"]["script-src"] == ["'self'", "https://stats.example"]
        assert policy["CONTENT_SECURITY_POLICY"]["worker-src"] == ["'self'"]

    def test_mail_is_sent_if_a_server_is_set(self, settings_of: Any) -> None:
        without = settings_of()
        made = settings_of(EMAIL_HOST="mail.example", EMAIL_HOST_USER="me", EMAIL_USE_TLS="1")
        if django.VERSION >= (6, 1):
            assert "MAILERS" not in without
            mailer = made["MAILERS"]["default"]
            assert "smtp" in mailer["BACKEND"]
            assert mailer["OPTIONS"] == {"host": "mail.example", "username": "me", "use_tls": True}
            assert not [name for name in made if name.startswith("EMAIL_")]
        else:
            assert "dummy" in without["EMAIL_BACKEND"]
            assert "smtp" in made["EMAIL_BACKEND"]
            assert (made["EMAIL_HOST"], made["EMAIL_USE_TLS"]) == ("mail.example", True)

    def test_a_folder_static_is_served(self, settings_of: Any, tmp_path: Path) -> None:
        assert settings_of()["STATICFILES_DIRS"] == []
        (tmp_path / "static").mkdir()
        assert settings_of()["STATICFILES_DIRS"] == [tmp_path / "static"]

    def test_a_style_sheet_and_a_logo_are_found_by_their_names(self, settings_of: Any, tmp_path: Path) -> None:
        assert not {"LIFESTREAM_STYLES", "LIFESTREAM_LOGO"} & settings_of().keys()
        (tmp_path / "static").mkdir()
        for name in ("custom.css", "logo.png", "logo.svg"):
            (tmp_path / "static" / name).touch()
        made = settings_of()
        assert (made["LIFESTREAM_STYLES"], made["LIFESTREAM_LOGO"]) == (["custom.css"], "logo.svg")
        assert settings_of(LIFESTREAM_LOGO="other.svg")["LIFESTREAM_LOGO"] == "other.svg"

    def test_a_mistake_ends_the_command_with_its_sentence(self, settings_of: Any) -> None:
        with pytest.raises(SystemExit, match="LIFESTREAM_PER_HOST is 'x' in the environment"):
            settings_of(LIFESTREAM_PER_HOST="x")


class TestHostileValues:
    @pytest.mark.parametrize(
        "value",
        [
            """{"img-src" = ["https://a.example; script-src *"]}""",
            """{"img-src" = ["https://a.example\\r\\nSet-Cookie: a=b"]}""",
            """{"img-src" = ["https://a.example, script-src *"]}""",
            """{"img-src" = ["https://ä.example"]}""",
            """{"img-src" = ["a b"]}""",
            """{"img-src" = [""]}""",
            """{"img-src" = []}""",
            """{"img-src; script-src" = ["x"]}""",
            """{"report-uri" = ["/x"]}""",
            """{"" = ["x"]}""",
        ],
    )
    def test_no_source_of_the_policy_adds_a_directive_or_a_header(self, tmp_path: Path, value: str) -> None:
        (reported,) = problems(tmp_path, f"LIFESTREAM_CSP_SOURCES = {value}")
        assert "LIFESTREAM_CSP_SOURCES" in reported and "give a table, as {'img-src'" in reported

    def test_every_form_of_a_source_is_taken(self, tmp_path: Path) -> None:
        sources = ["'self'", "https://a.example:8443/x?a=b", "*.a.example", "data:", "'sha256-Az+/=='"]
        text = f'LIFESTREAM_CSP_SOURCES = {{"script-src-elem" = {json.dumps(sources)}, "img-src" = ["*"]}}'
        assert configured(tmp_path, text)["LIFESTREAM_CSP_SOURCES"]["script-src-elem"] == sources

    @pytest.mark.parametrize("name", [each.name for each in OPTIONS if each.kind is ValueKind.LIST])
    def test_each_text_of_a_list_is_one_line(self, tmp_path: Path, name: str) -> None:
        (reported,) = problems(tmp_path, f'{name} = ["a@b.example\\nBcc: c@d.example"]')
        assert name in reported

    @pytest.mark.parametrize("size", [64 * 1024 + 1, 1 << 40])
    def test_a_file_that_is_too_large_is_not_read(self, tmp_path: Path, size: int) -> None:
        (tmp_path / FILE).touch()
        os.truncate(tmp_path / FILE, size)
        (reported,) = problems(tmp_path)
        most = "has more than 64 KiB, which is the maximum; keep nothing but settings in it."
        assert reported == f"{tmp_path / FILE} {most}"

    @pytest.mark.parametrize("number", ["0x" + "f" * 5000, "-" + "9" * 20])
    @pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
    def test_an_absurd_number_is_reported_with_the_name_of_its_setting(
        self, tmp_path: Path, option: Option, number: str
    ) -> None:
        (reported,) = problems(tmp_path, f"{option.name} = {number}")
        assert reported.startswith(f"{tmp_path / FILE}: {option.name} is ") and "; give " in reported
        assert len(reported) < len(str(tmp_path)) + 400

    @pytest.mark.parametrize("text", ["9" * 5000, "1" + "0" * 20, "inf", "nan", "1e400"])
    @pytest.mark.parametrize("kind", [ValueKind.NUMBER, ValueKind.WHOLE], ids=lambda kind: kind.name)
    def test_an_absurd_number_in_the_environment_is_reported(self, tmp_path: Path, kind: ValueKind, text: str) -> None:
        name = next(option.name for option in OPTIONS if option.kind is kind and option.name.startswith("LIFESTREAM_"))
        (reported,) = problems(tmp_path, **{name: text})
        assert reported.startswith(f"{name} is '{text[:190]}") and reported.endswith(
            f" in the environment; {kind.value}"
        )

    @pytest.mark.parametrize(
        ("name", "number", "most"),
        [
            ("EMAIL_PORT", 65536, "1 to 65535"),
            ("EMAIL_PORT", 0, "1 to 65535"),
            ("SECURE_HSTS_SECONDS", -1, "0 to 1000000000"),
        ],
    )
    def test_a_number_of_django_is_within_its_bounds(self, tmp_path: Path, name: str, number: int, most: str) -> None:
        (reported,) = problems(tmp_path, f"{name} = {number}")
        assert reported == f"{tmp_path / FILE}: {name} is {number}; give a whole number from {most}."
