"""Django's settings for runs of pytest that need none: pytest-django sets up a site in each process."""

SECRET_KEY = "a key"
