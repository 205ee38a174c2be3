"""A subscriber's rules over items."""

from __future__ import annotations

import pytest

from growth import seconds
from lifestream.content.filter_rules import (
    LONGEST_RULES,
    MOST_RULES,
    MOST_TERMS,
    RuleError,
    Rules,
    RuleSubject,
    check,
)

ITEM = RuleSubject(
    title="Python 3.14 released",
    text="The new C++ interpreter. A press release. 東京都の天気",
    author="Jane Doe",
    tags=("Programming", "Free Software"),
    link="https://example.com/ads/2024/Python",
)


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ("python", True),
        ("PYTHON released", True),
        ("released python", True),
        ('"python released"', False),
        ('"press release"', True),
        ("pyth", False),
        ("c++", True),
        ("c#", False),
        ("天気", True),
        ("title: python", True),
        ("TITLE : python", True),
        ("title: interpreter", False),
        ("text: interpreter", True),
        ("text: python", False),
        ('author: "jane doe"', True),
        ("author: python", False),
        ("tag: software", True),
        ("tag: programming", True),
        ('tag: "programming free"', False),
        ('"released the new"', False),
        ("doe programming", True),
        ("link: example.com/ADS/", True),
        ("link: example.org", False),
        ("example.com", False),
        ("re: python", False),
        ("3.14", True),
    ],
)
def test_a_rule_matches_an_item_that_has_all_its_words_and_phrases(rule: str, matches: bool) -> None:
    assert Rules.of("", rule).allow(ITEM) is not matches
    assert Rules.of(rule, "").allow(ITEM) is matches


@pytest.mark.parametrize(
    ("keep", "block", "allowed"),
    [
        ("", "", True),
        ("python", "", True),
        ("nothing\n\n  python  ", "", True),
        ("nothing\nnobody", "", False),
        ("", "nothing\nnobody", True),
        ("", "nothing\npython", False),
        ("python", "release", False),
        ("title:\n?!", "title:\n?!", True),
        ("title:\n?!\nnothing", "", False),
        ("", "title:\n?!\npython", False),
    ],
)
def test_an_item_passes_unless_a_block_rule_matches_or_there_are_keep_rules_and_none_matches(
    keep: str, block: str, allowed: bool
) -> None:
    assert Rules.of(keep, block).allow(ITEM) is allowed


@pytest.mark.parametrize(("line", "shown"), [("title:", "'title:'"), (" ?! ", "'?!'"), ("link:  ", "'link:'")])
def test_a_line_that_looks_for_nothing_is_no_rule(line: str, shown: str) -> None:
    with pytest.raises(RuleError) as caught:
        check(f"python\n\n{line}\n")
    assert str(caught.value) == f"Line 3, {shown}, has nothing to look for: write a word after it, or remove it."
    check("python\n\ntitle: python")


def test_rules_without_words_are_falsy() -> None:
    assert not Rules.of("", "\n?!")
    assert Rules.of("x", "")
    assert Rules.of("", "", within=Rules.of("x", ""))


@pytest.mark.parametrize(("outer", "allowed"), [(("python", ""), True), (("nothing", ""), False), (("", "doe"), False)])
def test_an_item_must_pass_the_rules_of_the_lifestream_too(outer: tuple[str, str], allowed: bool) -> None:
    assert Rules.of("release", "", within=Rules.of(*outer)).allow(ITEM) is allowed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "line", "many"),
    [
        ("x\n\n" * (MOST_RULES + 1), 2 * MOST_RULES + 1, "500 rules"),
        ("link: x\n" * (MOST_RULES * 10), MOST_RULES + 1, "500 rules"),
        ("\n".join(["a b c d e"] * 201), 201, "1,000 words and phrases"),
        ("a " * 100_000, 1, "1,000 words and phrases"),
    ],
)
def test_the_number_of_rules_is_limited(text: str, line: int, many: str) -> None:
    """Each rule reads the whole of each item, in the process that imports for all subscribers."""
    with pytest.raises(
        RuleError, match=rf"^Line {line}, '.{{1,100}}', is too much: at most {many} count, so remove so"
    ):
        check(text)
    read = Rules.of("", text).block
    assert len(read) <= MOST_RULES
    assert sum(len(rule.terms) for rule in read) <= MOST_TERMS


