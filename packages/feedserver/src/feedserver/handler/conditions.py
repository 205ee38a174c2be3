"""Conditions that a request must meet beside its path: for routes, and for what a test asks the journal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict
from urllib.parse import parse_qs

from feedserver.messages.argument_types import (
    check_encodable,
    check_given,
    check_has_run,
    check_is,
    check_name,
    check_plain_function,
    check_text,
    named,
)
from feedserver.messages.headers import check_token, to_bytes
from feedserver.messages.terminal_text import visible

if TYPE_CHECKING:
    from feedserver.messages.request import Request


@dataclass(frozen=True, slots=True)
class Including:
    """What a query, a form or a JSON object must have at least: other names and values are allowed, too."""

    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        check_is("values", self.values, Mapping, "give a mapping, such as {'page': '2'}")
        for name in self.values:
            check_given("a name in values", name, "page")  # JSON may have any text


HeaderFilter: TypeAlias = Mapping[str, str | None]
"""The values that headers must have, by their names; None means that the header must be there, whatever its value."""

Fields: TypeAlias = Mapping[str, "str | Sequence[str] | None"] | Including
"""The fields of a query or a form, by name: a value, several in order, or None for any. In an `Including`, their order
does not matter, and a field may have further values.
"""


class ConditionsInput(TypedDict, total=False):
    """The arguments of `Conditions`. Every request meets a condition that is left out.

    - query: the fields of the query string in any order, and no others: name to value, to a list of values, or to None
      for any. `Including({…})` allows other fields, too. A query beside a path with a query string is refused.
    - headers: header names to the value they must have; None means that the header must be there, whatever its value.
    - body: the body, as bytes or as text (UTF-8).
    - form: the fields of a body that is a form (application/x-www-form-urlencoded); its values are as those of *query*.
    - json: the value of a body that is JSON; `Including({…})` allows other names in an object.
    - matching: a function that is given the `Request` and returns whether it matches. That of a route runs on the
      server's event loop, so it must return at once.
    """

    query: Fields | None
    headers: HeaderFilter | None
    body: str | bytes | None
    form: Fields | None
    json: Any
    matching: Callable[[Request], bool] | None


class Criteria(ConditionsInput, total=False):
    """What a request must have beside its path: a *method*, which may be written in lower case, and conditions."""

    method: str | None


ELSEWHERE = {
    "when": "matching= takes a function, and when= belongs to faults",
    "status": "Response(…, status=404) has it, and journal.filter(path, status=404) finds it",
    "count": "expect(path, times=2), assert_requested(path, count=2) and wait_for(path, count=2) count requests",
    "times": "expect(path, times=2) counts requests, and add(path, first, second) answers them one after the other",
    "at_least": "expect(path, at_least=2) has it",
    "at_most": "expect(path, at_most=2) has it",
    "timeout": "wait_for(path, timeout=5) has it",
    "delay": "Response(…, delay='250ms') has it",
    "then": "add(path, answer, then={…}) has it",
    "state": "add(path, answer, state={…}) has it",
    "method": "give it to add(), expect() or the journal's questions",
    "params": "give query={…}",
    "data": "give body= for the whole body, or form={…}",
}
"""What to write for the names of arguments that seem to be conditions, but are not."""

NO_JSON: Any = object()
"""The value of *json* if no JSON is expected, since None is a value of JSON."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The *query*, *headers*, *body*, *form*, *json* and *matching* that a request must meet.

    See `ConditionsInput`.

    Raises TypeError for a value of a wrong type; ValueError for a bad value, such as a header's name with a blank, for
    more than one of *body*, *form* and *json*, and for headers that no request can have together, or with a form.
    """

    query: Fields | None = None
    headers: HeaderFilter | None = None
    body: str | bytes | None = None
    form: Fields | None = None
    json: Any = NO_JSON
    matching: Callable[[Request], bool] | None = None

    def __post_init__(self) -> None:
        if self.headers is not None:
            check_is("headers", self.headers, Mapping, "give a mapping, such as {'If-None-Match': None}")
            for name, value in self.headers.items():
                check_token("a name in headers", name, "ETag")
                check_is(f"headers[{name!r}]", value, (str, NoneType), "give the text that it must be, or None for any")
                check_text(f"headers[{name!r}]", value, or_none=True)
                if value is not None and value != value.strip(" \t\r\n"):
                    raise ValueError(
                        f"headers[{name!r}] is {value!r}, and no value begins or ends with a blank; give "
                        f"{value.strip()!r}"
                    )
                if value is not None and (bad := _NOT_IN_VALUE.search(value)):
                    raise ValueError(
                        f"headers[{name!r}] is {value!r}, and no value that arrives contains {bad[0]!r}; leave it out"
                    )
            _check_names(self.headers)
        for what, fields in (("query", self.query), ("form", self.form)):
            if fields is not None:
                _check_fields(what, fields)
        if self.body is not None and not isinstance(self.body, bytes):
            check_is("body", self.body, str, "give text or bytes, form={…} or json=…")
            check_text("body", self.body)
        if self.json is not NO_JSON:
            _check_json(self.json)
        if self.matching is not None:
            check_plain_function("matching", self.matching, "give a function that takes a Request")
        bodies = [name for name, value in (("body", self.body), ("form", self.form)) if value is not None]
        bodies += ["json"] if self.json is not NO_JSON else []
        if len(bodies) > 1:
            raise ValueError(f"{' and '.join(bodies)} are given; give one of them, since a body is only one of these")
        kinds = [value for name, value in _items(self.headers) if name.lower() == "content-type" and value is not None]
        if self.form is not None and kinds and _type_of(kinds[0]) != _FORM:
            raise ValueError(
                f"form is given, and headers['Content-Type'] is {kinds[0]!r}, with which a body is no form; leave it "
                "out, or give body="
            )

    @classmethod
    def of(cls, given: ConditionsInput, *beside: str) -> Conditions:
        """Return the conditions of a call's keyword arguments. Raises TypeError for a name that is no condition.

        *beside* are other arguments that the call takes.
        """
        if not given:
            return NO_CONDITIONS
        for name in given:
            if name not in cls.__slots__:
                raise no_condition(name, *beside)
        return cls(**given)

    @property
    def is_empty(self) -> bool:
        """Whether every request meets these conditions."""
        return self is NO_CONDITIONS or self == NO_CONDITIONS

    @property
    def needs_body(self) -> bool:
        """Whether the request's body must have arrived before these conditions can be judged."""
        return self.body is not None or self.form is not None or self.json is not NO_JSON or self.matching is not None

    @property
    def weight(self) -> int:
        """The number of conditions beside the query: of two routes, the one with more of them is the more specific."""
        has_body = self.body is not None or self.form is not None or self.json is not NO_JSON
        return len(self.headers or ()) + has_body + (self.matching is not None)

    def difference(self, request: Request) -> str:
        """Return how *request* differs from these conditions, as the end of "It was requested …"; "" if it
        meets them.
        """
        if self.query is not None and not _has_fields(_fields_of(request.query), self.query):
            return f"with the query {visible(request.query)!r}."
        for name, value in (self.headers or {}).items():
            found = request.headers.get(name)
            if found is None:
                return f"without {name}."
            if value is not None and found != value:
                return f"with {name}: {found}"
        if self.needs_body:
            return self._difference_of_body(request)
        return ""

    def _difference_of_body(self, request: Request) -> str:
        if self.body is not None and request.body != to_bytes(self.body):
            return f"with the body {_start(request.body)}."
        if self.form is not None:
            kind = _type_of(request.headers.get("Content-Type", ""))
            if kind != _FORM:
                return f"with a body of the type {kind or '(none)'}, which is no {_FORM}."
            if not _has_fields(_fields_of(request.text), self.form):
                return f"with the form {_start(request.body)}."
        if self.json is not NO_JSON:
            import json

            try:
                sent = json.loads(request.body.decode("utf-8"), parse_constant=_refuse_constant)
                is_wanted = _has_value(sent, self.json)
            except ValueError:
                return f"with a body that is no JSON, {_start(request.body)}."
            except RecursionError:
                return f"with JSON that is nested too deeply to be compared, {_start(request.body)}."
            if not is_wanted:
                return f"with the JSON {_start(request.body)}."
        if self.matching is not None:
            matches = self.matching(request)
            check_has_run("matching(…)", matches)
            if not matches:
                return "but matching(…) did not return True."
        return ""

    def are_met_by(self, request: Request) -> bool:
        """Return whether *request* meets these conditions."""
        return not self.difference(request)

    def words(self) -> list[str]:
        """Return these conditions in words, for messages."""
        phrases = [f"with {name}" if value is None else f"with {name}: {value}" for name, value in _items(self.headers)]
        for what, value in (("query", self.query), ("body", self.body), ("form", self.form)):
            phrases += [f"with the {what} {_shown(value)}"] if value is not None else []
        phrases += [f"with the JSON {_shown(self.json)}"] if self.json is not NO_JSON else []
        phrases += [f"matching {getattr(self.matching, '__qualname__', self.matching)}"] if self.matching else []
        return phrases


