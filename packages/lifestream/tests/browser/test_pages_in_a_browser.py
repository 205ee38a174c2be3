"""The pages of the demo in a real browser: how they look, which requests they make, and what a script adds."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from browser.visitor import LARGE, SMALL, visiting

pytestmark = pytest.mark.browser
PAGES = [
    "", "?before=1790899199000000-1", "{article}", "{film}", "{code}", "{arabic}", "sites/", "{site}", "tags/",
    "tags/maps/", "search/?q=clock", "search/", "search/?q=nothingatall", "2026/10/02/",
]  # fmt: skip


@pytest.fixture(scope="module")
def at(demo: str) -> dict[str, str]:
    """Return the addresses of some items and of a site, under /demo/."""

    def item(query: str) -> str:
        page = httpx.get(f"{demo}/demo/search/", params={"q": query}).text
        found = re.search(r'href="/demo/(items/\d+/)"', page)
        assert found, query
        return found[1]

    site = re.search(r'href="/demo/(sites/\d+/)"', httpx.get(f"{demo}/demo/sites/").text)
    assert site
    return {
        "article": item("robin owl"),
        "film": item("capacitor"),
        "code": item("offset planner"),
        "arabic": item("الرصاص"),
        "picture": item("canyon"),
        "site": site[1],
    }


@pytest.mark.parametrize("path", PAGES)
def test_a_page_meets_wcag_aa_light_and_dark_and_fits_a_telephone(
    chromium: Browser, demo: str, at: dict[str, str], path: str
) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto(f"/demo/{path.format_map(at)}")
        assert visitor.violations() == "" and not visitor.overflows()
        page.emulate_media(color_scheme="dark")
        assert visitor.violations() == ""
        page.set_viewport_size(SMALL)
        assert visitor.violations() == "" and not visitor.overflows()


@pytest.mark.parametrize("path", ["sites/", "tags/", "search/?q=nothingatall"])
def test_the_longer_words_of_german_fit_a_telephone(
    chromium: Browser, demo: str, at: dict[str, str], path: str
) -> None:
    with visiting(chromium, demo, size=SMALL, language="de-DE") as visitor:
        page = visitor.goto(f"/demo/{path.format_map(at)}")
        assert page.evaluate("document.documentElement.lang") == "de"
        assert not visitor.overflows() and visitor.violations() == ""
        lines = page.evaluate(
            "[...document.querySelectorAll('.main-nav a')].map(a => a.getClientRects().length && a.offsetHeight)"
        )
        assert len(lines) == 3 and max(lines) < 45  # pixels: one line, so that no word is broken


@pytest.mark.parametrize("path", PAGES)
def test_only_pictures_are_requested_from_other_hosts_and_without_a_referrer(
    chromium: Browser, demo: str, at: dict[str, str], path: str
) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto(f"/demo/{path.format_map(at)}")
        page.mouse.wheel(0, 20_000)
        page.wait_for_load_state("networkidle")
        others = visitor.asked_elsewhere()
        assert {request.resource_type for request in others} <= {"image"}
        assert {request.headers.get("referer") for request in others} <= {None}


def test_a_page_is_sent_with_the_policy_of_the_site(chromium: Browser, demo: str) -> None:
    # The other tests show that no page needs what this policy forbids: the browser would complain, and `visiting` fail.
    policy = httpx.get(f"{demo}/demo/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "'unsafe-eval'" not in policy


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_colours_follow_the_system(chromium: Browser, demo: str, scheme: str, dark: bool) -> None:
    with visiting(chromium, demo, scheme=scheme) as visitor:
        page = visitor.goto("/demo/")
        assert is_dark(page.evaluate("getComputedStyle(document.body).backgroundColor")) is dark


def test_the_switch_overrules_the_system_and_is_remembered(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo, scheme="light") as visitor:
        page = visitor.goto("/demo/")
        switch = page.get_by_role("button", name="Theme")
        expect(switch).to_have_accessible_name("Theme: as the system")
        switch.click()
        expect(switch).to_have_accessible_name("Theme: light")
        switch.click()
        expect(switch).to_have_accessible_name("Theme: dark")
        assert is_dark(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page = visitor.goto("/demo/sites/")
        assert is_dark(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.get_by_role("button", name="Theme: dark").click()
        assert not is_dark(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def is_dark(colour: str) -> bool:
    return sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128


def test_a_timeline_leads_to_an_item_and_on_to_its_site(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        page.get_by_role("link", name="The hour before the birds").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The hour before the birds")
        expect(page.get_by_role("img", name="Five ridges")).to_be_visible()
        page.get_by_role("main").get_by_role("link", name="Field Notes from the Ridge").click()
        expect(page).to_have_title("Field Notes from the Ridge · Demo")
        expect(page.get_by_role("article")).to_have_count(5)


def test_a_search_is_typed_and_finds_items(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        page.get_by_role("searchbox", name="Search").fill("新米")
        page.keyboard.press("Enter")
        expect(page.get_by_role("article")).to_have_count(1)
        expect(page.get_by_role("article")).to_contain_text("新米の日")


def test_scrolling_brings_all_items_in_order_and_each_once(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        articles = page.get_by_role("article")
        expect(articles).to_have_count(20)
        for count in (40, 60, 68):
            page.get_by_role("contentinfo").scroll_into_view_if_needed()
            expect(articles).to_have_count(count)
        expect(articles).to_have_count(68)
        addresses = page.eval_on_selector_all("article .when", "links => links.map(link => link.href)")
        assert len(set(addresses)) == 68
        times = page.eval_on_selector_all("article .when time", "times => times.map(time => Date.parse(time.dateTime))")
        assert times == sorted(times, reverse=True)
        days = page.eval_on_selector_all("[data-day]", "days => days.map(day => day.dataset.day)")
        assert days == sorted(set(days), reverse=True)
        expect(page.get_by_role("link", name="Older items")).to_have_count(0)
        assert visitor.violations() == ""


def test_without_a_script_the_link_brings_older_items(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo, script=False) as visitor:
        page = visitor.goto("/demo/")
        expect(page.get_by_role("button", name="Theme")).to_have_count(0)
        for _ in range(3):
            page.get_by_role("link", name="Older items").click()
            page.wait_for_url("**/demo/?before=*")
        expect(page.get_by_text("That was all.")).to_be_visible()


def test_a_failed_load_leaves_the_link(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.page
        page.route("**/demo/?before=*", lambda route: route.abort())
        visitor.goto("/demo/")
        page.get_by_role("link", name="Older items").scroll_into_view_if_needed()
        expect(page.locator("[data-pager-status]")).to_have_text("They could not be loaded. The link leads to them.")
        expect(page.get_by_role("link", name="Older items")).to_be_visible()
        visitor.complaints.clear()  # of the request that was aborted


def test_a_player_of_another_site_is_loaded_by_a_click_only(chromium: Browser, demo: str, at: dict[str, str]) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto(f"/demo/{at['film']}")
        player = page.get_by_role("link", name="Play:")
        expect(page.locator("iframe")).to_have_count(0)
        assert not [request for request in visitor.requests if "youtube" in request.url]
        player.click()
        expect(page.locator("iframe")).to_have_attribute(
            "src", "https://www.youtube-nocookie.com/embed/demoRadio01?autoplay=1"
        )
        visitor.complaints.clear()  # of the player, which can't be reached here


def test_without_a_script_a_film_leads_to_its_page(chromium: Browser, demo: str, at: dict[str, str]) -> None:
    with visiting(chromium, demo, script=False) as visitor:
        page = visitor.goto(f"/demo/{at['film']}")
        expect(page.get_by_role("link", name="Play:")).to_have_attribute(
            "href", "https://www.youtube.com/watch?v=demoRadio01"
        )


def test_a_sound_is_not_fetched_in_advance_and_can_be_decoded(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/search/?q=numbers+joe")
        audio = page.locator("audio")
        expect(audio).to_have_attribute("preload", "none")
        assert not [request for request in visitor.requests if request.resource_type == "media"]
        # Without speakers, the playing time need not advance; the duration shows that the sound can be decoded.
        duration = audio.evaluate(
            """sound => new Promise((resolve, reject) => {
                sound.onloadeddata = () => resolve(sound.duration);
                sound.onerror = () => reject(sound.error.message);
                sound.preload = "auto";
                sound.load();
            })"""
        )
        assert round(duration) == 5


def test_the_tab_key_leads_past_the_menu_into_the_main_part_and_the_focus_is_shown(
    chromium: Browser, demo: str
) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(f"document.activeElement.closest('main') && {outline}") == "solid"


def test_letters_are_shortcuts_only_if_the_visitor_wants_them(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        hours = page.locator("article .when")
        page.keyboard.press("j")
        expect(hours.first).not_to_be_focused()
        page.get_by_role("checkbox", name="Keys").check()
        page.keyboard.press("j")
        expect(hours.nth(0)).not_to_be_focused()  # the checkbox has the focus, and gets the letters
        page.get_by_role("checkbox", name="Keys").blur()
        for number, key in ((0, "j"), (1, "j"), (2, "j"), (1, "k")):
            page.keyboard.press(key)
            expect(hours.nth(number)).to_be_focused()
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("j/k")
        expect(page.get_by_role("searchbox")).to_have_value("j/k")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_focus_stays_where_it_is_while_more_items_load(chromium: Browser, demo: str, width: int) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        page.set_viewport_size({"width": width, "height": 900})
        for focused in (page.get_by_role("checkbox", name="Keys"), page.locator(".beside a").first):
            focused.focus()
            page.evaluate("document.documentElement.dataset.loading = ''")
            page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            expect(focused).to_be_focused()
            page.evaluate("delete document.documentElement.dataset.loading")


def test_a_picture_is_lazy_and_loads_in_view(chromium: Browser, demo: str, at: dict[str, str]) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto(f"/demo/{at['picture']}")
        picture = page.get_by_role("img", name="Layer behind layer")
        expect(picture).to_have_attribute("loading", "lazy")
        expect(picture).to_have_js_property("naturalWidth", 900)


def test_chinese_and_japanese_are_drawn(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/")
        drawn = page.evaluate(
            """letters => [...letters].map(letter => {
                const canvas = document.createElement("canvas");
                const context = canvas.getContext("2d");
                context.font = "40px " + getComputedStyle(document.body).fontFamily;
                context.fillText(letter, 10, 60);
                return canvas.toDataURL();
            })""",
            "新米秋山",
        )
        # A letter that no font has is drawn as a box, the same for each.
        assert len(set(drawn)) == 4, "install a font with Chinese and Japanese, such as fonts-noto-cjk"


def test_hostile_content_makes_no_page_wider_than_the_window(chromium: Browser, demo: str) -> None:
    wide = "<pre>" + "x" * 4000 + "</pre><table><tr>" + "<td>cell</td>" * 200 + "</tr></table>" + "<p>" + "w" * 4000
    for size in (LARGE, SMALL):
        with visiting(chromium, demo, size=size) as visitor:
            page = visitor.goto("/demo/")
            page.evaluate(
                """content => {
                    const item = document.querySelector("article .body");
                    item.querySelector("a.site").textContent = "s".repeat(3000);
                    const prose = document.createElement("div");
                    prose.className = "prose";
                    prose.innerHTML = content;
                    item.append(prose);
                }""",
                wide,
            )
            assert not visitor.overflows()


def test_a_missing_page_says_that_it_was_not_found(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/items/999999/", 404)
        expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
        expect(page.get_by_role("link", name="To the beginning")).to_be_visible()
        visitor.complaints.clear()  # of the 404
        assert visitor.violations() == ""


def test_the_page_for_another_name_fits_a_telephone_and_leads_to_no_dead_end(chromium: Browser, demo: str) -> None:
    answer = httpx.get(f"{demo}/demo/", headers={"Host": "a-planet-with-a-long-name.example.org"})
    assert answer.status_code == 400
    with visiting(chromium, demo, size=SMALL) as visitor:
        # The browser can't use that name, so the page is served to it under another address.
        visitor.page.route(
            "**/by-another-name", lambda route: route.fulfill(status=400, body=answer.text, content_type="text/html")
        )
        page = visitor.goto("/by-another-name", 400)
        expect(page.get_by_text("LIFESTREAM_HOSTS")).to_be_visible()
        visitor.complaints.clear()  # of the 400
        assert visitor.violations() == "" and not visitor.overflows()
        expect(page.get_by_role("main").get_by_role("link")).to_have_count(0)
        expect(page.get_by_role("contentinfo")).to_have_count(0)


def test_the_page_of_a_day_shows_the_date_once(chromium: Browser, demo: str) -> None:
    with visiting(chromium, demo) as visitor:
        page = visitor.goto("/demo/2026/10/02/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Friday, 2 October 2026")
        expect(page).to_have_title("Friday, 2 October 2026 · Demo")
        expect(page.locator(".day-name")).to_have_count(0)
        expect(page.get_by_role("heading", level=2).first).to_have_class("visually-hidden")
