"""A ready Django project around the app, and the command `lifestream`.

In: the environment, `lifestream.toml`, and the requests of browsers. Out: Django's settings, and answers.

`cli` is the command, and `command_list` its list of commands. `options` lists what can be set; `configuration` reads
these options from `lifestream.toml` and the environment; `settings` makes Django's settings from them, also the
languages that visitors may get; a command without a database needs only `fetching_settings`. `home` is the folder of
the database, the secret key and `lifestream.toml`. `celery` is the application of Celery's workers, `beat` the
scheduler that sends them messages.

`wsgi` is the application that web servers call (`lifestream serve` has its own server, `web.wsgi_server`), with
`public_address` around it for sites behind a proxy; `trusted_proxies` reads which proxies' headers are trusted. `urls`
has the addresses, `admin_login` the form of the admin's login, `account_admin` the admin's lists of users and groups. A
request and its answer pass `nul` (no NUL in a request), `compression`, and `policy` (what browsers may load);
`static_files` serves the files that browsers keep, `errors` has the pages for what goes wrong, `outage_pages` those
without a database, `refusal_pages` those for bodies that the server refuses. `own_templates` reads the templates in
LIFESTREAM_HOME, and says in the log which of them fails. `json_log` writes log lines for machines,
`probe_log` leaves out some, and `refusal_log` shortens those of refused requests to one line.

This package never imports feedserver, and no other package imports it: the app runs in any project.
"""
