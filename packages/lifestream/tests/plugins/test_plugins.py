"""Plugins: which feed gets which, what each makes of a feed shaped like its site's, and what a bad one costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest

from costs import assert_linear
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure, Entry, Media, ParsedFeed
from lifestream.parser import parse
from lifestream.plugins import FeedPlugin, ItemDraft, PluginError, Registry
from lifestream.plugins.draft_checks import MAX_TEXT, MAX_WORDS
from lifestream.plugins.item_pipeline import PluginProblem, Prepared, hooked, prepare
from lifestream.plugins.mastodon import MastodonPlugin

SITES = Path(__file__).parents[1] / "feeds" / "sites"
SHIPPED = Registry(use_entry_points=False)
SANITIZER = Sanitizer()


def prepared_file(name: str, link: str = "") -> Prepared:
    """A file of `feeds/sites`, prepared with its plugin; *link*, if given, is the site that it says to be of."""
    url = "https://feeds.example/feed"
    feed = parse((SITES / name).read_bytes(), {}, url)
    feed = replace(feed, link=link or feed.link)
    return prepare(feed, SHIPPED.plugin_for(feed, url), SANITIZER)


def link(url: str, text: str) -> str:
    return f'<a href="{url}" rel="noopener noreferrer nofollow ugc">{text}</a>'


# Each site


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("youtube.xml", "youtube"),
        ("github-releases.atom", "github"),
        ("mastodon.rss", "mastodon"),
        ("podcast.xml", "podcast"),
        ("flickr.xml", "flickr"),
        ("reddit.atom", "reddit"),
        ("bluesky.xml", "bluesky"),
    ],
)
def test_a_feed_gets_the_plugin_of_its_site(name: str, plugin: str) -> None:
    prepared = prepared_file(name)

    assert (prepared.plugin, prepared.problems, prepared.left_out) == (plugin, (), 0)


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("youtube.xml", "youtube"),
        ("github-releases.atom", "github"),
        ("mastodon.rss", "mastodon"),
        ("podcast.xml", "podcast"),
        ("flickr.xml", "generic"),
    ],
)
def test_some_are_recognised_behind_another_domain(name: str, plugin: str) -> None:
    assert prepared_file(name, link="https://proxy.example/").plugin == plugin


def test_youtube_has_its_description_as_content_and_a_player() -> None:
    (item,) = prepared_file("youtube.xml").items

    parts = link("https://bench.example/parts", "https://bench.example/parts")
    assert (item.title, item.author) == ("Why this lamp flickers", "Bench Notes")
    assert item.content == (
        f"<p>A loose wire, &amp; how to find it.<br>Parts: {parts}</p>\n<p>00:00 The lamp<br>02:10 &lt;The wire&gt;</p>"
    )
    (film,) = item.media
    assert (film.url, film.type) == ("", "video/*")
    assert film.player == "https://www.youtube-nocookie.com/embed/dEmO-0_1234"
    assert film.thumbnail == "https://i1.ytimg.com/vi/dEmO-0_1234/hqdefault.jpg"


def test_github_names_the_repository_and_drops_avatars() -> None:
    first, second = prepared_file("github-releases.atom").items

    assert (first.title, second.title) == ("windlass: v1.4.0", "Windlass 1.3.9: oiled")
    assert (first.media, second.media) == ((), ())
    assert first.text == "Added\nA brake (#9)"
    assert first.published == datetime(2026, 5, 1, 10, 2, 11, tzinfo=UTC)


def test_mastodon_shows_links_as_it_does_and_warnings_as_titles() -> None:
    first, second = prepared_file("mastodon.rss").items

    knots = link("https://salt.example/a/very/long/way/to/knots", "salt.example/a/very/long/way…")
    rope = link("https://quay.example/tags/rope", "#rope")
    assert (first.title, first.tags) == ("", ("rope",))
    assert first.content == f"<p>New knots: {knots} {rope}</p>"
    assert first.media == (
        Media(url="https://files.quay.example/knot.jpg", type="image/jpeg", description="A knot, seen from above"),
    )
    assert (second.title, second.content) == ("rope & rot", "<p>It rots.</p>")


def test_mastodon_reads_spans_in_linear_time() -> None:
    def process(content: str) -> None:
        MastodonPlugin().process(Entry(title="t", content=content))

    def opened(count: int) -> str:
        return '<span class="invisible">x</span>' + "<span>x" * count

    assert_linear(process, opened, 4_000)


def test_a_podcast_has_each_sound_once_and_in_a_type_that_plays() -> None:
    second, first, news = prepared_file("podcast.xml").items

    assert second.enclosures == (Enclosure("https://media.example/lw/2.m4a?source=rss", "audio/mp4", 29520000, 2467),)
    assert second.media == (Media(type="image/*", thumbnail="https://lowwater.example/2.jpg"),)
    assert (second.author, second.content, second.summary) == ("Ada Quay", "<p>All about mud.</p>", "Mud, in short.")
    assert first.enclosures == (Enclosure("https://media.example/lw/1.mp3", "audio/mpeg", None, 1807),)
    assert (first.content, news.content) == ("<p>Sand.</p>", "Soon.")


def test_flickr_keeps_the_photographers_words_and_the_large_picture() -> None:
    (item,) = prepared_file("flickr.xml").items

    assert (item.title, item.author, item.content) == ("Kiln at night", "bo", "<p>Cone 10, and rising.</p>")
    assert item.media[0].url == "https://live.staticflickr.com/1/5001_b.jpg"
    assert item.tags == ("kiln", "night")


def test_reddit_keeps_the_post_and_what_it_is_about() -> None:
    about, own = prepared_file("reddit.atom").items

    comments = "https://www.reddit.com/r/knots/comments/1aa/a_knot/"
    assert (about.link, about.author) == (comments, "bowline")
    assert about.content.endswith(
        f"<p>{link('https://knots.example/a?x=1&amp;y=2', 'https://knots.example/a?x=1&amp;y=2')}</p>"
    )
    assert "submitted by" not in about.content
    assert "<td" not in about.content
    assert own.content == "<div><p>Which is best? (submitted by me)</p> </div>"


def test_bluesky_has_plain_text_for_content() -> None:
    (item,) = prepared_file("bluesky.xml").items

    assert item.title == ""
    assert item.content == (
        "<p>Splicing &lt;three&gt; strands &amp; more<br>"
        f"{link('https://salt.example/splice', 'https://salt.example/splice')}</p>\n"
        "<p>[contains quote post or other embedded content]</p>"
    )


@pytest.mark.parametrize("plugin", [SHIPPED.named(name) for name in SHIPPED.names], ids=lambda plugin: plugin.name)
def test_no_shipped_plugin_fails_on_an_empty_entry(plugin: FeedPlugin) -> None:
    prepared = prepare(ParsedFeed(entries=(Entry(),)), plugin, SANITIZER)

    assert prepared.items == (ItemDraft(),)
    assert plugin.recognises(ParsedFeed()) is (plugin.name == "nothing")


# Choosing


class Mine(FeedPlugin):
    name = "mine"
    domains = ("github.com", "only.example")


class Renamed(FeedPlugin):
    name = "youtube"


class Nameless(FeedPlugin):
    pass


PROXY = "https://feeds.example/f"
FILMS = ("https://www.youtube.com/watch?v=1", "https://youtu.be/2", "https://bench.example/3")


@pytest.mark.parametrize(
    ("claim", "url", "links", "plugin"),
    [
        # The feed's own URL speaks for it,
        ("https://youtube.com/@bench", "https://www.youtube.com/feeds", (), "youtube"),
        ("https://www.youtube.com", "https://m.YouTube.com:80/feeds", (), "youtube"),
        ("", "https://www.youtube.com/feeds", (), "youtube"),
        ("https://feeds.example/", "https://www.youtube.com/feeds", (), "youtube"),
        ("https://notyoutube.com/", "https://www.youtube.com/feeds", (), "youtube"),
        # or most of its links do.
        ("https://youtube.com/@bench", PROXY, FILMS[:1], "youtube"),
        ("https://youtube.com/@bench", PROXY, ("", "https://www.youtube.com/watch?v=1"), "youtube"),
        ("https://youtube.com/@bench", PROXY, FILMS[1:], "generic"),
        ("https://youtube.com/@bench", PROXY, FILMS, "generic"),
        # What it only says does not.
        ("https://youtube.com/@bench", PROXY, (), "generic"),
        ("https://www.youtube.com", PROXY, ("https://bench.example/3",), "generic"),
        ("https://youtube.com.evil.example/", PROXY, ("https://youtube.com.evil.example/1",), "generic"),
        (
            "https://youtube.com/",
            "https://youtube.com.evil.example/f",
            ("https://youtube.com@evil.example/",),
            "generic",
        ),
        ("https://youtube.com/", PROXY, ("https://evil.example\\@youtube.com/",), "generic"),
        # A blog about films is none of theirs.
        ("", PROXY, FILMS[:1], "generic"),
        ("https://feeds.example/", PROXY, FILMS[:1], "generic"),
        ("", "", (), "generic"),
        ("http://[", "http://[", ("http://[",), "generic"),
    ],
)
def test_a_plugin_is_for_the_domain_that_the_url_or_most_links_share(
    claim: str, url: str, links: tuple[str, ...], plugin: str
) -> None:
    feed = ParsedFeed(link=claim, entries=tuple(Entry(link=link) for link in links))
    assert SHIPPED.plugin_for(feed, url).name == plugin


@pytest.mark.parametrize(("name", "plugin"), [("github-releases.atom", "github"), ("youtube.xml", "youtube")])
def test_ids_alone_claim_no_plugin(name: str, plugin: str) -> None:
    feed = parse((SITES / name).read_bytes(), {}, "https://proxy.example/f")
    feed = replace(feed, link="https://proxy.example/")
    assert SHIPPED.plugin_for(feed, "https://proxy.example/f").name == plugin
    elsewhere = tuple(replace(entry, link="https://elsewhere.example/1") for entry in feed.entries)
    assert SHIPPED.plugin_for(replace(feed, entries=elsewhere), "https://proxy.example/f").name == "generic"


def test_plugins_of_settings_come_before_those_shipped() -> None:
    own = Registry([f"{__name__}.Mine", f"{__name__}.Renamed"], use_entry_points=False)

    assert isinstance(own.plugin_for(ParsedFeed(), "https://github.com/"), Mine)
    assert isinstance(own.named("youtube"), Renamed)
    assert own.plugin_for(ParsedFeed(), "https://youtube.com/").name == "generic"
    assert own.has_own
    assert not SHIPPED.has_own


def test_plugins_of_entry_points_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("mine", f"{__name__}:Mine", "lifestream.plugins")]
    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda *, group: points if group == "lifestream.plugins" else []
    )

    assert "mine" in Registry().names


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no.such.Plugin", "the plugin 'no.such.Plugin' can't be imported: No module named 'no'"),
        ("Plugin", "the plugin 'Plugin' can't be imported: Empty module name"),
        ("datetime.datetime", "the plugin 'datetime.datetime' is no subclass of lifestream.plugins.FeedPlugin"),
        (
            f"{__name__}.Nameless",
            f"the plugin '{__name__}.Nameless' has no name: set the attribute `name` of its class",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named(path: str, message: str) -> None:
    with pytest.raises(PluginError) as raised:
        Registry([path], use_entry_points=False)

    assert str(raised.value) == message


def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("broken", "no.such:Plugin", "lifestream.plugins")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: points)

    with pytest.raises(PluginError, match=r"^the plugin of the entry point 'broken' can't be imported"):
        Registry()


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(PluginError) as raised:
        SHIPPED.named("nosuch")

    assert str(raised.value) == (
        "there is no plugin 'nosuch': choose one of "
        "bluesky, flickr, generic, github, mastodon, podcast, reddit, youtube"
    )


# Hooks


FEED = ParsedFeed(title="T", entries=(Entry(guid="1", title="One"), Entry(guid="2", title="Two"), Entry(guid="3")))


class Telling(FeedPlugin):
    """Tells in which order it was called, and changes something in each hook."""

    name = "telling"
    calls: ClassVar[list[str]] = []

    def pre_process(self, entry: Entry) -> Entry:
        self.calls.append(f"pre_process {entry.guid}")
        return replace(entry, title=f"{entry.title}!")

    def include_entry(self, entry: Entry) -> bool:
        self.calls.append(f"include_entry {entry.title}")
        return entry.guid != "2"

    def process(self, entry: Entry) -> Entry:
        self.calls.append(f"process {entry.guid}")
        return replace(entry, content="<script>alert(1)</script><p>Made <b>here</b></p>", link="javascript:alert(1)")

    def post_process(self, draft: ItemDraft) -> None:
        self.calls.append(f"post_process {draft.guid}")
        draft.tags = ("told", "told")
        draft.summary = "<i>Told</i>"


def test_the_hooks_are_called_in_order_and_sanitising_comes_after_them() -> None:
    Telling.calls.clear()
    prepared = prepare(replace(FEED, entries=FEED.entries[:2]), Telling(), SANITIZER)

    assert Telling.calls == [
        *("pre_process 1", "include_entry One!", "process 1", "post_process 1"),
        *("pre_process 2", "include_entry Two!"),
    ]
    assert prepared.left_out == 1
    assert prepared.items == (
        ItemDraft(
            guid="1",
            title="One!",
            content="<p>Made <b>here</b></p>",
            text="Made here",
            summary="Told",
            tags=("told",),
        ),
    )


class Failing(FeedPlugin):
    name = "failing"
    hook: ClassVar[str] = ""

    def _maybe_fail(self, hook: str, guid: str) -> None:
        if self.hook == hook and guid == "2":
            raise LookupError("no luck")

    def pre_process(self, entry: Entry) -> Entry:
        self._maybe_fail("pre_process", entry.guid)
        return entry

    def include_entry(self, entry: Entry) -> bool:
        self._maybe_fail("include_entry", entry.guid)
        return True

    def process(self, entry: Entry) -> Entry:
        self._maybe_fail("process", entry.guid)
        return entry

    def post_process(self, draft: ItemDraft) -> None:
        self._maybe_fail("post_process", draft.guid)


@pytest.mark.parametrize("hook", ["pre_process", "include_entry", "process", "post_process"])
def test_an_exception_in_a_hook_costs_its_entry_only_and_is_reported(
    hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Failing, "hook", hook)
    prepared = prepare(FEED, Failing(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["1", "3"]
    assert prepared.problems == (PluginProblem("failing", hook, "Two", "LookupError: no luck"),)
    assert str(prepared.problems[0]) == (
        f"plugin failing: {hook} failed on 'Two', which is left out: LookupError: no luck"
    )


class Wordless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class OfItsOwnKind(BaseException):
    """As the panics of a library in Rust are."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (GeneratorExit(), "GeneratorExit: "),
        (OfItsOwnKind("panic"), "OfItsOwnKind: panic"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (MemoryError(), "MemoryError: "),
        (Wordless(), "Wordless: it can't say why"),
    ],
)
def test_an_exception_of_any_kind_costs_its_entry_only(error: BaseException, words: str) -> None:
    class Raising(FeedPlugin):
        name = "raising"

        def process(self, entry: Entry) -> Entry:
            if entry.guid == "2":
                raise error
            return entry

    prepared = prepare(FEED, Raising(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["1", "3"]
    assert [problem.error for problem in prepared.problems] == [words]


class Forgetful(FeedPlugin):
    name = "forgetful"

    def process(self, entry: Entry) -> Entry:
        return None if entry.guid == "1" else entry  # type: ignore[return-value]

    def post_process(self, draft: ItemDraft) -> None:
        if draft.guid == "3":
            draft.title = None  # type: ignore[assignment]


class Doubt:
    def __bool__(self) -> bool:
        raise ValueError("hard to say")


def test_an_answer_that_is_neither_yes_nor_no_costs_its_entry_only() -> None:
    class Unsure(FeedPlugin):
        name = "unsure"

        def include_entry(self, entry: Entry) -> bool:
            return Doubt() if entry.guid == "2" else True  # type: ignore[return-value]

    prepared = prepare(FEED, Unsure(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["1", "3"]
    assert prepared.problems == (PluginProblem("unsure", "include_entry", "Two", "ValueError: hard to say"),)


def test_a_hook_that_returns_or_leaves_nonsense_costs_its_entry_only() -> None:
    prepared = prepare(FEED, Forgetful(), SANITIZER)

    assert [item.guid for item in prepared.items] == ["2"]
    assert [(problem.hook, problem.entry) for problem in prepared.problems] == [
        ("process", "One"),
        ("post_process", "3"),
    ]
    assert prepared.problems[0].error == "it returned NoneType, not an Entry"


class Leaving(FeedPlugin):
    """Leaves *value* in the field *name* of each draft."""

    name = "leaving"
    field: ClassVar[str] = ""
    value: ClassVar[object] = None

    def post_process(self, draft: ItemDraft) -> None:
        setattr(draft, self.field, self.value)


class Nowhere(tzinfo):
    """A zone that can't say how far it is from UTC."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        raise LookupError("lost")

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "nowhere"


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("title", None, "TypeError: title is NoneType, not str"),
        ("content", b"<p>", "TypeError: content is bytes, not str"),
        ("published", "today", "TypeError: published is str, not datetime or None"),
        ("tags", None, "TypeError: 'NoneType' object is not iterable"),
        ("tags", ("a", 1), "TypeError: a tag is int, not str"),
        ("enclosures", ("u",), "TypeError: an enclosure is str, not Enclosure"),
        ("enclosures", (Enclosure("u", length="9"),), "TypeError: an enclosure's length is str, not int or None"),  # type: ignore[arg-type]
        ("media", (Media(url=None),), "TypeError: a medium's url is NoneType, not str"),  # type: ignore[arg-type]
        ("enclosures", (Enclosure("u", length=True),), "TypeError: an enclosure's length is bool, not int or None"),
        ("enclosures", (Enclosure("u", length=-1),), "ValueError: an enclosure's length is negative"),
        (
            "enclosures",
            (Enclosure("u", duration=10**5000),),
            "ValueError: an enclosure's duration is 9007199254740992 or more",
        ),
        (
            "published",
            datetime(2026, 1, 1, tzinfo=Nowhere()),
            "ValueError: published can't be told in UTC: LookupError: lost",
        ),
        (
            "updated",
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            "ValueError: updated can't be told in UTC: OverflowError: date value out of range",
        ),
        ("content", "x" * (MAX_TEXT + 1), "ValueError: content has 8388609 characters; at most 8388608 are cleaned"),
    ],
)
def test_what_can_not_be_cleaned_costs_its_entry_only_and_is_named(
    field: str, value: object, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Leaving, "field", field)
    monkeypatch.setattr(Leaving, "value", value)
    prepared = hooked(replace(FEED, entries=FEED.entries[:1]), Leaving())

    assert prepared.items == ()
    assert prepared.problems == (PluginProblem("leaving", "post_process", "One", error),)


@pytest.mark.parametrize("card", [{"a": object()}, {(1, 2): 3}, [0]], ids=["no JSON", "no key of JSON", "a list"])
def test_a_card_of_a_plugin_counts_for_nothing(card: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leaving, "field", "card")
    monkeypatch.setattr(Leaving, "value", card)
    left = hooked(FEED, Leaving())

    assert [item.card for item in left.items] == [{}] * len(FEED.entries)
    assert left.problems == ()


class Quoting(FeedPlugin):
    name = "quoting"

    def process(self, entry: Entry) -> Entry:
        raise ValueError("x " * 1_000_000)


def test_of_what_an_exception_says_a_line_is_kept() -> None:
    problems = hooked(FEED, Quoting()).problems

    assert len(problems) == len(FEED.entries)
    assert max(len(problem.error) for problem in problems) <= MAX_WORDS


def test_lists_are_taken_for_tuples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leaving, "field", "tags")
    monkeypatch.setattr(Leaving, "value", ["a", "b"])

    assert prepare(FEED, Leaving(), SANITIZER).items[0].tags == ("a", "b")


def test_a_draft_that_can_not_be_cleaned_is_left_out_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    html = Sanitizer.html

    def panic(sanitizer: Sanitizer, fragment: str, base_url: str = "") -> str:
        if fragment == "<p>panic":
            raise OfItsOwnKind("at the disco")
        return html(sanitizer, fragment, base_url)

    monkeypatch.setattr(Sanitizer, "html", panic)
    entries = (Entry(guid="1", content="<p>calm"), Entry(guid="2", title="Two", content="<p>panic"))
    prepared = prepare(ParsedFeed(entries=entries), FeedPlugin(), SANITIZER)

    assert [item.content for item in prepared.items] == ["<p>calm</p>"]
    assert prepared.problems == (PluginProblem("", "cleaning", "Two", "OfItsOwnKind: at the disco"),)


def test_a_plugin_that_can_not_say_whether_it_recognises_a_feed_costs_none(caplog: pytest.LogCaptureFixture) -> None:
    class Unsure(FeedPlugin):
        name = "unsure"

        def recognises(self, feed: ParsedFeed) -> bool:
            raise LookupError("who knows")

    registry = Registry()
    registry._plugins = {"unsure": Unsure(), **registry._plugins}
    assert registry.plugin_for(ParsedFeed(), "https://site.example/feed").name == "generic"
    assert "plugin unsure: recognises failed on https://site.example/feed" in caplog.text
