"""Notes on what cleaning removed."""

from __future__ import annotations

from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure, Media
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.caps import CapTally
from lifestream.plugins.draft_cleaning import made_safe
from lifestream.plugins.reading_notes import MOST, removals


def removed(draft: ItemDraft) -> tuple[str, ...]:
    return removals(draft, made_safe(draft, Sanitizer(), CapTally()))


def test_elements_and_attributes_are_named_with_their_numbers() -> None:
    html = (
        "<p onclick='a()'>a</p><p onclick='a()'>b</p><script async>x</script><!-- c --><form action=/><b>c</b></form>"
        "<a href='javascript:a()'>d</a>"
    )
    found = removed(ItemDraft(content=html))
    assert set(found) >= {"p onclick (2 times)", "<script>", "<!-->", "<form>", "a href"}
    assert not {"script async", "form action"} & set(found)


def test_unsafe_addresses_are_named() -> None:
    enclosures = (Enclosure("https://a.example/1.mp3"), Enclosure("javascript:1"), Enclosure("data:x,"))
    draft = ItemDraft(link="javascript:alert()", enclosures=enclosures, media=(Media(url="data:x,"),))
    assert removed(draft) == (
        "link: javascript:alert()",
        "enclosure without a safe address (2 times)",
        "medium without a safe address",
    )


def test_a_harmless_item_has_no_notes() -> None:
    assert removed(ItemDraft(content="<p>a <b>b</b> c", link="https://a.example/")) == ()
    assert removed(ItemDraft(content="<p>a", link=" ")) == ()


def test_the_number_of_kinds_that_are_named_is_limited() -> None:
    found = removed(ItemDraft(content="".join(f"<x-{number}>" for number in range(100))))
    assert len(found) == MOST + 1
    assert found[-1] == "and 50 more"
    most = removed(ItemDraft(content="".join(f"<x-{number}>" for number in range(MOST))))
    assert most == tuple(f"<x-{number}>" for number in range(MOST))
