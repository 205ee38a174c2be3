"""`import_opml`: lists of other readers."""

from __future__ import annotations

import io
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.signals import post_init
from django.test import override_settings

from command_cases import CommandTestCase
from lifestream.models import Feed, Item, Lifestream
from lifestream.refresh.opml import Outline, render
from served import feed


class ImportOpml(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "list.opml"

    def test_a_list_is_imported_and_fetched(self) -> None:
        self.feedserver.add("/feed", feed())
        outlines = [Outline(self.get_url("/feed"), "Mine", folder="News"), Outline("ftp://example.org/")]
        self.file.write_bytes(render("t", outlines))
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            printed = self.run_command("import_opml", str(self.file))
        assert printed.startswith("1 feed added to 'main', 0 known before, 1 left out.\n")
        assert printed.endswith("1 feed asked, 2 new, 0 changed, 0 failed.\n")
        assert "Left out: ftp://example.org/ is not fetched" in errors.getvalue()
        assert Item.objects.count() == 2

    def test_feeds_of_a_list_that_is_cut_off_are_imported_and_the_exit_status_is_1(self) -> None:
        whole = render("t", [Outline(f"http://{name}.example/") for name in "ab"]).replace(b"><", b">\n<")
        self.file.write_bytes(whole[: whole.index(b"http://b")])
        with mock.patch("sys.stderr", io.StringIO()) as errors, pytest.raises(SystemExit) as ended:
            self.run_command("import_opml", str(self.file), "--no-update")
        assert ended.value.code == 1
        assert errors.getvalue().startswith(f"{self.file} is cut off: it ends at line ")
        assert [feed.url for feed in Feed.objects.all()] == ["http://a.example/"]
        self.file.write_bytes(whole)
        assert self.run_command("import_opml", str(self.file), "--no-update").startswith("1 feed added to 'main', 1 ")

    def test_the_configuration_of_a_planet_is_not_taken_for_a_list_that_is_cut_off(self) -> None:
        self.file = self.file.with_name("planet.ini")
        self.file.write_text("[http://a.example/feed]\nname = A\n")
        printed = self.run_command("import_opml", str(self.file), "--no-update")
        assert printed.startswith("1 feed added to 'main', 0 known before, 0 left out.\n")

    def test_no_text_in_a_list_begins_a_line_of_its_own(self) -> None:
        addresses = ("type='HTML+XPath' xmlUrl='http://a.example/", "xmlUrl='ftp://b")
        outlines = "".join(f"<outline {address}&#10;All is well'/>" for address in addresses)
        self.file.write_text(f"<opml><body>{outlines}</body></opml>")
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            self.run_command("import_opml", str(self.file), "--no-update")
        lines = errors.getvalue().splitlines()
        assert len(lines) == 2 and all(line.startswith("Left out: ") for line in lines)
        self.file.write_text("[http://a.example/]\nname = A\nfilters = a.py\n  All is well\n")
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            self.run_command("import_opml", str(self.file), "--no-update")
        [line] = errors.getvalue().splitlines()
        assert line.startswith("Has no counterpart: ") and "All is well" in line

    @pytest.mark.skipif(os.name == "nt", reason="no name of a file has a line feed")
    def test_a_line_feed_in_the_name_of_a_damaged_list_begins_no_line(self) -> None:
        self.file = self.file.with_name("list\nAll is well.opml")
        self.file.write_text("<opml>\n<body><outline xmlUrl='http://a.example/?a&b'/></body></opml>")
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            self.run_command("import_opml", str(self.file), "--no-update")
        assert len(errors.getvalue().splitlines()) == 1 and "list\\nAll is well.opml is not" in errors.getvalue()

    def test_the_line_of_an_error_is_reported(self) -> None:
        self.file.write_text("<opml>\n<body><outline xmlUrl='http://a.example/?a&b'/></body></opml>")
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            self.run_command("import_opml", str(self.file), "--no-update")
        printed = errors.getvalue()
        assert printed.startswith(f"{self.file} is not well-formed at line 2, column ")
        assert printed.rstrip().endswith("All feeds that are named in it were taken.")

    def test_with_the_option_no_update_nothing_is_fetched(self) -> None:
        self.file.write_bytes(render("t", [Outline(self.get_url("/feed"))]))
        self.run_command("import_opml", str(self.file), "--no-update")
        assert Feed.objects.count() == 1
        assert self.feedserver.requests == []

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
    @override_settings(LIFESTREAM_TIMEOUT=0.01)
    def test_a_pipe_that_nobody_writes_to_is_an_error(self) -> None:
        os.mkfifo(self.file)
        reason = "nothing came from it for 0.01 s (LIFESTREAM_TIMEOUT)"
        assert self.failure("import_opml", str(self.file)) == f"{self.file} can't be read: {reason}"

    def test_a_missing_file_and_one_that_is_no_opml_are_errors(self) -> None:
        assert self.failure("import_opml", str(self.file)) == f"{self.file} can't be read: No such file or directory"
        self.file.write_text("hello")
        assert self.failure("import_opml", str(self.file)).startswith(f"{self.file}: it is no OPML")


@pytest.mark.django_db(transaction=True)
def test_the_deletion_of_the_lifestream_meanwhile_is_reported_in_one_line(tmp_path: Path) -> None:
    Lifestream.objects.create(slug="main", title="Main")
    file = tmp_path / "list.opml"
    file.write_bytes(render("t", [Outline("https://a.example/")]))

    def delete(instance: Lifestream, **_: object) -> None:
        Lifestream.objects.filter(pk=instance.pk)._raw_delete("default")

    post_init.connect(delete, Lifestream)
    try:
        with pytest.raises(CommandError, match=r"^What this command was to change was deleted meanwhile\.$"):
            call_command("import_opml", str(file), "--lifestream=main")
    finally:
        post_init.disconnect(delete, Lifestream)
    assert not Feed.objects.exists()
