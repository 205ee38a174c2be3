"""Text as words, for search and for subscribers' rules: the same words for SQLite and PostgreSQL.

A word is a run of letters and digits, without case and accents: "Café" and "CAFE" are the same word. Scripts that are
written without spaces (Chinese, Japanese, Thai and related ones), and Korean, whose words carry endings, become pairs
of characters: 東京都 becomes 東京, 京都, and 都 at the end, so that every character begins exactly one word. So a
search finds a pair in the middle of a sentence, and a single character too, since each pair that begins with it counts.
"C++" and "C#" become "c" and a word of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile
from typing import Final, Literal

# Letters of scripts without spaces between words, and Hangul, with their combining marks (Thai, Khmer, …).
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u303c\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Hiragana and Katakana
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7a3\ud7b0-\ud7fb"  # Hangul
    "\u3105-\u312f\u31a0-\u31bf"  # Bopomofo
)
_LETTER: Final = f"[^\\W_{_UNSPACED}]"
"""A letter or digit of any other script. A word of these ends where such a script begins, as in Python入門."""
# Blocks of Indic scripts, for their vowel signs: these are parts of words, but Python does not count them as letters.
_SIGNS = "\u0900-\u0963\u0966-\u0df3"
_PLAIN_WORD = re.compile(r"[^\W_]+[+#]*")
_HAS_LETTER = re.compile(r"[^\W_]")
# Accents of Latin, Greek and Cyrillic, points of Hebrew, vowels of Arabic: people who search leave them out.
_ACCENTS = "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670]"
_QUOTED = re.compile(r'"([^"]*)"?|([^\s"]+)')
_SYMBOLS = str.maketrans({"+": "plus", "#": "sharp"})

SHORTEST_BEGINNING = 3
"""How many characters a word of a query has at least if it also finds longer words that begin with it. Two characters
are the beginning of too many words.
"""


_MOST_MARKED: Final = 32
"""How many words and phrases of a query are marked in a text: as many as a search uses (`fulltext.MOST_TERMS`)."""
_MOST_OF_PHRASE: Final = 6
"""How many words of a phrase are looked for to mark it. This bounds the time: at each place, a text may have all of
these words but the last, so that they are compared in vain.
"""


@dataclass(frozen=True, slots=True)
class _Scripts:
    """Patterns with ranges of many scripts. To split a text in ASCII into words needs none of them."""

    any_word: re.Pattern[str]
    special: re.Pattern[str]
    unspaced: re.Pattern[str]
    accents: re.Pattern[str]


@cache
def _scripts() -> _Scripts:
    """Return the patterns. They are compiled when a text first needs them: that takes 15 ms, and commands that neither
    read nor search texts should not wait for it.
    """
    return _Scripts(
        re.compile(f"[{_UNSPACED}]+|(?:[^\\W_{_UNSPACED}]|[{_SIGNS}])+[+#]*"),
        re.compile(f"[{_UNSPACED}{_SIGNS}]"),
        re.compile(f"[{_UNSPACED}]"),
        re.compile(_ACCENTS),
    )


def fold(text: str) -> str:
    """Return *text* without case, accents and compatibility forms (ﬁ, Ａ, ①)."""
    if text.isascii():
        return text.lower()
    plain = _normalized("NFKD", text).casefold()
    return _normalized("NFC", _scripts().accents.sub("", plain))


_SHORT: Final = 200
# Marks are no word characters for Python. U+FF9E and U+FF9F are, but NFKD makes marks of them.
_MANY_MARKS = re.compile(r"[^\w\s\x00-\x7f]{32}")
_MANY_MARKS_OR_HALF_WIDTH = re.compile(r"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){32}")


def _normalized(form: Literal["NFC", "NFKD"], text: str) -> str:
    """Return *text* in a normalization form, in linear time.

    To put the marks that follow a letter into their canonical order takes quadratic time (Unicode Standard, 3.11). So a
    run of marks is cut into pieces that are normalized one by one. In no language does a letter have so many marks.
    """
    if len(text) < _SHORT:
        return unicodedata.normalize(form, text)
    half_width = "\uff9e" in text or "\uff9f" in text
    pieces, position = [], 0
    for found in (_MANY_MARKS_OR_HALF_WIDTH if half_width else _MANY_MARKS).finditer(text):
        pieces.append(unicodedata.normalize(form, text[position : found.end()]))
        position = found.end()
    return "".join([*pieces, unicodedata.normalize(form, text[position:])])


def written_out(text: str, most: int) -> str:
    """Return the first *most* characters of what *text* becomes if each character that stands for several is replaced
    by them: U+FDFA by eighteen, for example. The rest of *text* is not read.
    """
    if text.isascii():
        return text[:most]
    parts, length = [], 0
    for start in range(0, len(text), _PART):
        parts.append(unicodedata.normalize("NFKC", text[start : start + _PART]))
        length += len(parts[-1])
        if length >= most:
            break
    return "".join(parts)[:most]


_PART: Final = 32
"""How many characters are written out at once."""


def words(text: str) -> list[str]:
    """Return the words of *text*, in order. A search for any of them finds the text."""
    folded = fold(text)
    special = not folded.isascii() and _scripts().special.search(folded) is not None
    if not special and "+" not in folded and "#" not in folded:
        return _PLAIN_WORD.findall(folded)
    return list(_split(folded, special=special))


def _split(folded: str, *, special: bool) -> Iterator[str]:
    # The pattern for all scripts is five times slower than the one that most text needs.
    scripts = _scripts() if special else None
    for word in (scripts.any_word if scripts else _PLAIN_WORD).findall(folded):
        if scripts and scripts.unspaced.match(word):
            yield from (word[i : i + 2] for i in range(len(word)))
        elif word[-1] in "+#":
            plain = word.rstrip("+#")
            yield plain
            yield plain + word[len(plain) :][:8].translate(_SYMBOLS)
        else:
            yield word


@dataclass(frozen=True, slots=True)
class Term:
    """What a search looks for: *words* that follow each other. With *prefix*, the last one is the beginning of
    a word.
    """

    words: tuple[str, ...]
    prefix: bool = False

    def is_in(self, line: str) -> bool:
        """Return whether the term occurs in *line*, which `line_of` made."""
        return f" {' '.join(self.words)}{'' if self.prefix else ' '}" in line


def line_of(text: str) -> str:
    """Return the words of *text* in one line, as `Term.is_in` needs them."""
    return f" {' '.join(words(text))} "


def terms(query: str, *, beginnings: bool = False) -> list[Term]:
    """Return what *query* asks for: its words, and phrases in double quotes. Nothing else has a meaning.

    With *beginnings*, a word of at least SHORTEST_BEGINNING characters that is not in quotes asks for all words that
    begin with it. A part without letters and digits ("?!") is left out.
    """
    found = []
    for phrase, word in _QUOTED.findall(query):
        if term := _term(phrase or word, beginning=beginnings and not phrase):
            found.append(term)
    return found


def _term(text: str, *, beginning: bool) -> Term | None:
    parts = words(text)
    if not parts:
        return None
    unspaced = _unspaced_at_end(fold(text))
    # In a script without spaces, more characters may follow in the text. So the last word of the term, a single
    # character, is left out if a pair comes before it. Otherwise it is taken for the beginning of a word.
    if unspaced > 1:
        parts.pop()
    if unspaced:
        return Term(tuple(parts), prefix=len(parts[-1]) == 1)
    return Term(tuple(parts), prefix=beginning and len(parts[-1]) >= SHORTEST_BEGINNING)


@lru_cache(maxsize=32)
def pattern_of(query: str) -> re.Pattern[str] | None:
    """Return a pattern for the words of *query* in folded text, None if it has none. If a word of the query is the
    beginning of one in the text, the pattern matches that whole word.

    Of a long query, it finds the first _MOST_MARKED words and phrases. Of a phrase, it finds at most the first
    _MOST_OF_PHRASE words, and only those before the first one without letters and digits.
    """
    found: list[tuple[str, bool]] = []
    for phrase, word in _QUOTED.findall(query):
        if pattern := _pattern(phrase or word, beginning=not phrase):
            found.append(pattern)
    # The longest comes first: of several that begin at one place, it is the one to show.
    kept = sorted(list(dict.fromkeys(found))[:_MOST_MARKED], key=lambda each: len(each[0]), reverse=True)
    spaced = "|".join(shape for shape, is_unspaced in kept if not is_unspaced)
    # The lookbehind is written once, for all of them: `re` needs most of a millisecond to compile the letters.
    patterns = [f"(?<!{_LETTER})(?:{spaced})"] if spaced else []
    patterns += [shape for shape, is_unspaced in kept if is_unspaced]
    return re.compile("|".join(patterns)) if patterns else None


def _pattern(text: str, *, beginning: bool) -> tuple[str, bool] | None:
    """Return a pattern for the words of *text*, and whether the first of them is in a script without spaces. If it is
    not, the caller must not let the pattern match behind a _LETTER. Returns None if there are no words.
    """
    scripts = _scripts()
    parts = scripts.any_word.findall(fold(text))
    if not parts:
        return None
    # A word of vowel signs alone, which no language has, ends what is looked for. The pattern between two words,
    # [\W_]*, matches signs as well: `re` would try all ways to divide a row of signs between the two.
    lettered = sum(1 for _ in takewhile(_HAS_LETTER.search, parts))
    kept = parts[: min(max(1, lettered), _MOST_OF_PHRASE)]
    beginning, parts = beginning or len(kept) < len(parts), kept
    unspaced = [scripts.unspaced.match(part) is not None for part in parts]
    joined = re.escape(parts[0])
    for at in range(1, len(parts)):
        # Two words of _LETTERs have something between them.
        begins = "" if unspaced[at] or unspaced[at - 1] else r"(?<![^\W_])"
        joined += rf"[\W_]*{begins}{re.escape(parts[at])}"
    return joined + _ending(parts[-1], beginning=beginning), unspaced[0]


def _ending(last: str, *, beginning: bool) -> str:
    """Return a pattern for what follows *last*, the last word of a term: the rest of a word that begins with it, if it
    may be a *beginning*, or else a condition that the word ends there.
    """
    if _scripts().unspaced.search(last):
        return ""
    if last[-1] in "+#":  # any letter after it begins another word
        return "" if beginning else "(?![+#])"
    return f"{_LETTER}*" if beginning and len(last) >= SHORTEST_BEGINNING else f"(?!{_LETTER})"


def _unspaced_at_end(text: str) -> int:
    """Return how many characters of scripts without spaces are at the end of *text*, at most 2. Punctuation
    after them doesn't count.
    """
    if text.isascii():
        return 0
    unspaced = _scripts().unspaced
    end = len(text)
    while end and not (text[end - 1].isalnum() or text[end - 1] == "_" or unspaced.match(text, end - 1)):
        end -= 1
    return sum(1 for _ in takewhile(unspaced.match, reversed(text[max(0, end - 2) : end])))
