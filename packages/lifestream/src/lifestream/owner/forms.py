"""The forms of owners. Each error is shown at the field in which it can be corrected; nothing is fetched here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from lifestream.conf import settings
from lifestream.content.plaintext import one_line
from lifestream.models import Lifestream, OwnPage, Subscription
from lifestream.models.changed_fields import save_changed
from lifestream.models.look import validate_static_path
from lifestream.models.subscriptions import validate_name
from lifestream.owner.file_input import BoundedFileInput
from lifestream.owner.samples import SAMPLES
from lifestream.web.pictured_choice import PicturedChoice
from lifestream.wording import worded

if TYPE_CHECKING:
    from lifestream.refresh.opml import Outline

    AnyModelForm = forms.ModelForm[Any]
else:
    AnyModelForm = forms.ModelForm

MOST_ADDRESSES: Final = 200
"""How many addresses may be entered at once. For more, there is OPML."""
_LONGEST_FOLDER: Final = 200

RULES_HELP = _(
    "One rule a line: words that must all occur, in quotes if they must follow each other. If a line begins with "
    "title:, text:, author: or tag:, only that part of an item is searched. A line that begins with link: "
    "matches items whose address contains what follows, such as link:example.com/ads/."
)


class AddressesField(forms.CharField):
    """A field for addresses, one per line: each of a feed, or of a page that links to a feed. Its value is a list."""

    widget = forms.Textarea(
        attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none", "inputmode": "url"}
    )

    def clean(self, value: Any) -> Any:
        """Return the addresses. Raises ValidationError if there are too many. If some cannot be requested, the error
        has a message for each of these.
        """
        # The modules that fetch take long to import, and most pages do not need them.
        from lifestream.fetcher.feed_urls import UrlRefused, request_url
        from lifestream.refresh.subscribe import completed

        addresses = list(dict.fromkeys(str(super().clean(value)).split()))
        if len(addresses) > MOST_ADDRESSES:
            text = ngettext(
                "Enter at most {most} address at once, or import a file.",
                "Enter at most {most} addresses at once, or import a file.",
                MOST_ADDRESSES,
            )
            raise ValidationError(text.format(most=MOST_ADDRESSES))
        wrong = []
        for address in addresses:
            try:
                request_url(completed(address))
            except UrlRefused as error:
                wrong.append(worded(str(error)))
        if wrong:
            raise ValidationError(wrong)
        return addresses


def _too_large() -> str:
    from lifestream.refresh import opml

    return worded(opml.too_large())


class ListFileField(forms.FileField):
    """A list of feeds: OPML, or the configuration of a planet. Its value is the outlines of the file."""

    widget = BoundedFileInput(
        ".opml,.xml,.ini,text/x-opml,text/xml,application/xml",
        lambda: settings.max_opml,
        _too_large,
    )

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the outlines of the file, [] for no file. Raises ValidationError if it is no such list."""
        from lifestream.refresh import opml, planet_ini

        file = super().clean(data, initial)
        if not file:
            return []
        document = file.read(settings.max_opml + 1)
        try:
            found: list[Outline] = planet_ini.read(document) if planet_ini.is_planet(document) else opml.read(document)
        except opml.NotOpml as error:
            raise ValidationError(worded(str(error))) from error
        return found


