"""A file field tells the browser how large a file may be, in the language and with the limit of the moment."""

from __future__ import annotations

from typing import Any

from django.utils.translation import override

from lifestream.owner.forms import ImportForm
from lifestream.owner.logo_form import LogoForm


def test_the_limit_of_a_list_is_the_setting_of_the_moment(settings: Any) -> None:
    settings.LIFESTREAM_MAX_OPML = 3 << 20
    field = str(ImportForm()["file"])
    assert 'data-most="3145728"' in field
    assert (
        'data-too-large="it is larger than 3 MiB: split it into several lists, or raise LIFESTREAM_MAX_OPML"' in field
    )
    assert 'accept=".opml,.xml,.ini,text/x-opml,text/xml,application/xml"' in field and "required" in field
    settings.LIFESTREAM_MAX_OPML = 4 << 20
    assert 'data-most="4194304"' in str(ImportForm()["file"])


def test_the_limit_of_a_logo_is_told_in_the_language_of_the_page() -> None:
    field = str(LogoForm()["picture"])
    assert 'data-most="524288"' in field
    assert 'data-too-large="The file has more than 512 KB: make the picture smaller."' in field
    with override("de"):
        assert 'data-too-large="Die Datei hat mehr als 512 KB: Verkleinern Sie das Bild."' in str(LogoForm()["picture"])
