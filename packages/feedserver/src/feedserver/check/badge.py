"""The report as an SVG badge: how many scenarios of the highest level passed, of those that were judged."""

from __future__ import annotations

from html import escape

from feedserver.check.report import RULES_VERSION, Report
from feedserver.check.verdicts import Level

_GREEN, _AMBER, _RED, _GREY = "#256b2c", "#8a5a00", "#a3261d", "#555"
_LETTER = 6.6  # pixels a letter takes on average, in Verdana at 11 px


def as_badge(report: Report) -> str:
    """Return an SVG image: `feedserver check | must 19/19 · rules v4`.

    It is red if a scenario of level *must* failed, else amber if one was not judged, else green.
    """
    count = report.count(Level.MUST)
    text = f"must {count.passed}/{count.judged} · rules v{RULES_VERSION}"
    colour = _RED if count.passed < count.judged else _GREEN if count.judged == count.all else _AMBER
    label = "feedserver check"
    left, right = round(len(label) * _LETTER) + 14, round(len(text) * _LETTER) + 14
    title = escape(f"{label}: {text}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n"
        f'<rect width="{left}" height="20" fill="{_GREY}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">\n'
        f'<text x="{left / 2:g}" y="14" textLength="{left - 14}">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - 14}">{escape(text)}</text>\n'
        "</g>\n</svg>\n"
    )
