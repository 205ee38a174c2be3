"""Information for the operator of a site, and the functions that keep the site within its limits.

In: the tables, the settings, the system. Out: values, which the commands `status`, `why`, `doctor` and `cleanup`, the
admin, the pages of owners, a mail, and the addresses `/healthz`, `/readyz` and `/metrics` show. In the order in which
they build on each other: `feed_state` and `health` (the state of a feed, and of the site), `troubles` (the feeds that
are gone, or fail and have had no success for a day, and what to do), `metrics` (`health` for Prometheus),
`weekly_report` (`troubles` as a mail), `replacements` (where lost feeds are now: those that fail and have had no
success for a week), `diagnosis` (what is wrong with the system around the site), `retention` (what is deleted, and
when), `limits` (each limit, with its setting and its value now; `fixed_limits` has those without a setting,
`limit_values` shows them with their units). Only `replacements` fetches, and no module that fetches imports this
package.
"""
