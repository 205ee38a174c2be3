"""The admin: how feeds fare, who subscribes to what, and what is shown.

Django's own permissions say what a member of the staff may do at all; `owned` narrows it to what is theirs, unless they
are a superuser. Credentials are on no page of it.
"""

from __future__ import annotations

from lifestream.admin.feeds import FeedAdmin, FetchAdmin
from lifestream.admin.items import ItemAdmin, PostAdmin
from lifestream.admin.lifestreams import LifestreamAdmin
from lifestream.admin.subscriptions import SubscriptionAdmin

__all__ = ["FeedAdmin", "FetchAdmin", "ItemAdmin", "LifestreamAdmin", "PostAdmin", "SubscriptionAdmin"]
