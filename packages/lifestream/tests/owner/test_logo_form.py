"""The form of a logo: a file, whose first bytes decide."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from lifestream.models.logos import LARGEST
from lifestream.owner.logo_form import LogoForm

GIF = b"GIF89a\x0a\0\x0a\0\0\0\0" + b"," + bytes(4) + b"\x0a\0\x0a\0"


def form_with(data: bytes, name: str = "logo.png") -> LogoForm:
    return LogoForm({}, MultiValueDict({"picture": [SimpleUploadedFile(name, data)]}))


def test_the_value_is_the_bytes_whatever_the_name_of_the_file() -> None:
    form = form_with(GIF, "logo.txt")
    assert form.is_valid() and form.cleaned_data == {"picture": GIF}


@pytest.mark.parametrize("data", [b"", b"<svg/>", GIF + bytes(LARGEST)])
def test_a_file_that_is_no_logo_is_reported_at_the_field(data: bytes) -> None:
    assert list(form_with(data).errors) == ["picture"]


def test_a_file_is_required() -> None:
    assert list(LogoForm({}).errors) == ["picture"]
