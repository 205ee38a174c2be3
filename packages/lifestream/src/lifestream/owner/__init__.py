"""The pages on which owners look after their lifestreams, and the one that makes the first account.

In: a request of somebody who may change a lifestream. Out: what `models` and `refresh` write for it; no page of this
package waits for another server.

1. `access`: who may do this. Others are asked to log in, or told that there is no such page.
2. `first_run`: the one-time token of a site that has no account yet. `login_form`: name and password. `guesses`: how
   often either may be wrong.
3. `samples`: the feeds that a newcomer may choose from.
4. `forms`: what an owner may enter, each error at its field. `logo_form`: the picture that is uploaded. `rule_preview`:
   how many posts rules would hide.
5. `arrivals`: what is on its way to a lifestream.
6. `views`, `urls`: the pages. They work without a script, and all that changes something is a POST with a CSRF token.
"""
