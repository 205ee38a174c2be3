"""The charset matrix: every combination of the encodings that a header and a document can name, with the right answer.

    for case in encodings.matrix():
        server.add(case.path, case.response)
        assert case.accepts(my_reader.title(server.url(case.path)))

In: nothing. Out: cases, each a response and the titles that a reader may find in it. `rules` decides by the standards
which encoding a document is in: header, XML declaration, byte order mark. `matrix` makes the combinations, and asks
`rules` for the answer. Never imported here: what serves the cases (`handler`, `net`, the server).
"""

from feedserver.encodings.matrix import (
    CHARSETS,
    DECLARATIONS,
    MEDIA_TYPES,
    TEXT,
    TRUTHS,
    Case,
    Outcome,
    Verdict,
    case,
    matrix,
    outcome_of,
)
from feedserver.encodings.rules import RULES, Decision, Rule, decide

__all__ = [
    "CHARSETS",
    "DECLARATIONS",
    "MEDIA_TYPES",
    "RULES",
    "TEXT",
    "TRUTHS",
    "Case",
    "Decision",
    "Outcome",
    "Rule",
    "Verdict",
    "case",
    "decide",
    "matrix",
    "outcome_of",
]
