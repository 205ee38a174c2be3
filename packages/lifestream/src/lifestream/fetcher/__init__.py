"""One polite, bounded, safe HTTP request: a `FetchRequest` in, an outcome out. No database.

In: a URL, its validators and limits. Out: one of the outcomes (`Fetched`, `NotModified`, `Gone`, `Failed`); only
cancellation raises. In the order in which a request passes them:

1. `fetch`: one GET, with its deadline and its redirects. `hub_client`: one POST to a WebSub hub.
2. `redirects`: where the next request goes, and how much of the way is permanent.
3. `session`: the only way to the network; `address_guard` checks each address that is connected to.
4. `body_budget`: how much memory all bodies may hold together.
5. `content_decoding`: gzip, deflate, br and zstd, up to a limit on inflated bytes.
6. `outcomes`: what came of it, as values.
7. `cache_lifetime`: what the headers say about time. `url_hosts`: which host a URL names. `websub`: the messages of
   WebSub. `open_files`, `shortage`: what this machine is short of, which is no fault of a server.

Never imported here: Django, the parser and the database. `FETCHING.md`'s rules about one request are kept here.
"""
