"""The integration for Django: Django's own test cases, with a server for each test.

A server is the same thing for all three; which one to take depends on the database alone, as ever: none, a transaction
that is rolled back, or real commits, for code that reads feeds in threads or processes of its own.
"""

from __future__ import annotations

from django.test import SimpleTestCase, TestCase, TransactionTestCase

from feedserver.testcases import FeedServerMixin

__all__ = ["FeedServerSimpleTestCase", "FeedServerTestCase", "FeedServerTransactionTestCase"]

__unittest = True  # its tracebacks leave out the frames of modules that say so


class FeedServerSimpleTestCase(FeedServerMixin, SimpleTestCase):
    """Django's `SimpleTestCase` with a server of its own for each test, see `FeedServerMixin`."""


class FeedServerTestCase(FeedServerMixin, TestCase):
    """Django's `TestCase` with a server of its own for each test, see `FeedServerMixin`."""


class FeedServerTransactionTestCase(FeedServerMixin, TransactionTestCase):
    """Django's `TransactionTestCase` with a server of its own for each test, see `FeedServerMixin`."""
