"""One polite, bounded and safe HTTP request: a `FetchRequest` in, an outcome out. No database.

In: a URL, its validators and limits. Out: one of the outcomes (`Fetched`, `NotModified`, `Gone`, `Failed`); only
cancellation raises. The modules, in the order in which a request passes them:

1. `fetch`: the GET of one feed, with its headers, its deadline and its redirects; the status of the answer decides the
   outcome (a 304 to a conditional request is `NotModified`, a 410 of the feed's own or new URL is `Gone`).
   `refresh.factories` gives it the User-Agent and the limits of the settings.
   `hub_client`: one POST to a WebSub hub; `storage.hub_subscriptions` says when one is due.
2. `feed_urls`: the URL that is requested, and when two URLs are one feed. `redirects`: the URL of the next request, and
   which part of the redirects is permanent (`storage.permanent_redirects` follows it). `redirect_cookies`: the cookies
   that redirects set.
3. `session`: the only access to the network; `address_guard` checks each address before it is connected to. `proxies`:
   connections through a proxy, and what can be checked there. `request_options`: how the requests for one feed differ
   from those for others. `tls_sessions`: how TLS sessions are resumed.
4. `body_budget`: how much memory all bodies may hold together.
5. `content_decoding`: undoes the codings of a body, whatever the server says of them, up to a limit on inflated bytes.
   `inflaters`: gzip, deflate, br and zstd, each by itself.
6. `outcomes`: the results of a request, as values.

Other modules use these: `cache_lifetime`: what the headers of an answer say about freshness and pauses (Retry-After).
`url_hosts`: the host that a URL names, and the site that a feed belongs to. `websub`: the messages of WebSub, the
signature of a push, and when a lease is renewed. `link_header`: the links that a server sends beside a document.
`open_files`, `shortage`: what this machine is short of, for which no server is to blame.

This package never imports Django, the parser or the database. The rules of `scripts/rules.py` that concern a single
request (1, 2, 20 to 22, 24 and 26 to 30) are implemented here.
"""
