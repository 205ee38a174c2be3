"""Formulas are written anew; `reading/test_html_of_others.py` tests them in HTML."""

from __future__ import annotations

from lifestream.content.author_tokens import author_tokens
from lifestream.content.mathml import MathWriter


def rewritten(source: str, *, annotations: bool = True) -> str:
    pieces: list[str] = []
    tokens = author_tokens(source)
    writer = MathWriter(pieces, next(tokens), annotations=annotations)
    while writer.is_open and (token := next(tokens, None)):
        if not writer.takes(token):
            pieces.append("|")
    writer.close()
    return "".join(pieces)


def test_elements_that_are_open_at_the_end_are_closed() -> None:
    assert rewritten("<math><mrow><mi>x") == "<math><mrow><mi>x</mi></mrow></math>"
    assert rewritten("<math/>") == "<math></math>"


def test_an_end_tag_ends_the_open_elements_in_its_element() -> None:
    assert rewritten("<math><mrow><mi>x</mrow><mo>+</math>") == "<math><mrow><mi>x</mi></mrow><mo>+</mo></math>"
    assert rewritten("<math></mrow>x</math>") == "<math>x</math>"


def test_html_ends_a_formula_except_in_a_leaf_and_is_no_part_of_it() -> None:
    assert rewritten("<math><mrow><p>") == "<math><mrow></mrow></math>|"
    assert rewritten("<math><mtext><p>a</mtext></math>") == "<math><mtext>a</mtext></math>"


def test_annotations_are_kept_if_they_are_allowed() -> None:
    source = "<math><mi>x</mi><annotation>a<annotation-xml><mi>b</mi></annotation-xml></annotation><mi>y</mi></math>"
    assert rewritten(source, annotations=False) == "<math><mi>x</mi><mi>y</mi></math>"
    kept = rewritten(source)
    assert kept == "<math><mi>x</mi><annotation>a</annotation><mi>y</mi></math>"


def test_an_annotation_that_is_not_ended_ends_with_its_formula() -> None:
    assert rewritten("<math><annotation-xml><b>a</math>b") == "<math></math>"


def test_attributes_are_those_of_mathml_core_without_large_sizes() -> None:
    source = "<math display=block onclick=x href=/y><mspace width='-1.5em' height='999em' depth='3px'/></math>"
    assert rewritten(source) == '<math display="block"><mspace width="-1.5em" depth="3px"></mspace></math>'
    for kept, large in (("9.5em", "10em"), ("99px", "100px"), ("-999%", "1000%")):
        formula = rewritten(f"<math><mspace width='{kept}' height='{large}'/></math>")
        assert formula == f'<math><mspace width="{kept}"></mspace></math>'
