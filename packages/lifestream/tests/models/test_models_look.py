"""The values that an owner may choose for the look of a lifestream."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from lifestream.models.look import validate_accent, validate_language, validate_static_path


@pytest.mark.parametrize("text", ["#0b5f8f", "#000000", "#B00020"])
def test_a_dark_colour_is_an_accent(text: str) -> None:
    validate_accent(text)


@pytest.mark.parametrize("text", ["red", "#fff", "#12345g", "#0b5f8f;x:y", "#0b5f8f\n", 'url("x")', "#٠b5f8f"])
def test_text_in_another_form_is_no_colour(text: str) -> None:
    with pytest.raises(ValidationError, match="is no colour"):
        validate_accent(text)


@pytest.mark.parametrize(("colour", "shown"), [("#ffee00", r"1\.\d\d"), ("#747474", r"4\.4\d"), ("#008280", r"4\.4\d")])
def test_a_colour_with_too_little_contrast_is_refused_with_its_contrast(colour: str, shown: str) -> None:
    with pytest.raises(ValidationError, match=rf"its contrast is {shown}, and must be at least 4\.5"):
        validate_accent(colour)


def test_language_tags_are_accepted_and_other_texts_refused() -> None:
    for text in ("de", "pt-BR", "zh-Hant-TW"):
        validate_language(text)
    for text in ("german", "d", "de_DE", "de-", 'de" onload="', "de\n"):
        with pytest.raises(ValidationError, match="is no language tag"):
            validate_language(text)


def test_a_logo_is_a_static_file() -> None:
    for text in ("logo.svg", "pictures/logo.png"):
        validate_static_path(text)
    for text in ("/etc/passwd", "//evil.example/x", "https://x.example/x", "../x", "a/../../x", "a\\b", "a\nb"):
        with pytest.raises(ValidationError, match="is no static file"):
            validate_static_path(text)
