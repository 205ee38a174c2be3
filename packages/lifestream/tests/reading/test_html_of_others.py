"""reading.md rules 16 to 18: HTML that a browser would lose is repaired, and cleaning twice changes nothing."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifestream.content.players import ORIGINS, is_player
from lifestream.content.sanitizer import Sanitizer

BASE = "https://site.example/blog/post"
CLEAN = Sanitizer()
REL = 'rel="noopener noreferrer nofollow ugc"'


def cleaned(html: str) -> str:
    """Return *html* cleaned. Assert rule 18: cleaning it again changes nothing."""
    once = CLEAN.html(html, BASE)
    assert CLEAN.html(once, BASE) == once
    return once


def image(name: str) -> str:
    return f'<img src="https://site.example/blog/{name}" loading="lazy">'


# 16


@pytest.mark.reading(16)
@pytest.mark.parametrize(
    "element", ["iframe", "script", "textarea", "title", "style", "xmp", "noscript", "noembed", "noframes", "IFRAME"]
)
def test_a_self_closed_element_swallows_nothing(element: str) -> None:
    assert cleaned(f"<p>a</p><{element}/><p>b</p>") == "<p>a</p><p>b</p>"
    assert cleaned(f"<p>a</p><{element} x='y' /><p>b</p>") == "<p>a</p><p>b</p>"


@pytest.mark.reading(16)
@pytest.mark.parametrize("element", ["audio", "video"])
def test_a_self_closed_player_does_not_hide_the_text_after_it(element: str) -> None:
    assert cleaned(f'<{element} src="/a" controls/>text') == (
        f'<{element} src="https://site.example/a" controls="" preload="none"></{element}>text'
    )


@pytest.mark.reading(16)
def test_a_self_closed_inline_element_does_not_change_the_words_after_it() -> None:
    assert cleaned('<p><i class="icon"/>a <b/>b</p>') == "<p><i></i>a <b></b>b</p>"
    assert cleaned('<a name="more"/>a <a href="/x">b</a>') == (
        f'<a name="entry-more" {REL}></a>a <a href="https://site.example/x" {REL}>b</a>'
    )
    assert cleaned("<p>a</p><svg><path d='M0'/></svg><p>b</p>") == "<p>a</p><p>b</p>"


@pytest.mark.reading(16)
def test_a_self_closed_element_before_its_end_tag_is_open() -> None:
    # Browsers read it so, and careless filters write such feeds.
    assert cleaned("<p><i/>a</i> b</p>") == "<p><i>a</i> b</p>"
    assert cleaned("<p>a</p><script/>alert(1)</script><p>b</p>") == "<p>a</p><p>b</p>"
    assert cleaned("<p>a</p><script/><p>b</p><script>x</script><p>c</p>") == "<p>a</p><p>b</p><p>c</p>"


@pytest.mark.reading(16)
def test_noscript_is_unwrapped() -> None:
    assert cleaned('<noscript><img src="a.png"></noscript>') == image("a.png")
    assert cleaned("<noscript><p>Read <b>this</b></p></noscript>") == "<p>Read <b>this</b></p>"
    assert cleaned("<noscript><script>alert(1)</script></noscript>x") == "x"
    assert cleaned("&lt;<noscript>b></noscript>") == "&lt;b&gt;"


@pytest.mark.reading(16)
@pytest.mark.parametrize(
    ("html", "src"),
    [
        ('<img data-src="a.png">', "a.png"),
        ('<img src="data:image/gif;base64,R0" data-src="a.png">', "a.png"),
        ('<img src="/blank.gif" data-lazy-src="a.png" class="lazy">', "a.png"),
        ('<img src="/blank.gif" data-original="a.png">', "a.png"),
        ('<img src="a.png" data-src="data:image/gif;base64,R0">', "a.png"),
        ('<img src="a.png" data-src=\'{"x": 1}\'>', "a.png"),
        # Either the lazy picture or its copy in noscript is kept, not both.
        ('<img src="data:x" data-src="a.png"><noscript><img src="a.png"></noscript>', "a.png"),
        ('<noscript><img src="a.png"></noscript><img src="data:x" data-src="a.png">', "a.png"),
        ('<img src="data:x" class="lazy"><noscript><img src="a.png"></noscript>', "a.png"),
        ('<img data-src="a-2x.png"> <noscript>\n<img src="a.png">\n</noscript>', "a-2x.png"),
        ('<noscript><img src="a.png"></noscript><img src="data:x">', "a.png"),
    ],
)
def test_a_lazy_picture_has_its_source_and_is_kept_once(html: str, src: str) -> None:
    assert cleaned(html) == image(src)


@pytest.mark.reading(16)
def test_two_different_pictures_are_both_kept() -> None:
    assert (
        cleaned('<img data-src="a.png">x<noscript><img src="b.png"></noscript>') == f"{image('a.png')}x{image('b.png')}"
    )
    assert cleaned('<img src="a.png"><noscript><img src="b.png"></noscript>') == f"{image('a.png')}{image('b.png')}"


@pytest.mark.reading(16)
def test_lazy_candidates_and_frames_have_their_sources_too() -> None:
    assert cleaned(
        '<picture><source data-srcset="a.webp 1x"><img data-src="a.png" data-srcset="b.png 2x"></picture>'
    ) == (
        '<picture><source srcset="https://site.example/blog/a.webp 1x"><img src="https://site.example/blog/a.png" '
        'srcset="https://site.example/blog/b.png 2x" loading="lazy"></picture>'
    )
    assert 'href="https://a.example/f"' in cleaned('<iframe src="about:blank" data-src="https://a.example/f"></iframe>')


@pytest.mark.reading(16)
@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p>Let $n<m$ and <b>so</b> on</p>", "<p>Let $n&lt;m$ and <b>so</b> on</p>"),
        ("if x<y then", "if x&lt;y then"),
        ("<p>Vec<T> of <u8></p>", "<p>Vec&lt;T&gt; of &lt;u8&gt;</p>"),
        ("<example>x</example>", "&lt;example&gt;x&lt;/example&gt;"),
        ("<jane@doe.example> and <http://a.example/>", "&lt;jane@doe.example&gt; and &lt;http://a.example/&gt;"),
        ("<x<p>y</p>", "&lt;x<p>y</p>"),
        # The tags of an element that is not kept do not become text.
        ("<custom-x>a</custom-x><o:p>b</o:p><font>c</font><path>d</path><noindex>e</noindex>", "abcde"),
        ("</stray>a</p>", "a<p></p>"),
        ("1 < 2", "1 &lt; 2"),
    ],
)
def test_a_less_than_sign_that_begins_no_element_is_text(html: str, clean: str) -> None:
    assert cleaned(html) == clean


# 17


UUID = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
FRAMES = [
    ("https://www.youtube.com/embed/dEmO-0_1234?rel=0", "https://www.youtube.com/watch?v=dEmO-0_1234",
     "https://www.youtube-nocookie.com/embed/dEmO-0_1234?autoplay=1"),
    ("//www.youtube-nocookie.com/embed/dEmO-0_1234", "https://www.youtube.com/watch?v=dEmO-0_1234",
     "https://www.youtube-nocookie.com/embed/dEmO-0_1234?autoplay=1"),
    ("https://www.youtube.com/embed/videoseries?list=PL1234567890", "https://www.youtube.com/playlist?list=PL1234567890",
     "https://www.youtube-nocookie.com/embed/videoseries?list=PL1234567890&autoplay=1"),
    ("https://player.vimeo.com/video/1234?h=0123abcdef&dnt=1", "https://vimeo.com/1234/0123abcdef",
     "https://player.vimeo.com/video/1234?h=0123abcdef&autoplay=1&dnt=1"),
    (f"https://framatube.org/videos/embed/{UUID}", f"https://framatube.org/w/{UUID}",
     f"https://framatube.org/videos/embed/{UUID}?autoplay=1"),
    ("https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/a/b&color=%23ff5500", "https://soundcloud.com/a/b",
     "https://w.soundcloud.com/player/?url=https%3A%2F%2Fsoundcloud.com%2Fa%2Fb&auto_play=true"),
    ("https://open.spotify.com/embed/episode/4rOoJ6Egrf8K2IrywzwOMk?utm_source=x",
     "https://open.spotify.com/episode/4rOoJ6Egrf8K2IrywzwOMk",
     "https://open.spotify.com/embed/episode/4rOoJ6Egrf8K2IrywzwOMk"),
    ("https://bandcamp.com/EmbeddedPlayer/album=12/size=large/bgcol=fff/",
     "https://bandcamp.com/EmbeddedPlayer/album=12/size=large/artwork=small/",
     "https://bandcamp.com/EmbeddedPlayer/album=12/size=large/artwork=small/"),
]  # fmt: skip


@pytest.mark.reading(17)
@pytest.mark.parametrize(("src", "page", "player"), FRAMES)
def test_a_known_player_is_a_card_in_its_place(src: str, page: str, player: str) -> None:
    card = cleaned(f'<p>a</p><iframe src="{src.replace("&", "&amp;")}" title="The film"></iframe><p>b</p>')
    written = player.replace("&", "&amp;")
    assert card == f'<p>a</p><p><a href="{page}" data-player="{written}" {REL}>The film</a></p><p>b</p>'
    assert any(player.startswith(f"{origin}/") for origin in ORIGINS)


@pytest.mark.reading(17)
def test_a_card_in_a_paragraph_does_not_end_it() -> None:
    card = cleaned('<p>See <iframe src="https://www.youtube.com/embed/dEmO-0_1234"></iframe></p>')
    assert card.startswith("<p>See <a ")
    assert card.endswith(">YouTube</a></p>")


@pytest.mark.reading(17)
def test_a_player_that_names_its_page_links_to_it() -> None:
    inner = '<a href="https://band.bandcamp.com/album/x">X by &amp;lt; Band</a>'
    card = cleaned(f'<iframe src="https://bandcamp.com/EmbeddedPlayer/album=12/">{inner}</iframe>')
    assert 'href="https://band.bandcamp.com/album/x" data-player=' in card
    assert card.endswith(">X by &amp;lt; Band</a></p>")


@pytest.mark.reading(17)
@pytest.mark.parametrize(
    "forged",
    [
        "javascript:alert(1)",
        "https://evil.example/",
        "//www.youtube-nocookie.com/embed/dEmO-0_1234?autoplay=1",
        "https://www.youtube-nocookie.com/embed/dEmO-0_1234?autoplay=1#x",
        "https://www.youtube-nocookie.com/embed/dEmO-0_1234/../../evil",
        "https://www.youtube-nocookie.com.evil.example/embed/dEmO-0_1234?autoplay=1",
        "https://www.youtube-nocookie.com@evil.example/embed/dEmO-0_1234?autoplay=1",
        f"https://127.0.0.1/videos/embed/{UUID}?autoplay=1",
        f"https://localhost/videos/embed/{UUID}?autoplay=1",
        f"https://a.example:8443/videos/embed/{UUID}?autoplay=1",
        f"http://a.example/videos/embed/{UUID}?autoplay=1",
        *(
            f"https://w.soundcloud.com/player/?url={quote(sound, safe='')}&auto_play=true"
            for sound in (
                "https://evil.example/",
                "https://evil.example\\@soundcloud.com/x",  # a browser opens evil.example
                "https://soundcloud.com\\@evil.example/x",
                "https://soundcloud.com@evil.example/x",
                "https://a:b@soundcloud.com/x",
                "httpx://soundcloud.com/x",
                "https://soundcloud.com:444/x",
            )
        ),
    ],
)
def test_a_feed_gains_nothing_by_forging_a_player(forged: str) -> None:
    assert not is_player(forged)
    assert "data-player" not in cleaned(f'<a href="/x" data-player="{forged}">x</a>')
    assert "data-player" not in cleaned(f'<p data-player="{FRAMES[0][2]}">x</p>')


@pytest.mark.reading(17)
def test_any_other_frame_is_a_link_with_its_title() -> None:
    assert cleaned('<iframe src="/map" title="Where\nit is"></iframe>') == (
        f'<p><a href="https://site.example/map" {REL}>Where it is</a></p>'
    )


FORMULA = (
    '<math display="block"><semantics><mrow><mi>x</mi><mo stretchy="false">=</mo><mfrac><mn>1</mn><msqrt><mi>y</mi>'
    '</msqrt></mfrac></mrow><annotation encoding="application/x-tex">x = 1</annotation></semantics></math>'
)


@pytest.mark.reading(17)
def test_mathml_core_is_kept() -> None:
    assert cleaned(f"<p>Let {FORMULA} be</p>") == f"<p>Let {FORMULA} be</p>"
    assert CLEAN.plain(FORMULA) == "x=1y"


@pytest.mark.reading(17)
@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<math><mi>x</mi><annotation-xml encoding='text/html'><b>y</b></annotation-xml></math>z",
         "<math><mi>x</mi></math>z"),
        ("<math><maction actiontype='toggle'><mi>x</mi></maction></math>", "<math><mi>x</mi></math>"),
        ("<math><mtext><mglyph src=/x></mglyph>a<b>c</b></mtext></math>", "<math><mtext>ac</mtext></math>"),
        ("<math><mi href='javascript:x' onclick=y style='color:red' mathcolor=red>x", "<math><mi>x</mi></math>"),
        ("<math><mpadded voffset='-900px' width='1em'>x", '<math><mpadded width="1em">x</mpadded></math>'),
        ("<math><mi>x<p>y</p>", "<math><mi>xy</mi></math>"),
        ("<math><mrow>x<p>y</p>", "<math><mrow>x</mrow></math><p>y</p>"),
        ("<math><mi/>x<mspace width='1em'/>y</math>", '<math><mi></mi>x<mspace width="1em"></mspace>y</math>'),
        ("<math><mi><![CDATA[<b>]]></mi></math>", "<math><mi>&lt;b&gt;</mi></math>"),
        ("<mi>x</mi>", "x"),
        ("<MATH><MI>x</MI></MATH>", "<math><mi>x</mi></math>"),
    ],
)  # fmt: skip
def test_elements_and_attributes_beyond_mathml_core_are_removed(html: str, clean: str) -> None:
    assert cleaned(html) == clean


@pytest.mark.reading(17)
@pytest.mark.parametrize(
    "html",
    [
        '<table><caption>A <b>b</b></caption><colgroup><col span="2"></colgroup><thead><tr>'
        '<th scope="col" colspan="2">x</th></tr></thead><tbody><tr><td rowspan="2">1</td>'
        "<td><p>2</p><ul><li>3</li></ul></td></tr></tbody><tfoot><tr><td>y</td></tr></tfoot></table>",
        "<pre><code>if a &lt; b:\n    return  c\n\n\tx</code></pre>",
        f'<figure>{image("a.png")}<figcaption>Of <a href="https://a.example/" {REL}>A</a></figcaption></figure>',
        "<figure><pre><code>x</code></pre><figcaption>Code</figcaption></figure>",
        "<details><summary>More</summary><p>x</p></details>",
        "<p>Press <kbd>Ctrl</kbd>, <samp>ok</samp>, <var>x</var><sub>1</sub>, <code>a\n b</code></p>",
    ],
)
def test_tables_code_and_captions_are_kept_whole(html: str) -> None:
    assert cleaned(html) == html


# 18


@pytest.mark.reading(18)
def test_html_that_only_a_long_comment_keeps_within_the_budget_is_cleaned_twice_without_loss() -> None:
    # The budget of a fragment grows with its length. The cleaned HTML is shorter, since the comment is removed.
    html = f"{'<b>' * 400}{'<i></i>' * 1000}x{'</b>' * 400}<!--{'-' * 400_000}-->"
    assert cleaned(html).count("<b>") == 400


@pytest.mark.reading(18)
@pytest.mark.parametrize("inner", ["<i></i>", "<span></span>", "<code>x</code>", "<sub></sub><br>", "<u><s></s></u>"])
def test_properly_nested_html_is_cleaned_twice_without_loss(inner: str) -> None:
    html = f"<div>{'<b>' * 300}{inner * 2000}{'</b>' * 300}<!--{'-' * 400_000}--></div>"
    assert cleaned(html).count("<b>") == 300


@pytest.mark.reading(18)
def test_a_table_of_many_cells_in_formatting_is_cleaned_twice_without_loss() -> None:
    row = "<tr><td><i>x</i></td><td>y</td></tr>"
    html = f"{'<b>' * 300}<table><tbody>{row * 500}</tbody></table>{'</b>' * 300}<!--{'-' * 400_000}-->"
    assert cleaned(html).count("<td>") == 1000


SCRAPS = [
    *(
        "<noscript>",
        "</noscript>",
        "<img data-src=a>",
        "<img src=data:x>",
        "<iframe/>",
        "<script/>",
        "<video/>",
        "<m$ ",
    ),
    *("<math>", "</math>", "<mi>", "<mtext>", "<mglyph>", "<annotation-xml>", "<annotation>", "<mspace/>", "<style>"),
    *(
        "<p id=a>",
        "<a href=#a>",
        "<a data-player=x>",
        "<b>",
        "</b>",
        "</p>",
        "<td headers=x>",
        "<table>",
        "<li>",
        "<pre>",
    ),
    *(
        "<iframe src=//www.youtube.com/embed/dEmO-0_1234>",
        "</iframe>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "x",
        "\n",
        "<",
    ),
    *("<svg>", "</svg>", "<title>", "</title>", "<h1>", "<h2>", "<ul>", "<div>", "&lt;", '"', "<pre>\n", "<dd>", "<q"),
]


@pytest.mark.reading(18)
@given(st.lists(st.sampled_from(SCRAPS), max_size=12).map("".join))
@example("<![CDATA[<noscript><math><math>")
def test_cleaning_twice_is_the_same_as_cleaning_once(html: str) -> None:
    cleaned(html)
