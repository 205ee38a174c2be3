"""The SQL of the search index: of SQLite (FTS5) and of PostgreSQL (tsvector and GIN).

The databases' own parsers are not used: they disagree on what a word is, and cannot split Chinese text. SQLite gets
text in which its `ascii` tokenizer finds the same words as we do, and PostgreSQL gets a finished tsvector.

PostgreSQL collects all items of a word, or of all words with a prefix, before it returns the first. So its index has
segments, one for each SEGMENT consecutive keys of items: each word has the number of its item's segment in front of it,
such as `12/kite`. A search goes through the segments from the latest on, and stops as soon as it has found enough.
Items that were indexed before there were segments have words without a number. They are searched as well, until
`rebuild_search` has indexed them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lifestream.content.tokenizer import Term, words, written_out
from lifestream.models import sqlite_search
from lifestream.models.time_limit import LONGEST, LOOK

TEXT_LENGTH: Final = 50_000
"""Characters of a text that are indexed. PostgreSQL refuses a tsvector of more than 1 MB."""
LATEST: Final = 500
"""How many of the latest items are searched to find out whether a query's words are frequent."""


SEGMENT: Final = 50_000
"""How many consecutive primary keys of items make a segment of PostgreSQL's index. The entries and the function that
searches them depend on it: a release that changes it needs a migration that creates both again.
"""


@dataclass(frozen=True, slots=True)
class Indexed:
    """The entry of an item in the index: *item* is its primary key, *head* its title, author and tags, *body* its
    text.
    """

    item: int
    head: str
    body: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """The SQL of one database.

    *matching* selects the latest `%(most)s` items that match `%(query)s`, the latest first. *latest* selects those of
    the last LATEST items that match `%(query)s`. *found* is the condition that the item in a column matches a query,
    checked in the item's own entry. *found_in_time* is the same condition for a query within a `TimeLimit` of LOOK
    seconds. *listed* is the same condition, checked in a list of all items that match, which the database takes from
    the index first. *among* is the condition that the item is one of those in a JSON list.

    *write* takes the values of one *row*, or, if it *takes_json*, many rows as JSON, which a driver passes on fastest.
    """

    create: tuple[str, ...]
    drop: tuple[str, ...]
    empty: tuple[str, ...]
    write: str
    takes_json: bool
    forget: str
    sweep: str
    matching: str
    latest: str
    found: str
    found_in_time: str
    listed: str
    among: str
    row: Callable[[Indexed], Sequence[Any]]
    query: Callable[[Iterable[Term]], str]


def _words_of(text: str) -> list[str]:
    """Return the words of *text*, at most TEXT_LENGTH of them, with not many more letters than *text* has characters.

    A single character may stand for four words (U+FDFA). An author's name of such characters would otherwise make the
    index large, since each entry of a feed may have the author of the feed.
    """
    return words(written_out(text, max(_SHORT, _TIMES_LONGER * len(text))))[:TEXT_LENGTH]


_SHORT: Final = 500
_TIMES_LONGER: Final = 2
"""How many times longer than a text its letters may be, if there are more than _SHORT."""


# SQL of SQLite: sqlite.org/fts5.html


def _sqlite_row(entry: Indexed) -> tuple[int, str, str]:
    return entry.item, _line(entry.head), _line(entry.body)


def _line(text: str) -> str:
    text = text[:TEXT_LENGTH]
    # In ASCII, which most text is, the `ascii` tokenizer finds the same words as ours, except for C++ and C#.
    if text.isascii() and "+" not in text and "#" not in text:
        return text
    return " ".join(_words_of(text))


def _sqlite_query(wanted: Iterable[Term]) -> str:
    """Return phrases that are all required. Words contain no quotes."""
    return " ".join(f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in wanted)


# SQL of PostgreSQL: postgresql.org/docs/current/datatype-textsearch.html

_LEXEME_LENGTH = 500  # characters; PostgreSQL refuses a lexeme of more than 2046 bytes


def _postgresql_row(entry: Indexed) -> tuple[int, str]:
    """Return the item's key, and its tsvector as text. PostgreSQL collects the positions of a word, and keeps as many
    as it can.
    """
    head, body, segment = _lexemes(entry.head), _lexemes(entry.body), entry.item // SEGMENT
    places = [f"{segment}/{word}:{place}A" for place, word in enumerate(head, 1)]
    # One position between them stays unused, so that no phrase begins in the head and ends in the body.
    places += [f"{segment}/{word}:{place}" for place, word in enumerate(body, len(head) + 2)]
    return entry.item, " ".join(places)


