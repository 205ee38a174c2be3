"""The picture that an owner has uploaded to be shown in place of the title of a lifestream."""

from __future__ import annotations

import hashlib
from typing import Final

from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lifestream.content.image_dimensions import dimensions, is_icon
from lifestream.content.image_types import image_type
from lifestream.models.changed_fields import save_changed
from lifestream.models.lifestreams import Lifestream

LARGEST: Final = 512 * 1024
"""How many bytes the picture may have: each first view of a page loads it."""
_LONGEST_SIDE: Final = 32_767
"""How many pixels a side may have: the largest number that fits into the columns of a lifestream on PostgreSQL."""
_KINDS: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_ON_LIFESTREAM: Final = ("logo_digest", "logo_width", "logo_height")


class Logo(models.Model):
    """An uploaded logo. Its digest and size are kept in the row of its lifestream too, where pages read them."""

    lifestream = models.OneToOneField(
        Lifestream, on_delete=models.CASCADE, related_name="uploaded_logo", verbose_name=_("lifestream")
    )
    data = models.BinaryField(_("picture"))
    digest = models.CharField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("uploaded logo")
        verbose_name_plural = _("uploaded logos")

    def __str__(self) -> str:
        return self.digest


def too_large() -> str:
    """Return the message about a file of more than `LARGEST` bytes."""
    return gettext("The file has more than %(most)s KB: make the picture smaller.") % {"most": LARGEST // 1024}


def validate_logo(data: bytes) -> None:
    """Raise ValidationError if *data* is larger than `LARGEST`, is no picture of `_KINDS` whose size can be read, has
    no pixels or too many for an icon, or has a side of more than `_LONGEST_SIDE` pixels.
    """
    if len(data) > LARGEST:
        raise ValidationError(too_large())
    if image_type(data) not in _KINDS or dimensions(data) is None:
        raise ValidationError(
            _(
                "This file is no PNG, JPEG, GIF, WebP or AVIF picture. An SVG picture goes into the folder static/ "
                "of LIFESTREAM_HOME."
            )
        )
    if not is_icon(data) or max(dimensions(data) or ()) > _LONGEST_SIDE:
        raise ValidationError(_("The picture has too many pixels, or none: make it no larger than 2048 by 2048."))


def upload_logo(lifestream: Lifestream, data: bytes) -> None:
    """Show the picture *data* in place of the title of *lifestream*. Raises ValidationError as `validate_logo` does."""
    validate_logo(data)
    digest = hashlib.sha256(data).hexdigest()[:32]
    with transaction.atomic(using=router.db_for_write(Logo, instance=lifestream)):
        _note(lifestream, digest, dimensions(data) or (0, 0))
        Logo.objects.update_or_create(lifestream=lifestream, defaults={"data": data, "digest": digest})


def remove_logo(lifestream: Lifestream) -> None:
    """Show no uploaded picture in place of the title of *lifestream* any more."""
    with transaction.atomic(using=router.db_for_write(Logo, instance=lifestream)):
        _note(lifestream, "", (0, 0))
        Logo.objects.filter(lifestream=lifestream).delete()


def _note(lifestream: Lifestream, digest: str, size: tuple[int, int]) -> None:
    """Note the *digest* and the *size* of the logo. This locks the lifestream before the logo is written, in the same
    order as when a lifestream is deleted: otherwise this transaction and the deletion could wait for each other.
    """
    lifestream.logo_digest = digest
    lifestream.logo_width, lifestream.logo_height = size
    save_changed(lifestream, _ON_LIFESTREAM)
