"""What the operator of a site is told, and what keeps the site within bounds.

In: the tables, the settings, the system. Out: values, which the commands `status`, `doctor` and `cleanup` and the
addresses `/healthz`, `/readyz` and `/metrics` show. In the order in which they build on each other: `health` (the
state of the site), `metrics` (the same for Prometheus), `diagnosis` (what is wrong with the system around it),
`retention` (what is deleted, and when). Nothing here fetches, and nothing here is imported by what fetches.
"""