def _lexemes(text: str) -> list[str]:
    return [word[:_LEXEME_LENGTH] for word in _words_of(text[:TEXT_LENGTH])]


def _postgresql_query(wanted: Iterable[Term]) -> str:
    """Return phrases with <->, all required. In front of each word is a slash, which `_in_segment` and `_alone`
    replace. Words contain neither slashes nor quotes.
    """
    phrases = []
    for term in wanted:
        lexemes = [f"'/{word[:_LEXEME_LENGTH]}'" for word in term.words]
        lexemes[-1] += ":*" if term.prefix else ""
        phrases.append(f"({' <-> '.join(lexemes)})")
    return " & ".join(phrases)


def _in_segment(query: str, segment: str) -> str:
    """Return SQL that makes *query* find the items of *segment*. Both are SQL: of a query, and of a number."""
    return f"replace({query}, '/', {segment} || '/')::tsquery"


def _alone(query: str) -> str:
    """Return SQL that makes *query*, which is SQL, find the items that were indexed without a segment."""
    return f"replace({query}, '/', '')::tsquery"


def _holds(query: str) -> str:
    """Return the condition that an item of the index matches *query*, SQL for one of our queries.

    It is one comparison, since PostgreSQL reads and unpacks a large tsvector anew for each.
    """
    return f"words @@ ({_in_segment(query, f'(item_id / {SEGMENT})')} || {_alone(query)})"


def _holds_in_time(query: str) -> str:
    """Return the same condition as `_holds`, but after LOOK seconds no item fulfils it."""
    return f"CASE WHEN {_in_time(LOOK)} THEN {_holds(query)} END"


def _in_time(seconds: float) -> str:
    return f"clock_timestamp() < statement_timestamp() + interval '{seconds} s'"


def latest_matching(query: str, most: str) -> str:
    """Return PostgreSQL's query for the latest *most* items that match *query*, the latest first. Both are SQL.

    The nested loop asks for a segment only when those before it have given too few items, and for none after LONGEST
    seconds.
    """
    return f"""
        SELECT item_id FROM (
            (
                SELECT found.item_id
                FROM (
                    SELECT segment FROM generate_series(
                        (SELECT max(item_id) FROM lifestream_search) / {SEGMENT},
                        (SELECT min(item_id) FROM lifestream_search) / {SEGMENT},
                        -1
                    ) AS segment
                    WHERE {_IN_TIME}
                ) AS segments
                CROSS JOIN LATERAL ({_first(query, partial(_in_segment, segment="segment"), most)}) AS found
                LIMIT {most}
            )
            UNION ALL
            ({_first(query, _alone, most)})
        ) AS latest ORDER BY item_id DESC LIMIT {most}
    """  # noqa: S608  only constants of this module are joined, here and below


_IN_TIME: Final = _in_time(LONGEST)


def _first(query: str, placed: Callable[[str], str], most: str) -> str:
    """Return PostgreSQL's query for the latest *most* items that match *query*, as *placed* turns it into a tsquery.

    The query orders by an expression, so that the planner can't walk down the primary key: the planner expects any word
    in each two-hundredth item, and would read all of ten million items to find that none has the word.

    The index tells which items have all words, but not whether these follow each other: for a phrase, PostgreSQL reads
    the whole entry of each such item, and that takes a third of a millisecond if its text is long. So the index is
    asked for the words alone. Then the entries are read one after the other, the latest first, and none after LONGEST
    seconds.
    """
    has_phrases = f"position('<->' in {query}) > 0"
    return f"""
        SELECT item_id FROM (
            SELECT item_id FROM lifestream_search WHERE words @@ {placed(f"replace({query}, '<->', '&')")}
            ORDER BY item_id + 0 DESC LIMIT CASE WHEN {has_phrases} THEN NULL ELSE {most} END
        ) AS candidates
        WHERE NOT {has_phrases} OR CASE WHEN {_IN_TIME} THEN (
            SELECT words @@ {placed(query)} FROM lifestream_search AS entry WHERE entry.item_id = candidates.item_id
        ) END
        LIMIT {most}
    """  # noqa: S608


# A function, since a function can have a setting of its own. The planner expects so much work that PostgreSQL would
# first compile the query. That takes 80 ms, while the query takes 1 ms for a word that is in none of ten million items.
# Nor would the planner use the index of words if there are fewer than some ten thousand items: it expects that a small
# table is read fast, and does not count that PostgreSQL unpacks each item's entry. That takes milliseconds if a text is
# long.
_FUNCTION: Final = f"""
    CREATE OR REPLACE FUNCTION lifestream_search_latest (query text, most bigint) RETURNS SETOF bigint
    LANGUAGE sql STABLE SET jit = off SET enable_seqscan = off AS $${latest_matching("query", "most")}$$
"""

