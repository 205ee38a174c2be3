"""The admin: the state of feeds, the subscriptions, and what is shown.

In: a request of a staff user. Out: Django's lists and forms, by these modules:

1. `feeds`: feeds. `fetches`: the log of their fetches. `feed_form`: how a feed is fetched. `adding`: the form that adds
   one. `updating`: the action "Update now". `what_is_read`: what lifestream reads in a feed's document. `troubles`:
   feeds that fail. `limits`: the limits of the site, with their values.
2. `lifestreams`, `subscriptions`: which lifestream shows which feeds, and by which rules.
3. `items`: posts, and their items.

`columns`: columns that several lists share. `owned`: restricts staff users to the rows of their own lifestreams, unless
they are superusers; what they may do with these rows is up to Django's permissions. `list_requests`: which requests for
a list are answered. No page of the admin shows a password, or the value of a header that is set for a feed.
This package never imports `owner`, `management` or `site`.
"""

from __future__ import annotations

from lifestream.admin.feeds import FeedAdmin
from lifestream.admin.fetches import FetchAdmin
from lifestream.admin.items import ItemAdmin, PostAdmin
from lifestream.admin.lifestreams import LifestreamAdmin
from lifestream.admin.subscriptions import SubscriptionAdmin

__all__ = ["FeedAdmin", "FetchAdmin", "ItemAdmin", "LifestreamAdmin", "PostAdmin", "SubscriptionAdmin"]
