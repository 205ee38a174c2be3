"""A ready Django project around the app: `settings` from the environment, `urls`, and the command `lifestream`."""
