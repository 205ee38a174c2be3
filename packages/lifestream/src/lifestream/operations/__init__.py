"""What the operator of a site is told, and what keeps the site within bounds.

In: the tables, the settings, the system. Out: values, which the commands `status`, `doctor` and `cleanup`, the admin, a
mail, and the addresses `/healthz`, `/readyz` and `/metrics` show. In the order in which they build on each other:
`feed_state` and `health` (the state of a feed, and of the site), `troubles` (feeds that fail, and what to do),
`metrics` (`health` for Prometheus), `weekly_report` (`troubles` as a mail), `replacements` (where lost feeds are now),
`diagnosis` (what is wrong with the system around it), `retention` (what is deleted, and when), `limits` (each bound,
with its setting and its value now; `fixed_limits` has those without a setting, `limit_values` shows them with their
units). Only `replacements` fetches, and nothing here is imported by what fetches.
"""
