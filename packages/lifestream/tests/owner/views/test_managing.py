"""The sites of a lifestream, in its owner's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from factories import make_feed
from lifestream.models import Addition, Feed, Lifestream, Subscription
from owners import owned, submitted
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
HERE = "/main/manage/"


@pytest.fixture
def lifestream(client: Client) -> Lifestream:
    return owned(client)


def folders(lifestream: Lifestream) -> dict[str, str]:
    return dict(lifestream.subscriptions.values_list("feed__title", "folder"))


class TestMany:
    def test_many_sites_are_paused_moved_and_resumed_at_once(self, client: Client, lifestream: Lifestream) -> None:
        one, two, three = (make_site(lifestream, name) for name in ("one", "two", "three"))
        both = [one.pk, two.pk]
        assert "2 sites were paused." in submitted(client, HERE, action="pause", site=both)
        assert set(Subscription.objects.filter(paused=True)) == {one, two}
        assert "2 sites were moved." in submitted(client, HERE, action="move", folder=" News\n today", site=both)
        assert folders(lifestream) == {"one": "News today", "two": "News today", "three": ""}
        assert "2 sites were resumed." in submitted(client, HERE, action="resume", site=[one.pk, two.pk, three.pk])
        assert not Subscription.objects.filter(paused=True).exists()

    def test_sites_are_removed_after_a_question(self, client: Client, lifestream: Lifestream) -> None:
        site, other = make_site(lifestream, "one"), make_site(lifestream, "two")
        make_post(site)
        assert "Remove 1 site?" in submitted(client, HERE, action="remove", site=site.pk)
        assert Subscription.objects.count() == 2
        assert "1 site was removed." in submitted(client, HERE, action="remove", site=site.pk, sure="1")
        assert Subscription.objects.get() == other and Feed.objects.get(pk=site.feed_id).status == Feed.Status.IDLE

    def test_many_sites_are_removed_by_a_form_with_few_fields(self, client: Client, lifestream: Lifestream) -> None:
        keys = [make_site(lifestream, f"site {number}").pk for number in range(3)]
        elsewhere = make_site()
        page = submitted(client, HERE, action="remove", all="1")
        sites = ",".join(map(str, keys))
        assert f'<input type="hidden" name="sites" value="{sites}">' in page and 'name="site"' not in page
        sent = f"{sites},{elsewhere.pk},x,,{'9' * 30}"
        assert "3 sites were removed." in submitted(client, HERE, action="remove", sure="1", sites=sent)
        assert Subscription.objects.get() == elsewhere

    def test_a_site_that_is_named_very_often_is_looked_up_once(self, client: Client, lifestream: Lifestream) -> None:
        site = make_site(lifestream, "one")
        with CaptureQueriesContext(connection) as queries:
            client.post(HERE, {"action": "pause", "sites": f"{site.pk}," * 20_000})
        assert len(queries) < 30 and Subscription.objects.get().paused

    @pytest.mark.slow
    def test_all_listed_sites_are_those_of_all_pages(self, client: Client, lifestream: Lifestream) -> None:
        for number in range(105):
            make_site(lifestream, f"site {number}")
        make_site(lifestream, "another")
        assert "105 sites were moved." in submitted(client, f"{HERE}?q=site", action="move", folder="x", all="1")
        assert lifestream.subscriptions.filter(folder="").count() == 1

    def test_an_update_makes_a_feed_due_unless_its_server_asked_for_a_pause(
        self, client: Client, lifestream: Lifestream
    ) -> None:
        later = timezone.now() + timedelta(hours=3)
        free = make_site(lifestream, "free", next_fetch=later)
        blocked = make_site(lifestream, "blocked", next_fetch=later, not_before=later)
        page = submitted(client, HERE, action="update", site=[free.pk, blocked.pk])
        assert "1 feed is fetched now." in page and "1 was left alone" in page
        assert list(Feed.objects.due(timezone.now())) == [free.feed]

    def test_sites_of_others_are_left_alone(self, client: Client, lifestream: Lifestream) -> None:
        theirs = make_site()
        assert "Nothing was chosen." in submitted(client, HERE, action="pause", site=theirs.pk)
        theirs.refresh_from_db()
        assert not theirs.paused

    @pytest.mark.parametrize("fields", [{}, {"site": "x"}, {"site": "9" * 30}, {"site": "1\0"}, {"site": "²"}])
    def test_a_form_that_names_no_site_is_reported(self, client: Client, lifestream: Lifestream, fields: Any) -> None:
        assert "Nothing was chosen." in submitted(client, HERE, action="pause", **fields)

    def test_the_redirect_after_a_form_leads_to_no_other_website(self, client: Client, lifestream: Lifestream) -> None:
        site = make_site(lifestream)
        for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
            answer = client.post(HERE, {"action": "pause", "site": site.pk, "next": target})
            assert answer["Location"] == HERE, target


class TestList:
    def test_the_list_is_narrowed_by_words_folder_and_state(self, client: Client, lifestream: Lifestream) -> None:
        make_site(lifestream, "Small Hours")
        make_site(lifestream, "Broken", failures=3, last_fetch=timezone.now(), last_error="no answer")
        Subscription.objects.filter(feed__title="Small Hours").update(folder="Night", paused=True)
        for query, found in {"q=small": "Small Hours", "folder=Night": "Small Hours", "state=paused": "Small Hours",
                             "state=failing": "Broken"}.items():  # fmt: skip
            page = client.get(f"{HERE}?{query}").content.decode()
            assert page.count("data-row=") == 1 and found in page, query
        assert "No site is like that." in client.get(f"{HERE}?q=nothing").content.decode()

    @pytest.mark.slow
    def test_the_page_reloads_itself_until_feeds_have_come_or_failed(
        self, client: Client, lifestream: Lifestream
    ) -> None:
        make_site(lifestream, last_fetch=timezone.now())
        page = client.get(HERE).content.decode()
        assert "data-busy" not in page and "refresh" not in page
        Addition.objects.create(lifestream=lifestream, url="https://a.example/")
        page = client.get(HERE).content.decode()
        assert "data-busy" in page and '<meta http-equiv="refresh" content="5">' in page
        assert "1 feed is still to come." in page
        Addition.objects.update(state="failed", reason="<b>nothing there</b>")
        page = client.get(HERE).content.decode()
        assert "&lt;b&gt;nothing there" in page and "data-busy" not in page
        submitted(client, f"{HERE}add/", do="dismiss")
        assert not Addition.objects.exists()


class TestOne:
    def test_a_site_is_renamed_and_moved(self, client: Client, lifestream: Lifestream) -> None:
        site = make_site(lifestream, "Old")
        assert "Saved." in submitted(client, f"{HERE}sites/{site.pk}/", name="New", folder="A", do="save")
        site.refresh_from_db()
        assert (site.name, site.folder) == ("New", "A")

    def test_a_name_or_folder_that_is_very_long_is_refused(self, client: Client, lifestream: Lifestream) -> None:
        """A published feed has the name of a site in each entry."""
        site = make_site(lifestream)
        for name in ("name", "folder"):
            answer = client.post(f"{HERE}sites/{site.pk}/", {name: "x" * 2_001, "do": "save"})
            assert list(answer.context["form"].errors) == [name]
        assert "Saved." in submitted(client, f"{HERE}sites/{site.pk}/", name="x" * 2_000, do="save")

    def test_a_rule_that_cannot_be_read_is_refused_at_its_field(self, client: Client, lifestream: Lifestream) -> None:
        site = make_site(lifestream)
        for name in ("keep_rules", "block_rules"):
            answer = client.post(f"{HERE}sites/{site.pk}/", {name: "title:", "do": "save"})
            assert list(answer.context["form"].errors) == [name]

    def test_a_preview_shows_how_many_posts_its_rules_would_hide(self, client: Client, lifestream: Lifestream) -> None:
        site = make_site(lifestream)
        for title in ("a cat", "a dog", "another cat"):
            make_post(site, title, text=title)
        make_post(make_site(lifestream), "a cat elsewhere")
        page = submitted(client, f"{HERE}sites/{site.pk}/", block_rules="cat", do="preview")
        assert "Of 3 posts, these rules would hide 2." in page and "another cat" in page
        site.refresh_from_db()
        assert not site.block_rules

    def test_a_page_of_a_site_shows_why_there_are_no_newer_posts(self, client: Client, lifestream: Lifestream) -> None:
        feed = make_feed(failures=2, last_error="the server answered 500", last_fetch=timezone.now())
        site = lifestream.subscriptions.create(feed=feed, name="Broken")
        page = client.get(f"{HERE}sites/{site.pk}/").content.decode()
        assert "the server answered 500" in page and "2 times in a row" in page and "Next fetch:" in page

    def test_the_posts_of_a_site_are_counted_as_its_page_shows_them(
        self, client: Client, lifestream: Lifestream
    ) -> None:
        site = make_site(lifestream)
        for number in range(4):
            make_post(site, f"post {number}", hidden=number == 0, removed=number == 1)
        page = client.get(f"/main/manage/sites/{site.pk}/").content.decode()
        assert "Its page, with 2 posts" in page

    def test_a_site_is_updated_unless_it_was_fetched_within_the_last_minute(
        self, client: Client, lifestream: Lifestream
    ) -> None:
        site = lifestream.subscriptions.create(feed=make_feed(last_fetch=timezone.now()), name="A site")
        assert "it was fetched within the last minute" in submitted(client, f"{HERE}sites/{site.pk}/", do="update")
        Feed.objects.update(last_fetch=timezone.now() - timedelta(minutes=1))
        assert "1 feed is fetched now." in submitted(client, f"{HERE}sites/{site.pk}/", do="update")

    def test_a_site_of_another_lifestream_is_a_404(self, client: Client, lifestream: Lifestream) -> None:
        assert client.get(f"{HERE}sites/{make_site().pk}/").status_code == 404
