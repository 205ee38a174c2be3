"""A ready Django project around the app, and the command `lifestream`.

`options` lists what can be set; `configuration` reads it from `lifestream.toml` and the environment; `settings` makes
Django's settings of it. `wsgi` is the application, with `public_address` around it for sites behind a proxy. `errors`
has the pages for what goes wrong; `static_files` and `policy` what browsers keep and load; `json_log` log lines for
machines. `trusted_proxies` reads whose headers count. `home` is the folder in which all of this is kept.
"""
