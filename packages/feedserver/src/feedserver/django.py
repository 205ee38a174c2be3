"""The integration for Django: Django's own test cases, with a server for each test.

All of them provide the server in the same way. Which of them to use depends on the database, as always in Django: no
database, a transaction that is rolled back, or real commits, for code that reads feeds in threads or processes of its
own. `FeedServerLiveServerTestCase` makes real commits, too, and serves the site under test at Django's
`live_server_url`.
"""

from __future__ import annotations

from django.test import LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase

from feedserver.testcases import FeedServerMixin

__all__ = [
    "FeedServerLiveServerTestCase",
    "FeedServerSimpleTestCase",
    "FeedServerTestCase",
    "FeedServerTransactionTestCase",
]

__unittest = True  # unittest's tracebacks leave out modules that set this


class FeedServerSimpleTestCase(FeedServerMixin, SimpleTestCase):
    """Django's `SimpleTestCase` with a server of its own for each test, see `FeedServerMixin`."""


class FeedServerTestCase(FeedServerMixin, TestCase):
    """Django's `TestCase` with a server of its own for each test, see `FeedServerMixin`."""


class FeedServerTransactionTestCase(FeedServerMixin, TransactionTestCase):
    """Django's `TransactionTestCase` with a server of its own for each test, see `FeedServerMixin`."""


class FeedServerLiveServerTestCase(FeedServerMixin, LiveServerTestCase):
    """Django's `LiveServerTestCase` with a server of feeds for each test, see `FeedServerMixin`.

    `host` and `port` are Django's; those of the server of feeds are `feedserver_host` and `feedserver_port`.
    """
