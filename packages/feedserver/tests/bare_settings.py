"""Minimal Django settings for runs of pytest that do not use Django: pytest-django sets it up in each process."""

SECRET_KEY = "a key"
