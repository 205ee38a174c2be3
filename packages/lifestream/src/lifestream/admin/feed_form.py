"""The form in which a superuser sets how a feed is fetched. It shows neither the password nor the values of headers; if
the field of one of them is left empty, the stored value stays unchanged. A password is removed with its user name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy

from lifestream.conf import settings
from lifestream.fetcher.feed_urls import UrlRefused
from lifestream.fetcher.request_options import DIRECT, OptionRefused, without_password
from lifestream.models import Feed
from lifestream.storage.credentials import CredentialsLost
from lifestream.storage.feed_editing import FeedChange, change_feed
from lifestream.storage.feed_options import FeedOptions, Secrets, secrets_of
from lifestream.wording import worded

FETCHING: Final = (
    "new_url", "interval", "user_agent", "login", "password", "headers", "proxy", "certificates", "unverified",
    "full_content",
)  # fmt: skip
"""The fields that say how a feed is fetched."""

_HOUR: Final = 3600.0
_NONE: Final = "-"
_WIDE: Final = {"class": "vLargeTextField", "autocomplete": "off"}

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Feed]
else:
    ModelForm = forms.ModelForm


class FeedForm(ModelForm):
    """The fields of a feed that a superuser may set. Fetches and actions set all others."""

    class Meta:
        model = Feed
        fields = ["title", "site_url", "plugin"]
        widgets = {"title": forms.TextInput(attrs={"class": "vTextField"}),
                             "site_url": forms.URLInput(attrs={"class": "vTextField"})}  # fmt: skip

    site_url = forms.URLField(label=gettext_lazy("Site"), required=False, assume_scheme="https")
    plugin = forms.ChoiceField(required=False, help_text=gettext_lazy("Empty: the one for its domain."))
    new_url = forms.CharField(
        label=gettext_lazy("URL to fetch"),
        required=False,
        widget=forms.TextInput(attrs=_WIDE),
        help_text=gettext_lazy(
            "If it is changed, the feed is fetched from the new one: the validators of the old one are dropped, and "
            "its items stay."
        ),
    )
    interval = forms.FloatField(
        label=gettext_lazy("Interval in hours"),
        required=False,
        min_value=0,
        help_text=gettext_lazy("If it is empty, the setting of the site holds."),
    )
    user_agent = forms.CharField(
        label=gettext_lazy("User-Agent"),
        required=False,
        widget=forms.TextInput(attrs=_WIDE),
        help_text=gettext_lazy("If it is empty, the setting of the site holds."),
    )
    login = forms.CharField(label=gettext_lazy("User name"), required=False, widget=forms.TextInput(attrs=_WIDE))
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Empty: as it is. It is kept encrypted, and is never shown."),
    )
    headers = forms.CharField(
        label=gettext_lazy("Headers"), required=False, widget=forms.Textarea(attrs={**_WIDE, "rows": 3})
    )
    proxy = forms.CharField(
        label=gettext_lazy("Proxy"),
        required=False,
        widget=forms.TextInput(attrs=_WIDE),
        help_text=gettext_lazy(
            "http://… or socks5://…, direct for none, empty for that of all feeds. It looks up the address of the "
            "host, so it has to refuse private ones."
        ),
    )
    certificates = forms.CharField(
        label=gettext_lazy("Certificates of a private authority"),
        required=False,
        widget=forms.Textarea(attrs={**_WIDE, "rows": 3}),
        help_text=gettext_lazy("In PEM. They are trusted beside the usual ones, for this feed only."),
    )
    unverified = forms.BooleanField(
        label=gettext_lazy("Take any certificate"),
        required=False,
        help_text=gettext_lazy("DANGEROUS: whoever is on the way can read the login and change what the feed says."),
    )
    full_content = forms.BooleanField(
        label=gettext_lazy("Take the content of entries from their pages"),
        required=False,
        help_text=gettext_lazy("For feeds that bring a few words only. It needs the extra fulltext."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from lifestream.plugins.registry import PluginError, Registry  # imported here, since it imports all plugins

        chosen = self.instance.plugin
        try:
            names = Registry(settings.plugins).names
        except PluginError as error:  # a web server checks no plugin when it starts, so the form shows the error
            names = []
            self.fields["plugin"].help_text = format_html("LIFESTREAM_PLUGINS: {}.", worded(str(error)))
        known = sorted({*names, *([chosen] if chosen else [])})
        self.fields["plugin"].choices = [("", gettext("by its domain")), *((name, name) for name in known)]  # type: ignore[attr-defined]
        self._show(*_known(self.instance))

    def _show(self, options: FeedOptions, secrets: Secrets) -> None:
        """Set the initial values of the fields. Of secrets, show only the user name and the names of the headers."""
        shown: dict[str, Any] = {
            "new_url": self.instance.url,
            "interval": options.interval / _HOUR or None,
            "user_agent": options.user_agent,
            "login": secrets.login.partition(":")[0],
            "proxy": without_password(options.proxy),
            "certificates": options.certificates,
            "unverified": not options.verifies,
            "full_content": options.full_content,
        }
        self.initial.update(shown)
        help_text = gettext('As "Name: value", one a line. They are kept encrypted, and are never shown.')
        if secrets.headers:
            names = ", ".join(name for name, _ in secrets.headers)
            help_text = gettext("Set: {names}. Empty: as they are; write - to remove them.").format(names=names)
        self.fields["headers"].help_text = help_text

    def change(self) -> FeedChange:
        """Return what was changed in the form."""
        given, changed = self.cleaned_data, set(self.changed_data)
        headers = given["headers"].strip()
        return FeedChange(
            url=given["new_url"] if "new_url" in changed and given["new_url"] else None,
            interval=(given["interval"] or 0.0) * _HOUR if "interval" in changed else None,
            user_agent=given["user_agent"] if "user_agent" in changed else None,
            login=self._login(given) if changed & {"login", "password"} else None,
            headers=None if not headers else headers.removeprefix(_NONE) if headers == _NONE else headers,
            proxy=given["proxy"] if "proxy" in changed else None,
            certificates=given["certificates"] if "certificates" in changed else None,
            verifies=not given["unverified"] if "unverified" in changed else None,
            full_content=given["full_content"] if "full_content" in changed else None,
        )

    def _login(self, given: dict[str, Any]) -> str:
        """Return the new login as "user:password", with the stored password unless another one was given; "" without a
        user name, which removes the login.
        """
        user = given["login"].strip()
        _, secrets = _known(self.instance)
        password = given["password"] or secrets.login.partition(":")[2]
        return f"{user}:{password}" if user else ""

    def clean(self) -> dict[str, Any] | None:
        """Check the change: make it in a transaction that is rolled back, and show the error that it raises."""
        cleaned = super().clean()
        if not self.errors and self.instance.pk and (change := self.change()) != FeedChange():
            try:
                with transaction.atomic():
                    change_feed(self.instance.pk, change, timezone.now())
                    transaction.set_rollback(True)
            except (OptionRefused, UrlRefused) as error:
                self.add_error(None, worded(str(error)))
        return cleaned

    def apply(self) -> int | None:
        """Change the feed. If another feed has the new URL, the subscriptions move there, and its key is returned."""
        change = self.change()
        if change == FeedChange():
            return None
        key = change_feed(self.instance.pk, change, timezone.now())
        return None if key == self.instance.pk else key

    def warnings(self) -> list[str]:
        """Return a warning for each change that makes fetching less safe."""
        change = self.change()
        found = []
        if change.verifies is False:
            found.append(
                gettext("Its certificate is not verified any more: better trust its authority with its certificates.")
            )
        if change.proxy and change.proxy != DIRECT:
            found.append(gettext("lifestream can't check which address its proxy asks: the proxy has to."))
        return found


def _known(feed: Feed) -> tuple[FeedOptions, Secrets]:
    """Return the options and the secrets of *feed*, without those that can't be read: see `feed_options.UNREADABLE`."""
    options, _ = FeedOptions.readable(feed.options)
    try:
        return options, secrets_of(feed.credentials)
    except CredentialsLost:
        return options, Secrets()
