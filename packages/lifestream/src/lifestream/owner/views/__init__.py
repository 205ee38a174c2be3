"""The pages of owners. Each is a form or a list. They change rows directly or by their forms; what follows from a
change is done by `models`.

`frame`: what all of them share. `first_account`: the first run of a site. `account`: logging in and out. `adding`: new
feeds, by address or as an uploaded list; `refresh` fetches them and subscribes to them. `managing`: the list of sites,
and each of them. `ruling`: keep and block rules. `posts`: hiding and pinning. `look`: theme, colours and logo.
`own_pages`: pages of the owner's own text.
"""

from __future__ import annotations

from lifestream.owner.views.account import log_in, log_out, password, password_changed
from lifestream.owner.views.adding import add
from lifestream.owner.views.first_account import setup
from lifestream.owner.views.look import logo, look
from lifestream.owner.views.managing import manage, site
from lifestream.owner.views.own_pages import edit_page, own_pages
from lifestream.owner.views.posts import hidden, post
from lifestream.owner.views.ruling import rules

__all__ = [
    "add",
    "edit_page",
    "hidden",
    "log_in",
    "log_out",
    "logo",
    "look",
    "manage",
    "own_pages",
    "password",
    "password_changed",
    "post",
    "rules",
    "setup",
    "site",
]
