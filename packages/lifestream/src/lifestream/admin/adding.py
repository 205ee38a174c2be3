"""The form that adds a feed. It fetches the feed once, to see whether there is one, and keeps what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.content.text_direction import isolated
from lifestream.models import Feed, Lifestream, Subscription
from lifestream.wording import worded

if TYPE_CHECKING:
    from lifestream.refresh.subscribe import Added, Found

    ModelForm = forms.ModelForm[Subscription]
else:
    ModelForm = forms.ModelForm


class AddFeedForm(ModelForm):
    """The form for a new subscription. Each error stands at the field that can mend it."""

    user: ClassVar[AbstractBaseUser | AnonymousUser]
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=4000,
        widget=forms.TextInput(
            attrs={"class": "vLargeTextField", "inputmode": "url", "autocomplete": "off", "autofocus": ""}
        ),
        help_text=gettext_lazy(
            "Of a feed, or of a page that has one. With a user name and a password in it "
            "(https://name:password@…) it is a feed of your own, which nobody else sees."
        ),
    )

    class Meta:
        model = Subscription
        fields = ["url", "lifestream", "name", "folder"]
        widgets = {
            "name": forms.TextInput(attrs={"class": "vTextField"}),
            "folder": forms.TextInput(attrs={"class": "vTextField"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Lifestream.objects.owned_by(self.user)
        choice: Any = self.fields["lifestream"]
        choice.queryset = mine
        choice.initial = mine.first()
        self.found: Found | None = None
        self.added: Added | None = None

    def clean(self) -> dict[str, Any]:
        """Fetch the address once all other fields are valid. Adds an error to a field if there is no feed to add."""
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        # Here and below: Django imports the admin for every command, and most of them fetch nothing.
        from lifestream.refresh.subscribe import NotAdded, find_feed

        try:
            self.found = find_feed(values["url"])
        except NotAdded as error:
            self.add_error(error.field, _sentence(worded(error.reason)))
            return values
        feed = self.found.source
        if isinstance(feed, Feed) and feed.subscriptions.filter(lifestream=values["lifestream"]).exists():
            self.add_error("url", gettext("This lifestream has “{}” already.").format(isolated(self.found.title)))
        elif not self.found.title and not values["name"]:
            self.add_error("name", gettext("The feed has no title of its own: give it a name."))
        return values

    def subscribe(self) -> Subscription:
        """Add the feed that was found, with its items. Raises NotAdded if it is no longer there."""
        from lifestream.refresh.subscribe import NotAdded, add_feed

        if self.found is None:
            raise NotAdded(gettext("The form has errors."))
        values = self.cleaned_data
        self.added = add_feed(self.found, values["lifestream"], name=values["name"], folder=values["folder"])
        return self.added.subscription

    def story(self) -> str:
        """Return a sentence for the user about what was found, and where."""
        if self.found is None or self.added is None:
            return ""
        feed = self.added.subscription.feed
        text = gettext("Found “{title}” at {url}").format(title=isolated(feed.display_title[:100]), url=feed.url[:200])
        if self.found.page:
            text = gettext("{found}, which {page} names").format(found=text, page=self.found.page[:200])
        count = feed.items.count()
        told = ngettext("{found}: {count} item, site {domain}.", "{found}: {count} items, site {domain}.", count)
        return told.format(found=text, count=count, domain=feed.domain)

    def save(self, commit: bool = True) -> Any:
        """Do the same as `subscribe`: Django's admin calls this name."""
        return self.subscribe()

    def save_m2m(self) -> None:
        """Do nothing: there are no many-to-many fields. Django's admin calls this name."""


def _sentence(reason: str) -> str:
    begins_with_an_address = "://" in reason.split(" ", 1)[0]
    start = reason[:1] if begins_with_an_address else reason[:1].upper()
    return f"{start}{reason[1:]}".rstrip(".") + "."
