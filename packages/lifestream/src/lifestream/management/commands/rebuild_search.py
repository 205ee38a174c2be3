"""`rebuild_search`: rebuild the search index from the items."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from lifestream.management.base import BaseCommand
from lifestream.models import fulltext


class Command(BaseCommand):
    help = gettext_lazy("Builds the search index again from the items, while the site keeps running.")

    def handle(self, **options: Any) -> None:
        count = fulltext.rebuild()
        if options["verbosity"]:
            self.stdout.write(ngettext("Indexed {} item.", "Indexed {} items.", count).format(count))
