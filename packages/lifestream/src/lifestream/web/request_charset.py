"""A WSGI application around Django's, so that requests are read as UTF-8."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from django.utils.http import parse_header_parameters

from lifestream.web.form_parts import BoundedParts

LONGEST: Final = 1_000
"""How many characters the Content-Type of a request may have. Django reads it with `email`, in a time that grows with
the square of the number of semicolons in a quoted parameter. Browsers send some seventy characters.
"""
# The second form is that of RFC 2231 (`charset*=…`), which Django reads too.
_CHARSET = re.compile(r";\s*+charset[^=;]*+=(?>\s*+\"[^\"]*+\"?|[^;]*+)", re.IGNORECASE)


def in_utf8(application: Callable[..., Any]) -> Callable[..., Any]:
    """Return *application* wrapped so that it reads queries and forms as UTF-8, whatever charset a request names.

    Django uses the charset of the Content-Type for both, and accepts any codec of Python. A codec that is not for text
    ("hex") or decodes nothing ("undefined") raises an error before any view or middleware sees the request, and
    "unicode_escape" turns harmless bytes into NULs and lone surrogates. Our pages are in UTF-8, so their forms are sent
    in it too.

    A longer type than LONGEST counts as none, and so does one with another encoded parameter (RFC 2231): Django
    answers with a server error if it does not know the charset of that parameter. The parts of a form are bounded
    (`form_parts`).
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        given = environ.get("CONTENT_TYPE", "")
        left = _CHARSET.sub("", given) if len(given) <= LONGEST else ""
        environ["CONTENT_TYPE"] = content_type = "" if "*" in left else left
        body = environ.get("wsgi.input")
        # Find the boundary in the same way as Django does, which reads no form without a boundary.
        boundary = parse_header_parameters(content_type)[1].get("boundary") if "multipart/" in content_type else ""
        if boundary and not isinstance(body, BoundedParts):
            environ["wsgi.input"] = BoundedParts(body, boundary)
        return application(environ, start_response)

    return answer
