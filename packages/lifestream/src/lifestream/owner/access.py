"""Who may open a page of this package: the owner of the lifestream, and superusers.

A visitor who has not logged in is asked to, whether the lifestream exists or not. A user who is not the owner gets "not
found", so that nobody learns of a private lifestream.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from lifestream.models.changed_fields import RowGone
from lifestream.storage.deadlocks import tried_again
from lifestream.web.views.reading import read


def for_owner(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only the owner of the lifestream, and superusers, reach *view*, which is called with the timeline in place of
    the slug. If somebody else deletes what the view changes, the answer is "not found", too. If a deadlock with another
    process ends *view*, it is called again: it must have committed nothing by then that a second call would do twice.
    """

    @never_cache
    @csrf_protect  # other Django sites may not have the middleware for it
    @wraps(view)
    def checked(request: HttpRequest, slug: str, **parameters: Any) -> HttpResponse:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("lifestream_owner:login"))
        timeline = read(request, slug)
        if not timeline.owned:
            raise Http404(gettext("There is no such page."))

        def answer() -> HttpResponse:
            if request.method == "POST":
                for _, files in request.FILES.lists():
                    for file in files:
                        file.seek(0)  # an earlier try may have read it
            return view(request, timeline, **parameters)

        try:
            return tried_again(answer)
        except RowGone:
            raise Http404(gettext("There is no such page.")) from None
        except IntegrityError:
            read(request, slug)  # if the lifestream was deleted meanwhile, this raises Http404
            raise

    return checked
