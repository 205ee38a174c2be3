"""Pages of the owner's own text: about, imprint, privacy."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from lifestream.content.text_direction import as_row
from lifestream.models.lifestreams import Lifestream

MOST_PAGES = 12
"""How many pages a lifestream has at most: each is linked in the footer of every page."""
LONGEST = 50_000
"""How many characters the text of a page has at most."""


class OwnPage(models.Model):
    """A page of the owner's own text, in Markdown, linked in the footer of the lifestream."""

    lifestream = models.ForeignKey(
        Lifestream, on_delete=models.CASCADE, related_name="own_pages", verbose_name=_("lifestream")
    )
    slug = models.SlugField(
        _("address"), max_length=60, help_text=_("The last part of the address of the page, such as “imprint”.")
    )
    title = models.CharField(
        _("title"), max_length=120, help_text=_("It stands above the page, and is the text of its link in the footer.")
    )
    text = models.TextField(
        _("text"),
        validators=[MaxLengthValidator(LONGEST)],
        blank=True,
        help_text=_("In Markdown: a blank line between paragraphs, ## before a heading, [text](https://…) for a link."),
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("The order of the links in the footer: small numbers come first.")
    )
    # The HTML of the text, and the digest of all that it was made from: see storage.own_page_html.
    html = models.TextField(blank=True, default="", db_default="", editable=False)
    html_digest = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    changed = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        ordering = ["position", "title", "pk"]
        constraints = [models.UniqueConstraint(fields=["lifestream", "slug"], name="lifestream_own_page_unique")]

    def __str__(self) -> str:
        return as_row(self.title)

    def clean(self) -> None:
        """Refuse one page more than MOST_PAGES. Raises ValidationError."""
        super().clean()
        others = OwnPage.objects.filter(lifestream=self.lifestream_id).exclude(pk=self.pk)
        if others.count() >= MOST_PAGES:
            raise ValidationError(_("A lifestream has at most %(most)s pages."), params={"most": MOST_PAGES})
