"""The charset of requests is UTF-8: a WSGI application around Django's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# Also as RFC 2231 has it (`charset*=…`), which Django reads.
_CHARSET = re.compile(r";\s*+charset[^=;]*+=(?>\s*+\"[^\"]*+\"?|[^;]*+)", re.IGNORECASE)


def in_utf8(application: Callable[..., Any]) -> Callable[..., Any]:
    """Return *application* such that it reads queries and forms as UTF-8, whatever charset a request names.

    Django takes the charset of the Content-Type for both, and that may be any codec that Python has. Before anything of
    a site can look at the request, one that is none of text ("hex") or takes nothing ("undefined") ends in an error,
    and "unicode_escape" makes NULs and lone surrogates of harmless bytes. Our pages are in UTF-8, so what comes from
    them is too.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["CONTENT_TYPE"] = _CHARSET.sub("", environ.get("CONTENT_TYPE", ""))
        return application(environ, start_response)

    return answer
