"""Attempts to run a script in the reader's browser, and feeds that are full of them."""