_SQLITE_FOUND: Final = (
    f"(SELECT {sqlite_search.FUNCTION}(head, body, {{query}}) FROM lifestream_search WHERE rowid = {{item}})"  # noqa: S608
)

DIALECTS: Final = {
    "sqlite": Dialect(
        create=("CREATE VIRTUAL TABLE IF NOT EXISTS lifestream_search USING fts5(head, body, tokenize = 'ascii')",),
        drop=("DROP TABLE IF EXISTS lifestream_search",),
        # FTS5 keeps the words of deleted rows until it merges its segments, sqlite.org/fts5.html#the_optimize_command.
        empty=(
            "DELETE FROM lifestream_search",
            "INSERT INTO lifestream_search (lifestream_search) VALUES ('optimize')",
        ),
        write="INSERT OR REPLACE INTO lifestream_search (rowid, head, body) VALUES (%s, %s, %s)",
        takes_json=False,
        forget="DELETE FROM lifestream_search WHERE rowid = %s",
        sweep="DELETE FROM lifestream_search WHERE rowid NOT IN (SELECT id FROM lifestream_item)",
        matching="SELECT rowid FROM lifestream_search WHERE lifestream_search MATCH %(query)s"
        " ORDER BY rowid DESC LIMIT %(most)s",
        latest="SELECT rowid FROM (SELECT rowid, head, body FROM lifestream_search"  # noqa: S608
        f" ORDER BY rowid DESC LIMIT {LATEST}) latest WHERE {sqlite_search.FUNCTION}(head, body, %(query)s)",
        found=_SQLITE_FOUND,
        found_in_time=_SQLITE_FOUND,  # the limit interrupts the query
        # The plus keeps SQLite from looking up the rows of all listed items, which it would have to sort.
        listed="+{item} IN (SELECT rowid FROM lifestream_search WHERE lifestream_search MATCH {query})",
        among="{item} IN (SELECT value FROM json_each({items}))",
        row=_sqlite_row,
        query=_sqlite_query,
    ),
    "postgresql": Dialect(
        create=(
            "CREATE TABLE IF NOT EXISTS lifestream_search (item_id bigint PRIMARY KEY, words tsvector NOT NULL)",
            "CREATE INDEX IF NOT EXISTS lifestream_search_words ON lifestream_search USING gin (words)",
            _FUNCTION,
        ),
        drop=(
            "DROP FUNCTION IF EXISTS lifestream_search_latest (text, bigint)",
            "DROP TABLE IF EXISTS lifestream_search",
        ),
        empty=("DELETE FROM lifestream_search",),
        write="INSERT INTO lifestream_search (item_id, words)"
        " SELECT (entry->>0)::bigint, (entry->>1)::tsvector FROM json_array_elements(%s::json) AS entry"
        " ON CONFLICT (item_id) DO UPDATE SET words = EXCLUDED.words",
        takes_json=True,
        forget="DELETE FROM lifestream_search WHERE item_id = %s",
        # NOT EXISTS instead of NOT IN, which compares each entry with all items if these don't fit into memory.
        sweep="DELETE FROM lifestream_search WHERE NOT EXISTS"
        " (SELECT 1 FROM lifestream_item WHERE lifestream_item.id = lifestream_search.item_id)",
        matching="SELECT item_id FROM lifestream_search_latest(%(query)s, %(most)s) AS found (item_id)",
        latest="SELECT item_id FROM (SELECT item_id, words FROM lifestream_search"  # noqa: S608
        f" ORDER BY item_id DESC LIMIT {LATEST}) latest WHERE {_holds_in_time('%(query)s')}",
        # A value instead of EXISTS, which the planner may turn into a join that reads all matching items.
        found=f"(SELECT {_holds('{query}')} FROM lifestream_search WHERE item_id = {{item}})",  # noqa: S608
        found_in_time=f"(SELECT {_holds_in_time('{query}')} FROM lifestream_search WHERE item_id = {{item}})",  # noqa: S608
        # The greatest bigint, so that all are listed.
        listed="({item} IN (SELECT * FROM lifestream_search_latest({query}, 9223372036854775807))) IS TRUE",
        among="{item} IN (SELECT value::bigint FROM json_array_elements_text({items}::json))",
        row=_postgresql_row,
        query=_postgresql_query,
    ),
}
"""The SQL of each database that has an index, by Django's name of its vendor."""