@pytest.mark.parametrize("text", ["\ufdfa" * 99_000, f"{chr(0xFDFA) * 190}\n" * 500], ids=["one line", "many lines"])
def test_the_letters_that_few_characters_stand_for_are_limited(text: str) -> None:
    """An import reads the rules of all subscribers again, and holds the database meanwhile."""
    with pytest.raises(RuleError, match="at most 1,000 words and phrases count"):
        check(text)
    read = Rules.of("", text).block
    assert sum(len(word) for rule in read for term in rule.terms for word in term.words) <= 100 * MOST_TERMS


def test_the_rules_up_to_the_limit_still_apply() -> None:
    rules = Rules.of("", "python\n" + "nothing\n" * (2 * MOST_RULES))
    assert len(rules.block) == MOST_RULES
    assert not rules.allow(ITEM)
    check("x\n" * MOST_RULES)


@pytest.mark.slow
@pytest.mark.parametrize("character", ["\ufdfa", "\u6771", "a"])
def test_the_lines_that_rules_read_are_not_many_times_as_long_as_the_text(character: str) -> None:
    """The character U+FDFA stands for 18 letters, and each rule would read all of them."""
    text = f"early {character * 40_000} late"
    for each in (text, text[:2_000]):
        assert len(RuleSubject(text=each).lines["text"]) < 4 * len(each) + 100
    assert not Rules.of("", "text: early").allow(RuleSubject(text=text))
    assert Rules.of("", "text: late").allow(RuleSubject(text=text)) is (character == "\ufdfa")
    tags = (*[character * 1_000] * 30, "late")
    assert Rules.of("", "tag: late").allow(RuleSubject(tags=tags)) is (character == "\ufdfa")
    short = f"{character * 200} late"
    assert not Rules.of("", "late").allow(RuleSubject(text=short)), "of a shorter text, nothing is left out"


@pytest.mark.parametrize(
    ("rule", "item"),
    [
        (f'"{"a " * 44}{{}}"', RuleSubject(text="a " * 14_900)),
        (f'"{"a " * 600}{{}}"', RuleSubject(text="a " * 1_240)),
        (f"link: {'a' * 90}{{}}aa", RuleSubject(link="a" * 8_190)),
        ("link: x{}", RuleSubject(link="ß" * 8_190)),
        ("text: x{}", RuleSubject(text="a")),
    ],
    ids=["phrase", "long phrase", "link", "link beyond ASCII", "short item"],
)
def test_the_cost_of_rules_and_the_size_of_an_item_tell_how_long_the_rules_take(rule: str, item: RuleSubject) -> None:
    """An import has a budget for the product of both. In the slowest text, a phrase may begin at each place."""
    usual = RuleSubject(text="some words " * 2_000)
    few = _seconds(Rules.of("", "\n".join(f"text: x{number}y" for number in range(50))), usual)
    many = "\n".join(rule.format(chr(98 + number % 20)) for number in range(20))
    assert _seconds(Rules.of("", many), item) < 25 * few


def _seconds(rules: Rules, item: RuleSubject) -> float:
    """Return the seconds that *rules* take for *item*, divided by the cost of the rules and by the size of the item."""
    assert rules.allow(item), "nothing matches, and the words of the item are known now"
    return seconds(lambda: rules.allow(item), 3) / (rules.cost * item.size)


def test_only_the_beginning_of_a_too_long_text_of_rules_applies() -> None:
    rules = Rules.of("", f"python\n{'x' * LONGEST_RULES}\nnothing")
    assert len(rules.block) == 2 and not rules.allow(ITEM)
    assert Rules.of("", "\n" * LONGEST_RULES + "python").allow(ITEM)
