"""Information for the operator of a site, and the functions that keep the site within its limits.
This package never imports `web`, `admin` or `management`.

In: the tables, the settings, the system. Out: values. They are shown by the commands `status`, `why`, `doctor` and
`cleanup`, by the admin, the pages of owners and a mail, and at the addresses `/healthz`, `/readyz` and `/metrics`. The
modules: `feed_state` and `health` (the state of a feed, and of the site), `troubles` (the feeds that are gone, or fail
and have had no success for a day, and what to do), `metrics` (`health` for Prometheus), `weekly_report` (`troubles` as
a mail), `replacements` (new addresses of lost feeds; a feed is lost if its last answer was 404, 410 or no feed, and it
has had no success for a week), `diagnosis` (what is wrong with the system around the site), `retention` (what is
deleted, and when), `limits` (each limit, with its setting and its value now; `fixed_limits` has those without a
setting, `limit_values` shows them with their units). Only `replacements` fetches, and neither `fetcher` nor `refresh`
imports this package.
"""
