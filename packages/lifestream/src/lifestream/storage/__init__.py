"""The only writer of what was fetched: a `Result` in, rows out.

In: a `Result` (claim, outcome, schedule, prepared items). Out: `Stored`, which says what was written. The modules, in
the order in which a result passes them:

1. `writer`: transactions, their retries, which results are dropped, which are not written because the database fails
   (their feeds stay due), and the pause that a host has asked for.
2. `feed_row`: a feed's row as a value, read under lock.
3. `item_import`: the items of one document, a chunk at a time, and which of them have changed; an entry after the flaw
   of an ill-formed document changes no item. `entry_matching`: which stored item an entry is, by its keys
   (`plugins.entry_keys`), and that a deleted item does not come back. `item_row`: the row of an item, and its date,
   also if the entry has none or one in the future. `settled_entries`: which entries need not be cleaned the next time.
   `published_ids`: the id under which this site publishes a new item, chosen once: the entry's own if
   `plugins.entry_uris` allows it and no item has it, otherwise a UUID.
4. `fanout`: which lifestreams show an item, by subscriptions and their rules (`content.filter_rules`).
5. `permanent_redirects`: whether a feed has a new URL, after how many redirects; `writer` stores it.
6. `feed_update`: what a result changes in its feed's row: validators, schedule, and its state ("gone" after a 410).
   `fetch_log`: the log of fetches.
7. `announcements`: the signals that are sent after the commit.

Below all of these: `bulk_sql`: many rows in one statement. `db_errors`: the causes of database failures; `outages`:
log messages when an outage of the database begins and when it is over. `deadlocks`:
transactions that are tried again after a deadlock.

Beside the way of a result: `backfill`: the posts of items that a feed had before somebody subscribed, or that an import
had no time to check by rules.
`bulk_subscriptions`: subscriptions to a whole list of feeds; those that exist stay as they are. `feed_editing`: what an
operator changes in a feed; `feed_options`: what is set for one feed. `credentials`: logins, encrypted.
`hub_subscriptions`: the state of WebSub subscriptions, and when each is renewed. `own_page_html`: the HTML of an
owner's own page. `saved_rows`: rows that are saved one by one, by `loaddata` or by hand.

This package never imports the network, a parser process or `refresh`.
"""
