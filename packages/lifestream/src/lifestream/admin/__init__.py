"""The admin: the state of feeds, the subscriptions, and what is shown.

Django's permissions say what a staff user may do at all. `owned` restricts that to the user's own lifestreams, unless
the user is a superuser. No page of the admin shows credentials.
"""

from __future__ import annotations

from lifestream.admin.feeds import FeedAdmin, FetchAdmin
from lifestream.admin.items import ItemAdmin, PostAdmin
from lifestream.admin.lifestreams import LifestreamAdmin
from lifestream.admin.subscriptions import SubscriptionAdmin

__all__ = ["FeedAdmin", "FetchAdmin", "ItemAdmin", "LifestreamAdmin", "PostAdmin", "SubscriptionAdmin"]
