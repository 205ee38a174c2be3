"""Imports feeds politely, safely and fast, and shows them as one timeline.

Its packages, in the order in which an entry passes through them; the docstring of each package lists its modules:

- `refresh`: fetches the feeds that are due, a few of one host at once, then icons and full content, and
  pictures when visitors ask for them; adds feeds; imports and exports lists of feeds (OPML).
- `scheduler`: when a feed is fetched next, and why. `fetcher`: one HTTP request; the URLs of feeds, and when two URLs
  are one feed.
- `parser`: turns documents into entries. `plugins`: turn entries into items, depending on the site they come from.
- `content`: makes text, HTML and pictures safe and readable, and chooses the pictures that a page shows of an item.
- `storage`: recognises items that are stored already, writes what was fetched, and follows permanent redirects.
  `models`: the tables and the search index.
- `web`: the pages and feeds of a timeline, their look (theme, accent, logo), the address that WebSub hubs call, and the
  web server of `lifestream serve`. `templatetags`: the tags and filters of templates. `owner`: the pages on which
  owners change their timelines. `admin`: the admin.
- `operations`: the state of the site: its health, feeds that fail, limits, and the deletion of old items.
- `site`: the Django project that the command `lifestream` runs, with its pages for errors and outages. `management`:
  the commands. `demo`: sample feeds.
- `testing`: tools for the tests of other sites.

`conf` has the settings, `checks` the system checks, `urls` the addresses, `tasks` the tasks of Celery, `api` what other
programs may call, `signals` what they may receive. `entry` is a document's content as values, which `parser` makes.
Messages to people: `message` stores them as a code and values, `sentences` has their English sentences, and `wording`
translates them. `combining_marks`: marks that would be drawn over other lines.
"""
