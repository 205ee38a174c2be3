"""The charset matrix: what a header says of the encoding against what the document says, and who is right.

for case in encodings.matrix():
    server.add(case.path, case.response)
    assert case.accepts(my_reader.title(server.url(case.path)))
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
