"""The pages, the feeds of a timeline, and the endpoint that WebSub hubs call. Nearly all of it only reads the models.

In: an HTTP request. Out: a page or a feed. In the order in which a request passes them:

1. `views`: one module for each kind of page.
2. `timeline`: who may see a lifestream, and its posts, narrowed by site, tag, search or day; `models.fulltext` decides
   how a search is answered: from the items that have rare words, or along the timeline. `keyset`: the cursor at which a
   page ends, and the condition for the posts after it. `page_rows`: the rows of a page, read in the fastest way.
   `walked_posts`: the first posts of a search or a tag that many items have. `shown_posts`: the posts with everything
   that their cards show: as many words as the owner wants, or the excerpt in which a search found its words
   (`content.highlighting`). `site_search`: the sites of a lifestream by their names. `page_addresses`: the addresses of
   pages.
3. `presenters`: which parts of a post are shown (its pictures, sounds and files are chosen by `content.item_card`), and
   which sites are asleep or failing, as values for the templates. `picture_addresses`: the addresses of feeds' pictures
   on this site, if it is to show them.
4. `look`: theme, accent and logo of a page, which `templatetags` writes into it. `structured_data`: the description of
   an item for search engines. `pictured_choice`: radio buttons with pictures, for forms.
5. `syndication`: the timeline as Atom, RSS and JSON Feed, each item under its published id:
   `plugins.entry_uris` decides which, `storage.published_ids` stores it.

Around all of them: `wsgi_server`: waitress, for `lifestream serve`: how many connections may be open, and which are
closed first. `http_channel`: limits for each connection; `request_framing`: limits for a request until it is complete.
`shortage_log`: the log of a shortage of files, memory or space.
`request_charset`: has `lifestream serve` and the bundled site read every request as UTF-8, and each form within the
limits of `form_parts`. `proxy_headers`: whether a proxy has passed a request on. What visitors see while the database
is away, or something is short, is in `site.outage_pages`.

This package itself never imports the fetcher's session, the parser or `refresh.pipeline`; `refresh.opml`, which writes
a lifestream's list of feeds, uses a small part of the parser. Three modules do more than read: `views.push` lets
`storage.hub_subscriptions` store what a hub confirms or denies, and note that the feed is to be fetched, once
`fetcher.websub` has found the signature of a push right. `views.own_pages` lets `storage.own_page_html` store the HTML
of a page, and `views.pictures` lets `refresh.pictures` fetch pictures that are not stored yet.
"""
