"""When a feed is fetched next, and why; and which worker may fetch it.

In: outcomes and the clock; feeds that are due. Out: the time of the next request with its reasons; claims, which are
leases in the database. The modules, in the order in which a feed passes them:

1. `due_queue`: what a refresh still has to claim.
2. `leases`: claims of feeds that are due, host by host; `claim_sql` is their SQL on both databases.
3. `in_flight`: the claimed feeds of a refresh, and how many of them can be requested at once: `refresh.downloads` keeps
   the limit for each host.
4. `jobs`: `Claimed`, `Result` and `Stored`, the values that go through a refresh.
5. `publication_rate`: how often a feed publishes.
6. `schedule`: when the next request is due, and the reasons: freshness (also after a 304), Retry-After (a pause of this
   feed or, after a 429 or a 503, of all feeds of its host), errors in a row, what the feed asks for. After a 410 there
   is no next request; however often a feed fails otherwise, it is asked again. `operations.troubles` says which feeds
   are listed as failing.
7. `answering_host`: which host an answer came from: behind a redirect, it may be another than the feed's own.

`clock_jumps` corrects the times that were stored while a clock was ahead.

Never imported here: the network, the parser, and `storage`.
"""
