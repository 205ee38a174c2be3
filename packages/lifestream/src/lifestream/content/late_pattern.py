"""Regular expressions that are compiled when they are first used.

Compiling those of this package takes a quarter of the time that a parser process needs to start, and a usual document
needs a third of them. Patterns that most documents need are compiled by `re` as usual: each use of a late one costs a
little more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, AnyStr, Generic, cast


def late(pattern: AnyStr, flags: int | re.RegexFlag = 0) -> re.Pattern[AnyStr]:
    """Return an object that can be used like the result of `re.compile`: it has the methods and attributes of the
    compiled *pattern*. A wrong pattern raises `re.error` at its first use.
    """
    return cast("re.Pattern[AnyStr]", LatePattern(pattern, flags))


class LatePattern(Generic[AnyStr]):
    """A pattern that is compiled when one of its attributes is asked for the first time."""

    def __init__(self, pattern: AnyStr, flags: int | re.RegexFlag = 0) -> None:
        self._compile: Callable[[], re.Pattern[AnyStr]] = partial(re.compile, pattern, flags)

    @cached_property
    def compiled(self) -> re.Pattern[AnyStr]:
        """The compiled pattern."""
        return self._compile()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # a pattern has no such attribute; code that copies an object asks it for some
            raise AttributeError(name)
        value = getattr(self.compiled, name)
        self.__dict__[name] = value  # the next use finds it there
        return value