_NOT_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""What a value of a header never contains: control characters are refused, and bytes that are no UTF-8 are read as
ISO-8859-1.
"""

_FORM = "application/x-www-form-urlencoded"


def _type_of(content_type: str) -> str:
    """Return the media type in a value of Content-Type, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def _check_names(headers: HeaderFilter) -> None:
    """Raise ValueError for one name, in different cases, that has two values: no request has both."""
    values: dict[str, tuple[str, str]] = {}
    for name, value in _items(headers):
        if value is None:
            continue
        other, other_value = values.setdefault(name.lower(), (name, value))
        if value != other_value:
            raise ValueError(
                f"headers has {other!r} and {name!r}, the same name, with {other_value!r} and {value!r}; give one of "
                "them"
            )


def refuse_two_queries(path: object, conditions: Conditions) -> None:
    """Raise ValueError where both the *path* and the *conditions* have a query."""
    if conditions.query is not None and isinstance(path, str) and "?" in path:
        raise ValueError(f"query is given beside the path {path!r}, which has a query of its own; give one of them")


def _check_fields(what: str, fields: object) -> None:
    values = fields.values if isinstance(fields, Including) else fields
    check_is(what, values, Mapping, "give a mapping, such as {'page': '2'}, or Including({…})")
    for name, value in values.items() if isinstance(values, Mapping) else ():
        check_name(f"a name in {what}", name, "page")
        is_list = (
            isinstance(value, Sequence)
            and not isinstance(value, str | bytes)
            and all(isinstance(each, str) for each in value)
        )
        if not is_list:
            such = f", such as '{value}'" if isinstance(value, int | float) else ""
            check_is(f"{what}[{name!r}]", value, (str, NoneType), f"give text{such}, a list of texts, or None for any")
        if is_list and not value:
            raise ValueError(f"{what}[{name!r}] is {value!r}; give a list of at least one text, or None for any value")
        for text in [value] if isinstance(value, str) else value or ():
            check_encodable(f"{what}[{name!r}]", text)


