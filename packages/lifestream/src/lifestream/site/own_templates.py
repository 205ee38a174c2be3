"""Templates in LIFESTREAM_HOME: their reading, and what the log says about one that fails.

Django's messages name neither the template nor the line: "Invalid filter: 'upperr'". And the pages of errors extend the
same `base.html` as all others, so a mistake there would leave visitors without any page.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates
from django.template.loader import render_to_string
from django.template.loaders.filesystem import Loader

from lifestream.fetcher.shortage import shortage_of

SHIPPED: Final = Path(__file__).parent / "templates"
log = logging.getLogger(__name__)


class RegularFiles(Loader):
    """Reads templates from regular files only: reading a pipe could wait for ever."""

    def get_contents(self, origin: Any) -> str:
        """Return the text of the template. Raises TemplateDoesNotExist if there is no such file, OSError if it is not
        regular or can't be read.
        """
        path = Path(origin.name)
        if path.exists() and not path.is_file():
            raise OSError(f"{path} is no file")
        text: str = super().get_contents(origin)
        return text


class NamesTemplate(logging.Filter):
    """Adds to the message of a record that has an exception: the template, and its line, that raised the exception.

    No record is held back.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the template to the message of *record*. Returns True."""
        error = record.exc_info[1] if record.exc_info else None
        where = culprit(error) if error is not None else ""
        if where:
            record.msg, record.args = f"{record.getMessage()} (raised in the template {where})", ()
        return True


def culprit(error: BaseException) -> str:
    """Return the path of the template, and the line, from which *error* was raised; "" if it came from none."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        found = _place_in(trace.tb_frame, error) or found
        trace = trace.tb_next
    # In place of an error about a missing template, Django raises another one, with the first as its cause.
    return culprit(error.__cause__) if not found and error.__cause__ is not None else found


def _place_in(frame: FrameType, error: BaseException) -> str:
    """Return the template that Django reads, parses or renders in *frame*, with the line if it is known; "" if there is
    none.
    """
    if not frame.f_globals.get("__name__", "").startswith(("django.template.", __name__)):
        return ""
    origin = token = None
    match frame.f_code.co_name:
        case "get_contents":  # the file can't be read
            origin = frame.f_locals.get("origin")
        case "compile_nodelist":
            origin, token = frame.f_locals["self"].origin, getattr(error, "token", None)
        case "render_annotated":
            node = frame.f_locals["self"]
            origin, token = getattr(node, "origin", None), getattr(node, "token", None)
    if origin is None:
        return ""
    line = getattr(token, "lineno", None)
    return str(origin.name) if line is None else f"{origin.name}, line {line}"


def rendered(template: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
    """Return the error page that *template* makes. If that fails, log the failure, and return the page that the shipped
    templates make without those in LIFESTREAM_HOME.

    If files or memory ran out, the exception that says so is raised: `shortage` answers it.
    """
    try:
        return render_to_string(template, context, request)
    except Exception as error:
        if shortage_of(error) is not None:
            raise
        told = f"{type(error).__name__}: {error}"
        log.error(  # noqa: TRY400  a traceback is logged for the error that the page is about
            "the page of an error is shown without your own templates: %s (raised in the template %s)",
            told,
            culprit(error) or template,
        )
        text: str = _shipped().get_template(template).render(context, request)
        return text


@cache
def _shipped() -> DjangoTemplates:
    processors = ["django.template.context_processors.request"]
    return DjangoTemplates(
        {"NAME": "shipped", "DIRS": [SHIPPED], "APP_DIRS": True, "OPTIONS": {"context_processors": processors}}
    )