class FirstRunForm(forms.Form):
    """What the owner of a new site enters: the account, the name of the lifestream, and its first feeds."""

    username = forms.CharField(
        label=_("Your user name"),
        max_length=150,
        help_text=_("Letters, digits and @ . + - _"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": ""}),
    )
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=1_000,
        help_text=_("At least eight characters, not a common one, and not like your user name."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    title = forms.CharField(
        label=_("The name of your lifestream"),
        max_length=200,
        help_text=_("It is shown at the head of each page. It can be changed at any time."),
    )
    addresses = AddressesField(
        label=_("Feeds to follow"),
        required=False,
        help_text=_("One address a line: of a feed, or of a web page that has one."),
    )
    file = ListFileField(
        label=_("Or a list of feeds"), required=False, help_text=_("An OPML file, as every feed reader exports it.")
    )
    samples = forms.MultipleChoiceField(
        label=_("Or some to begin with"),
        required=False,
        choices=lambda: [(each.url, f"{each.name}: {each.about}") for each in SAMPLES],
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_username(self) -> str:
        """Return the name of the account, as the user model normalizes it."""
        model = get_user_model()
        field: Any = model._meta.get_field(model.USERNAME_FIELD)
        name = str(model.normalize_username(self.cleaned_data["username"]))
        field.run_validators(name)
        return name

    def clean_title(self) -> str:
        """Return the title on one line."""
        title = one_line(self.cleaned_data["title"])
        if not title:
            raise ValidationError(gettext("Give it a name."))
        return title

    def clean(self) -> dict[str, Any]:
        """Refuse a password that is too easy to guess, at its field."""
        values = super().clean() or self.cleaned_data
        if "password" in values:
            model: Any = get_user_model()
            try:
                validate_password(values["password"], model(**{model.USERNAME_FIELD: values.get("username", "")}))
            except ValidationError as error:
                self.add_error("password", error)
        return values


class AddForm(forms.Form):
    """Addresses to add."""

    addresses = AddressesField(
        label=_("Addresses"),
        help_text=_(
            "One a line: of a feed, or of a web page that has one. With a user name and a password in it "
            "(https://name:password@…) it is a feed of your own, which nobody else sees."
        ),
    )
    folder = forms.CharField(
        label=_("Folder"), required=False, max_length=_LONGEST_FOLDER, help_text=_("Empty: no folder.")
    )

    def clean_folder(self) -> str:
        """Return the folder on one line."""
        return one_line(self.cleaned_data["folder"])


class ImportForm(forms.Form):
    """A list of feeds to import."""

    file = ListFileField(
        label=_("File"),
        help_text=_("OPML, as every feed reader exports it, or the configuration of a planet (config.ini)."),
    )


class ChangesForm(AnyModelForm):
    """A form that saves only the fields that were changed in it. Django's forms save the whole row, as it was when the
    request began, and so overwrite what a fetch, another page or another person has written since.
    """

    def save(self, commit: bool = True) -> Any:
        """Save a new row, or the changed fields of an existing one. Raises ValueError if the form has errors, and
        `RowGone` if the existing row was deleted meanwhile.
        """
        if self.instance._state.adding or self.errors or not commit:
            return super().save(commit)
        save_changed(self.instance, self.changed_data)
        return self.instance


class SiteForm(ChangesForm):
    """The fields that an owner may set of a subscription, which the pages call a site."""

    class Meta:
        model = Subscription
        fields = ["name", "folder", "paused", "keep_rules", "block_rules"]
        widgets = {
            "name": forms.TextInput(),
            "folder": forms.TextInput(attrs={"list": "folders"}),
            "keep_rules": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            "block_rules": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        }
        help_texts = {
            "folder": _("Empty: no folder."),
            "block_rules": format_lazy("{} {}", _("What matches is not shown."), RULES_HELP),
            "keep_rules": _("If there are any, only what matches is shown."),
        }

    def clean_name(self) -> str:
        """Return the name on one line. It may be empty only if the feed has a title of its own."""
        name = one_line(self.cleaned_data["name"])
        validate_name(name)
        if not name and not self.instance.feed.title:
            raise ValidationError(gettext("The feed has no title of its own: give it a name."))
        return name

    def clean_folder(self) -> str:
        """Return the folder on one line."""
        folder = one_line(self.cleaned_data["folder"])
        validate_name(folder)
        return folder


class RulesForm(ChangesForm):
    """The rules of a whole lifestream."""

    class Meta:
        model = Lifestream
        fields = ["block_rules", "keep_rules"]
        widgets = {
            "keep_rules": forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
            "block_rules": forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        }
        help_texts = {
            "block_rules": format_lazy("{} {}", _("What matches is not shown."), RULES_HELP),
            "keep_rules": _("If there are any, only what matches is shown."),
        }


class LookForm(ChangesForm):
    """The look of a lifestream, its texts about itself, and who may read it."""

    class Meta:
        model = Lifestream
        fields = [
            "title",
            "tagline",
            "description",
            "language",
            "theme",
            "accent",
            "logo",
            "shown",
            "words",
            "shows_authors",
            "shows_faces",
            "site_order",
            "is_public",
        ]
        widgets = {
            "theme": PicturedChoice("theme"),
            "shown": PicturedChoice("shown"),
            "site_order": PicturedChoice("order"),
            "description": forms.Textarea(attrs={"rows": 3}),
            # owner.js adds a colour picker with this label.
            "accent": forms.TextInput(attrs={"spellcheck": "false", "data-colour": _("Choose the accent colour")}),
        }
        help_texts = {
            "theme": "",  # the choices need no help
            "logo": format_lazy(
                "{} {}",
                Lifestream._meta.get_field("logo").help_text,
                _("A picture that is uploaded below takes precedence."),
            ),
        }

    def clean_title(self) -> str:
        """Return the title on one line."""
        title = one_line(self.cleaned_data["title"])
        if not title:
            raise ValidationError(gettext("Give it a name."))
        return title

    def clean_tagline(self) -> str:
        """Return the tagline on one line."""
        return one_line(self.cleaned_data["tagline"])

    def clean_logo(self) -> str:
        """Return the path of the logo. Raises ValidationError if there is no static file at it."""
        path: str = self.cleaned_data["logo"]
        validate_static_path(path)
        if path and finders.find(path) is None:
            text = gettext(
                "There is no static file “{path}”. Put it into static/ in LIFESTREAM_HOME (in a project of your own, "
                "into a folder of its static files), and restart the site if that folder is new."
            )
            raise ValidationError(text.format(path=path))
        return path


class OwnPageForm(ChangesForm):
    """A page of the owner's own text."""

    class Meta:
        model = OwnPage
        fields = ["title", "slug", "text", "position"]
        widgets = {"text": forms.Textarea(attrs={"rows": 16}), "position": forms.NumberInput(attrs={"max": 999})}

    def clean_title(self) -> str:
        """Return the title on one line."""
        return one_line(self.cleaned_data["title"])

    def clean_slug(self) -> str:
        """Return the slug. Raises ValidationError if another page of the lifestream has it."""
        slug: str = self.cleaned_data["slug"]
        others = OwnPage.objects.filter(lifestream=self.instance.lifestream_id, slug=slug).exclude(pk=self.instance.pk)
        if others.exists():
            raise ValidationError(gettext("There is a page at this address already."))
        return slug