def _check_json(wanted: object) -> None:
    import json

    values = wanted.values if isinstance(wanted, Including) else wanted
    try:
        # The names are sorted, as in `_is_same`, so that names of several types fail here and not there. No JSON that
        # arrives has NaN or Infinity.
        json.dumps(values, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"json is {named(wanted)}, which JSON cannot express ({error}); give what json.loads returns"
        ) from error


def _fields_of(text: str) -> dict[str, list[str]]:
    """Return the fields of a query or a form. Surrogates stand for bytes that are not UTF-8, as in what is wanted."""
    return parse_qs(text, keep_blank_values=True, errors="surrogateescape")


def _has_fields(sent: dict[str, list[str]], wanted: Fields) -> bool:
    values = wanted.values if isinstance(wanted, Including) else wanted
    if not isinstance(wanted, Including) and sent.keys() != values.keys():
        return False
    for name, value in values.items():
        if name not in sent:
            return False
        if value is None:
            continue
        listed = [value] if isinstance(value, str) else list(value)
        is_met = Counter(listed) <= Counter(sent[name]) if isinstance(wanted, Including) else listed == sent[name]
        if not is_met:
            return False
    return True


def _has_value(sent: object, wanted: object) -> bool:
    if isinstance(wanted, Including):
        return isinstance(sent, dict) and all(
            name in sent and _is_same(sent[name], value) for name, value in wanted.values.items()
        )
    return _is_same(sent, wanted)


def _is_same(sent: object, wanted: object) -> bool:
    """Return whether two values are the same in JSON, where 1.0 is 1, True is not, and a tuple is a list."""
    import json

    def in_json(value: object) -> str:
        return json.dumps(json.loads(json.dumps(value), parse_float=_number), sort_keys=True)

    return in_json(sent) == in_json(wanted)


def _number(digits: str) -> int | float:
    number = float(digits)
    return int(number) if number.is_integer() else number


def _refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON does not have (RFC 8259 §6)."""
    raise ValueError(f"{name} is no JSON")


def _items(headers: HeaderFilter | None) -> list[tuple[str, str | None]]:
    return list(headers.items()) if headers is not None else []


def _shown(value: object) -> str:
    return f"including {dict(value.values)!r}" if isinstance(value, Including) else repr(value)


def _start(body: bytes) -> str:
    return visible(repr(body if len(body) <= 60 else body[:57] + b"..."))


NO_CONDITIONS = Conditions()


def no_condition(name: str, *beside: str) -> TypeError:
    """Return the error that the argument *name* is no condition of a request. *beside* are other arguments that the
    call takes.
    """
    remedy = _remedy_for_name(name, Conditions.__slots__, beside)
    return TypeError(f"{name}= is no condition of a request; {remedy}")


def _remedy_for_name(name: str, known: Sequence[str], beside: Sequence[str]) -> str:
    """Return what to write for an argument of this *name*, which is no condition."""
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    from difflib import get_close_matches  # few calls are wrong

    near = get_close_matches(name, (*known, *beside), n=1)
    listed = f"{', '.join(known[:-1])} and {known[-1]}"
    return f"is it {near[0]}=? The conditions are {listed}" if near else f"the conditions are {listed}"
