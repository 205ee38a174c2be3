"""Addresses of one picture in several sizes are recognised, and ordered by size."""

from __future__ import annotations

import pytest

from costs import assert_linear
from lifestream.content.picture_sizes import ORIGINAL, identity, size

GOOGLE = "https://blogger.googleusercontent.com/img/b/R29v/AVvX"
BLOGSPOT = "https://1.bp.blogspot.com/-a/X/AAA"
S3 = "https://post-media.s3.example/public/images/a.png"
SUBSTACK = "https://substackcdn.com/image/fetch/$s_!x!,w_{},c_limit,f_auto/https%3A%2F%2Fpost-media.s3.example%2Fpublic%2Fimages%2Fa.png"


@pytest.mark.parametrize(
    "sizes",
    [
        # from the smallest to the largest
        [f"{GOOGLE}/s72-c/cat.jpg", f"{GOOGLE}/w640-h480/cat.jpg", f"{GOOGLE}/s1600/cat.jpg"],
        [f"{BLOGSPOT}/s72-w400-h300-c/cat.jpg", f"{BLOGSPOT}/s320/cat.jpg", f"{BLOGSPOT}/s1600-rw/cat.jpg"],
        ["https://lh3.googleusercontent.com/abc=s72-c", "https://lh3.googleusercontent.com/abc=w800-h600-no"],
        [
            "https://blog.example/up/cat-150x150.jpg",
            "https://www.blog.example/up/cat-1024x768.jpg?ssl=1",
            "http://blog.example/up/cat.jpg",
        ],
        ["https://i0.wp.com/blog.example/up/cat.jpg?w=300&ssl=1", "https://blog.example/up/cat.jpg"],
        [f"https://live.staticflickr.com/65535/1_ab{size}.jpg" for size in ("_s", "_m", "", "_z", "_b", "_o")],
        [f"https://i{n}.ytimg.com/vi/abcdefghijk/{name}.jpg" for n, name in enumerate(("default", "hqdefault", "max"))],
        [f"https://files.m.example/media_attachments/files/1/{kind}/a.png" for kind in ("small", "original")],
        [SUBSTACK.format(320), SUBSTACK.format(1456), S3],
        ["https://cdn-images-1.medium.com/max/150/1*ab.jpeg", "https://miro.medium.com/v2/resize:fit:1200/1*ab.jpeg"],
        ["https://i.guim.example/img/a.jpg?width=140&s=x", "https://i.guim.example/img/a.jpg?width=460&s=y"],
    ],
    ids=lambda urls: urls[0].split("/")[2],
)
def test_the_sizes_of_one_picture_are_recognised_and_ordered(sizes: list[str]) -> None:
    assert len({*map(identity, sizes)}) == 1
    assert sizes == sorted(sizes, key=size)
    assert len({*map(size, sizes)}) == len(sizes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/a.jpg", "https://a.example/b.jpg"),
        ("https://a.example/a.jpg", "https://b.example/a.jpg"),
        ("https://a.example/image?id=1", "https://a.example/image?id=2"),
        (f"{GOOGLE}/s72-c/cat.jpg", f"{GOOGLE}/s72-c/dog.jpg"),
        ("https://i.ytimg.com/vi/abcdefghijk/default.jpg", "https://i.ytimg.com/vi/abcdefghijl/default.jpg"),
        (SUBSTACK.format(320), SUBSTACK.format(320).replace("a.png", "b.png")),
        ("https://a.example/s72-c/cat.jpg", "https://a.example/s1600/cat.jpg"),
    ],
)
def test_addresses_of_two_pictures_are_told_apart(one: str, other: str) -> None:
    assert identity(one) != identity(other)


def test_a_text_that_is_no_web_address_is_its_own_identity() -> None:
    for text in ("", "x", "data:image/png;base64,AA", "//a.example/a.png"):
        assert (identity(text), size(text)) == (text, ORIGINAL)


@pytest.mark.costly
@pytest.mark.parametrize("unit", ["/s1", "-1x1", "/https:/", "&w=1", "%3A", "/w_1", "=s1", "_a"])
def test_an_address_takes_linear_time(unit: str) -> None:
    assert_linear(identity, lambda number: f"https://a.blogspot.com/{unit * number}/", 20_000)
    assert_linear(identity, lambda number: f"https://a.example/{unit * number}.jpg", 20_000)
