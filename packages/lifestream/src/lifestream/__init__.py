"""Imports feeds politely, safely and fast, and shows them as one timeline.

The source, in the order in which an entry passes it; the docstring of each package lists its modules:

- `refresh`: fetches the feeds that are due, then icons, pictures and full content; adds feeds; imports and exports
  lists.
- `scheduler`: when a feed is fetched next, and why. `fetcher`: one HTTP request.
- `parser`: documents to entries. `plugins`: entries to items, by the site they come from.
- `content`: text, HTML and pictures, made safe and readable.
- `storage`: writes what was fetched. `models`: the tables and the search index.
- `web`: the pages and feeds of a timeline, the address that WebSub hubs call, and the web server of `lifestream serve`.
  `templatetags`: what templates call. `owner`: the pages on which owners change theirs. `admin`: the admin.
- `operations`: the state of the site: health, troubles, what is deleted.
- `site`: the Django project that the command `lifestream` runs. `management`: the commands. `demo`: sample feeds.
- `testing`: tools for the tests of other sites.

`conf` has the settings, `checks` the system checks, `api` what other programs may call, `signals` what they may
receive. `message`, `sentences` and `wording` are the messages to people: as code and values, in English, translated.
"""
