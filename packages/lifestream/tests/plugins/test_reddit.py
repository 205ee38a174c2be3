"""The plugin of Reddit."""

from __future__ import annotations

from lifestream.entry import Entry
from lifestream.plugins.reddit import RedditPlugin
from site_documents import link, prepared_file


def test_reddit_keeps_the_post_and_the_link_that_it_is_about() -> None:
    about, own = prepared_file("reddit.atom").items

    comments = "https://www.reddit.com/r/knots/comments/1aa/a_knot/"
    assert (about.link, about.author) == (comments, "bowline")
    assert about.content.endswith(
        f"<p>{link('https://knots.example/a?x=1&amp;y=2', 'https://knots.example/a?x=1&amp;y=2')}</p>"
    )
    assert "submitted by" not in about.content
    assert "<td" not in about.content
    assert own.content == "<div><p>Which is best? (submitted by me)</p> </div>"


def test_a_link_inside_a_post_is_not_taken_for_the_link_that_the_post_is_about() -> None:
    post = '<div class="md">A <a href="https://a.example/">[link]</a></div>'
    after = ' submitted by me <a href="https://b.example/">[link]</a>'
    made = RedditPlugin().process(Entry(content=post + after)).content
    assert made == f'{post}<p><a href="https://b.example/">https://b.example/</a></p>'


def test_a_table_that_a_post_contains_stays() -> None:
    post = '<div class="md"><table><tr><td>a</td></tr></table></div>'
    assert RedditPlugin().process(Entry(content=f"{post} &#32; submitted by &#32; me")).content == post
