"""The only writer of what was fetched: a `Result` in, rows out.

In: a `Result` (claim, outcome, schedule, prepared items). Out: `Stored`, which says what was written. The modules, in
the order in which a result passes them:

1. `writer`: transactions, their retries, and which results are dropped.
2. `feed_row`: a feed's row as a value, read under lock.
3. `item_import`: the items of one document, a chunk at a time; `entry_matching` decides which stored item an entry is,
  by its keys (`plugins.entry_keys`), and `item_row` makes the row. `published_ids`: the ids of new items in our feeds.
4. `fanout`: which lifestreams show an item. `backfill`: the items that a feed had before somebody subscribed.
5. `permanent_redirects`: feeds whose URL has changed permanently. `feed_editing`: feeds that an operator changes.
6. `feed_update`: what a result changes in its feed's row. `fetch_log`: the log of fetches.
7. `bulk_sql`, `db_errors`, `outages`: many rows in one statement; the causes of database failures, and telling of them
once. `saved_rows`: rows that
  come from elsewhere, one by one.
8. `announcements`: the signals that are sent after the commit.
9. `credentials`: encrypted logins. `feed_options`: what an operator has set for one feed. `hub_subscriptions`: the
  state of WebSub subscriptions.

This package never imports the network, a parser process or `refresh`.
"""
