"""`export_opml`: to a file, and to standard output."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from command_cases import CommandTestCase
from factories import make_feed, make_lifestream, make_subscription


class ExportOpml(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "list.opml"

    def test_a_list_is_exported_to_a_file_or_to_standard_output(self) -> None:
        lifestream = make_lifestream("main")
        make_subscription(make_feed("http://a.example/feed", title="A"), lifestream)
        self.run_command("export_opml", str(self.file))
        assert b'xmlUrl="http://a.example/feed"' in self.file.read_bytes()
        assert 'xmlUrl="http://a.example/feed"' in self.run_command("export_opml")
        assert self.failure("export_opml", str(self.file / "x")).startswith(f"{self.file / 'x'} can't be written: ")
