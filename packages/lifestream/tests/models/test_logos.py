"""Uploaded logos: the pictures that are accepted, and what a lifestream stores about its logo."""

from __future__ import annotations

import struct
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from factories import make_lifestream
from lifestream.models import Lifestream, Logo
from lifestream.models.changed_fields import RowGone
from lifestream.models.logos import LARGEST, remove_logo, upload_logo, validate_logo
from opponents import PATIENCE, Opponent

PIXELS = "too many pixels, or none: make it no larger than 2048 by 2048"


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no PNG, JPEG, GIF, WebP or AVIF picture"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>",
            "An SVG picture goes into the folder static/",
        ),
        (b"<html>", "no PNG, JPEG, GIF, WebP or AVIF picture"),
        (b"\x00\x00\x01\x00\x01\x00" + bytes(16) + png(1, 1), "no PNG, JPEG, GIF, WebP or AVIF picture"),  # an icon
        (png(0, 10), PIXELS),
        (png(4096, 2048), PIXELS),
        (png(32_768, 1), PIXELS),
        (png(1, 2**31), PIXELS),
        (png(1, 1) + bytes(LARGEST), "more than 512 KB: make the picture smaller"),
    ],
)
def test_a_file_that_can_be_no_logo_is_refused_with_the_remedy(data: bytes, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        validate_logo(data)


@pytest.mark.django_db
def test_an_upload_changes_only_the_digest_and_the_size_in_the_lifestream() -> None:
    lifestream = make_lifestream("main")
    seen = Lifestream.objects.get(pk=lifestream.pk)
    Lifestream.objects.update(title="Written meanwhile")
    for data in (png(300, 40), png(32_767, 1), png(90, 30)):
        upload_logo(seen, data)
        found = Lifestream.objects.get()
        assert (found.logo_width, found.logo_height, found.title) == (
            *struct.unpack(">II", data[16:24]),
            "Written meanwhile",
        )
        assert bytes(Logo.objects.get(digest=found.logo_digest).data) == data
    remove_logo(seen)
    found = Lifestream.objects.get()
    assert (found.logo_digest, found.logo_width, found.logo_height) == ("", 0, 0) and not Logo.objects.exists()


@pytest.mark.django_db
def test_a_refused_file_leaves_the_logo_as_it_is() -> None:
    lifestream = make_lifestream("main")
    upload_logo(lifestream, png(300, 40))
    before = Lifestream.objects.values().get(), Logo.objects.values().get()
    with pytest.raises(ValidationError):
        upload_logo(lifestream, b"<html>")
    assert (Lifestream.objects.values().get(), Logo.objects.values().get()) == before


class DeletingLifestream(Opponent):
    """Another connection, which holds a lifestream, and then deletes it with its logo."""

    def _lock(self, lifestream: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_lifestream WHERE id = %s FOR UPDATE", [lifestream])

    def _go_on(self) -> None:
        self._connection.execute("DELETE FROM lifestream_logo WHERE lifestream_id = %s", [self._wanted])
        self._connection.execute("DELETE FROM lifestream_lifestream WHERE id = %s", [self._wanted])


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("removed", [False, True])
def test_a_logo_whose_lifestream_is_deleted_meanwhile_is_not_changed_and_nothing_deadlocks(*, removed: bool) -> None:
    lifestream = make_lifestream("main")
    upload_logo(lifestream, png(300, 40))
    opponent = DeletingLifestream(held=lifestream.pk, wanted=lifestream.pk)
    opponent.never_ends_first()
    opponent.start()
    change = remove_logo if removed else partial(upload_logo, data=png(90, 30))
    with pytest.raises(RowGone, match="lifestream"):
        change(lifestream)
    opponent.join(PATIENCE)
    assert not Logo.objects.exists()
