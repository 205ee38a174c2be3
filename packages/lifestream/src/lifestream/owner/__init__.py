"""The pages on which owners look after their lifestreams, and the page on which the first account is created.

In: a request of somebody who may change a lifestream. Out: the rows that `models` and `refresh` write for it; no page
of this package waits for another server.

1. `access`: who may open these pages. Others are asked to log in, or get "not found".
2. `first_run`: the one-time token of a site that has no account yet. `login_form`: name and password, and the change
   of a password. `guesses`: how often the token or a password may be wrong. `comparisons`: how many passwords are
   checked at once, and who waits. `known_browsers`: in which browsers a user has logged in before.
3. `samples`: the feeds that a newcomer may choose from.
4. `forms`: what an owner may enter, each error at its field. `logo_form`: the picture that is uploaded. `file_input`:
   a field for a file, whose size the browser checks. `rule_preview`: how many posts rules would hide.
5. `arrivals`: addresses and feeds of a lifestream that are still to be fetched.
6. `views`, `urls`: the pages. They work without a script, and every change is a POST with a CSRF token.

This package never imports `admin`, `management` or `site`.
"""
