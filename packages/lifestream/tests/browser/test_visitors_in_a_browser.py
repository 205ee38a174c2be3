"""What visitors see in a real browser: accessible themes, no shift of the layout, small pages, printed pages, and the
dense list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from browser.visitor import LARGE, SMALL, visiting

pytestmark = pytest.mark.browser

SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def picture(demo: str) -> str:
    """Return the address of an item with a picture, under /demo/."""
    found = re.search(r"items/\d+/", httpx.get(f"{demo}/demo/search/", params={"q": "canyon"}).text)
    assert found
    return found[0]


def set_look(page: Page, look: str) -> None:
    page.evaluate("look => document.documentElement.dataset.look = look", look)


@contextmanager
def dense_list(chromium: Browser, demo: str) -> Iterator[Page]:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        set_look(page, "list")
        yield page


@pytest.mark.costly
@pytest.mark.parametrize("look", ["list", "magazine"])
def test_each_theme_but_the_standard_one_meets_wcag_aa_light_and_dark(
    chromium: Browser, demo: str, picture: str, look: str
) -> None:
    with visiting(chromium, demo) as visitor:
        for path in ("", "search/?q=bir", "sites/", picture):
            page = visitor.goto(f"/demo/{path}")
            set_look(page, look)
            for scheme, size in (("light", LARGE), ("dark", SMALL)):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                page.set_viewport_size(size)
                assert visitor.violations() == "" and not visitor.overflows(), (path, scheme)


@pytest.mark.parametrize("look", ["standard", "list", "magazine"])
def test_the_links_of_a_site_have_the_height_of_a_target(chromium: Browser, demo: str, look: str) -> None:
    with visiting(chromium, demo, size=SMALL) as visitor:
        page = visitor.goto("/demo/sites/")
        page.locator(".site-cards a").first.click()
        page.wait_for_url(re.compile(r"/demo/sites/\d+/$"))
        set_look(page, look)
        heights = page.evaluate("[...document.querySelectorAll('.links a')].map(a => a.getBoundingClientRect().height)")
        assert heights and min(heights) >= 24  # pixels: WCAG 2.5.8


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_nothing_moves_while_a_page_loads(chromium: Browser, demo: str, picture: str, size: dict[str, int]) -> None:
    with visiting(chromium, demo, size={"width": size["width"], "height": size["height"]}) as visitor:
        visitor.page.add_init_script(SHIFTS)
        for path in ("", "sites/", picture):
            page = visitor.goto(f"/demo/{path}")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("window.shifts") < 0.05


def test_a_first_view_is_small_and_asks_for_one_style_sheet(demo: str) -> None:
    page = httpx.get(f"{demo}/demo/", headers={"Accept-Encoding": "gzip"})
    parts = dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+[.](css|js)[^"]*)"', page.text))
    assert [kind for _, kind in parts].count("css") == 1
    whole = page.num_bytes_downloaded
    for address, _ in parts:
        whole += httpx.get(f"{demo}{address}", headers={"Accept-Encoding": "gzip"}).num_bytes_downloaded
    assert 5_000 < whole < 20_000


def test_a_tablet_has_no_empty_half(chromium: Browser, demo: str) -> None:
    for width in (640, 800, 960):
        with visiting(chromium, demo, size={"width": width, "height": 1000}) as visitor:
            page = visitor.goto("/demo/")
            used = page.evaluate(
                "Math.max(...[...document.querySelectorAll('main, aside')].map(e => e.getBoundingClientRect().right))"
            )
            assert used > width - 40 and not visitor.overflows()
            last = page.evaluate(
                "[...document.querySelectorAll('.beside .site-list a')][1].getBoundingClientRect().left"
            )
            assert last > width / 3, "the list of sites has columns"


def test_a_page_is_printed_black_on_white_with_the_addresses_of_its_links(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo, scheme="dark") as visitor:
        page = visitor.goto("/demo/search/?q=robin+owl")
        unprinted = (".site-header", ".site-footer", ".beside", ".search.wide")
        for shown in unprinted:
            assert page.locator(shown).is_visible(), shown
        page.emulate_media(media="print", color_scheme="dark")
        body = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
        assert body == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        behind = page.evaluate("getComputedStyle(document.querySelector('.item .out'), '::after').content")
        assert "https://fieldnotes.example/" in behind
        for gone in unprinted:
            expect(page.locator(gone)).to_be_hidden()


def test_code_is_read_from_the_left_in_a_page_from_the_right(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        directions = page.evaluate(
            """() => {
                document.documentElement.dir = "rtl";
                const prose = document.createElement("div");
                prose.className = "prose";
                prose.innerHTML = "<pre><code>a = [1, 2]</code></pre><p>سطر <code>b()</code></p>";
                document.querySelector("main").append(prose);
                return [...prose.querySelectorAll("pre, code")].map((e) => getComputedStyle(e).direction);
            }"""
        )
        assert directions == ["ltr", "ltr", "ltr"] and not visitor.overflows()


def test_a_failed_load_says_so_and_the_link_leads_on(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.page
        page.route("**/demo/?before=*", lambda route: route.abort())
        visitor.goto("/demo/")
        page.get_by_role("link", name="Older items").scroll_into_view_if_needed()
        expect(page.get_by_text("They could not be loaded. The link leads to them.")).to_be_visible()
        page.unroute("**/demo/?before=*")
        page.get_by_role("link", name="Older items").click()
        page.wait_for_url("**/demo/?before=*")
        expect(page.get_by_role("link", name="Back to the latest items")).to_be_visible()
        visitor.complaints.clear()  # of the request that was aborted


def test_the_end_of_a_timeline_says_so(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        for count in (40, 60, 68):
            page.get_by_role("contentinfo").scroll_into_view_if_needed()
            expect(page.get_by_role("article")).to_have_count(count)
        expect(page.get_by_text("That was all.")).to_be_visible()
        expect(page.get_by_text("Times are those of UTC.")).to_be_visible()


def test_keys_are_offered_on_pages_with_something_to_go_to(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        keys = visitor.page.locator("[data-keys]")
        for path, offered in (("/demo/", True), ("/demo/sites/", True), ("/account/login/", False)):
            visitor.goto(path)
            expect(keys).to_be_visible(visible=offered)


def test_a_picture_without_text_beside_it_is_below_the_title(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/search/?q=robin+owl")
        lead, title = page.locator(".lead"), page.locator("article .title")

        def edges() -> list[float]:
            return [each.evaluate("e => e.getBoundingClientRect().left") for each in (lead, title)]

        beside, start = edges()
        assert beside > start
        page.locator("article .summary").evaluate("summary => summary.remove()")
        below, start = edges()
        assert below == start


@pytest.mark.parametrize("look", ["standard", "list", "magazine"])
def test_long_names_do_not_overflow(chromium: Browser, demo: str, look: str) -> None:
    name = "A site whose name is far longer than any column that it could ever be shown in, and then some"
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        set_look(page, look)
        page.evaluate(
            "name => document.querySelectorAll('.brand a, .byline .site').forEach(e => { e.textContent = name; })", name
        )
        for size in (LARGE, SMALL):
            page.set_viewport_size(size)
            height = page.evaluate("document.querySelector('.byline .site').getBoundingClientRect().height")
            assert height < 30 and not visitor.overflows()  # pixels: one line
            brand, switch = (page.locator(where).bounding_box() for where in (".brand", ".switch"))
            assert brand and switch and switch["y"] < brand["y"] + brand["height"], "the switch has no line of its own"


@pytest.mark.parametrize("look", ["standard", "list", "magazine"])
def test_titles_have_the_height_of_a_target(chromium: Browser, demo: str, look: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        set_look(page, look)
        for size in (LARGE, SMALL):
            page.set_viewport_size(size)
            heights = page.evaluate(
                "[...document.querySelectorAll('.title a')].map(a => a.getBoundingClientRect().height)"
            )
            assert len(heights) > 5 and min(heights) >= 24  # pixels: WCAG 2.5.8
            others = page.evaluate(
                "[...document.querySelectorAll('.site-footer a, .keys label, .brand a')].map(e => e.offsetHeight)"
            )
            assert len(others) > 5 and min(others) >= 24


def test_a_dense_list_has_the_site_beside_the_first_line_of_a_title(chromium: Browser, demo: str) -> None:
    with dense_list(chromium, demo) as page:
        tops = page.evaluate(
            """() => {
                const title = document.querySelector(".item .title");
                title.firstElementChild.textContent = "A title that is longer than any line could be ".repeat(5);
                return [title, title.parentElement.querySelector(".byline")].map((e) => e.getBoundingClientRect().top);
            }"""
        )
        assert abs(tops[0] - tops[1]) < 8  # pixels: less than half a line


def test_a_dense_list_begins_with_the_text_of_a_recording_without_a_title(chromium: Browser, demo: str) -> None:
    with dense_list(chromium, demo) as page:
        edges = page.evaluate(
            """() => {
                const item = document.querySelector(".item:has(.title):has(.summary)");
                item.className = "item is-audio";
                item.querySelector(".title").remove();
                const [text, byline] = [".summary", ".byline"].map((name) => item.querySelector(name));
                return [text.getBoundingClientRect().right, byline.getBoundingClientRect().left];
            }"""
        )
        assert edges[0] <= edges[1]  # pixels: the text is to the left of the byline


def test_a_dense_list_cuts_a_note_between_its_lines(chromium: Browser, demo: str) -> None:
    with dense_list(chromium, demo) as page:
        bottoms = page.evaluate(
            """() => {
                const text = document.querySelector(".item.is-note .prose");
                text.innerHTML = "<p>One.</p><p>Two.</p><p>Three.</p>";
                const [, second] = text.children;
                return [text, second].map((e) => e.getBoundingClientRect().bottom);
            }"""
        )
        assert abs(bottoms[0] - bottoms[1]) < 2  # pixels


def test_a_dense_list_shows_the_whole_of_a_note_on_its_page(chromium: Browser, demo: str) -> None:
    with dense_list(chromium, demo) as page:
        text = page.locator(".item.is-note .prose").first
        assert text.evaluate("e => getComputedStyle(e).maxHeight") != "none"
        page.locator(".item.is-note .when").first.click()
        page.wait_for_url("**/items/*/")
        set_look(page, "list")
        assert page.locator(".item-page.is-note .prose").evaluate("e => getComputedStyle(e).maxHeight") == "none"


def test_a_dense_list_is_wider_than_850_pixels(chromium: Browser, demo: str) -> None:
    with dense_list(chromium, demo) as page:
        assert page.evaluate("document.querySelector('main').getBoundingClientRect().width") > 850  # 56rem are 896


def test_the_addresses_of_a_dense_list_stay_on_the_paper(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo, size={"width": 718, "height": 1000}) as visitor:  # A4 without its margins
        page = visitor.goto("/demo/")
        set_look(page, "list")
        page.emulate_media(media="print")
        assert 0 < page.locator(".item .out").evaluate_all("all => Math.max(...all.map(e => e.scrollWidth))") <= 718
        assert not visitor.overflows()


def test_paper_has_the_address_of_a_link_once(chromium: Browser, demo: str, picture: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto(f"/demo/{picture}")
        page.emulate_media(media="print")
        printed = page.evaluate(
            """() => {
                document.querySelector(".prose").innerHTML =
                  "<a href='https://a.example/'>a</a><a data-plain href='https://a.example/'>https://a.example</a>";
                return [...document.querySelectorAll(".prose a")].map((e) => getComputedStyle(e, "::after").content);
            }"""
        )
        assert printed == ['" (" "https://a.example/" ")"', "none"] or printed == ['" (https://a.example/)"', "none"]


def test_an_image_in_a_line_of_text_does_not_break_the_line(chromium: Browser, demo: str, picture: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto(f"/demo/{picture}")
        height = page.evaluate(
            """() => {
                const line = document.createElement("p");
                line.innerHTML = "Good morning. <img width=20 height=20 alt=''> Good night.";
                document.querySelector(".prose").append(line);
                return line.getBoundingClientRect().height;
            }"""
        )
        assert height < 40  # pixels: one line


def test_the_last_of_three_pictures_fills_its_row(chromium: Browser, demo: str, picture: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto(f"/demo/{picture}")
        widths = page.evaluate(
            """() => {
                const grid = document.createElement("div");
                grid.className = "pictures several";
                grid.innerHTML = "<a><img alt=''></a>".repeat(3);
                document.querySelector("article").append(grid);
                return [grid, grid.lastChild].map((e) => e.getBoundingClientRect().width);
            }"""
        )
        assert widths[0] == widths[1]
