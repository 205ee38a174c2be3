"""The text and the elements of a page, as a browser without JavaScript reads them."""

from __future__ import annotations

from html.parser import HTMLParser

from django.test import Client


class Outline(HTMLParser):
    """A page: its text, and its elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        wanted = {name.rstrip("_"): value for name, value in wanted.items()}
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]


def page(client: Client, address: str, status: int = 200) -> Outline:
    """Return the page at *address*. Assert that the status is *status*."""
    response = client.get(address)
    assert response.status_code == status, response.content[:500]
    return Outline(response.content.decode())
