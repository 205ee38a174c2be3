"""LIFESTREAM_HOME: the folder, the secret key, and who may read them."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import pytest

from file_limits import no_file_writes
from lifestream.fetcher.shortage import Shortage
from lifestream.site import cli, configuration
from lifestream.site.home import PrivateConnection, home, keep_private, secret_key
from own_site import command


class TestHome:
    def test_the_folder_that_is_named_is_made_for_its_owner_only(self, tmp_path: Path) -> None:
        folder = home({"LIFESTREAM_HOME": str(tmp_path / "a" / "b")})
        assert folder == tmp_path / "a" / "b"
        if os.name == "posix":
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_without_a_name_the_folder_is_in_the_users_home(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        assert home({}) == tmp_path / ".lifestream"

    def test_a_file_in_place_of_the_folder_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(
            SystemExit, match=rf"^LIFESTREAM_HOME is {re.escape(str(tmp_path / 'file'))}, which is no folder"
        ):
            home({"LIFESTREAM_HOME": str(tmp_path / "file")})

    @pytest.mark.skipif(os.name == "nt", reason="no name of a file has a line break there")
    def test_a_line_break_in_the_name_of_the_folder_is_shown_as_an_escape(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(SystemExit) as of_folder:
            home({"LIFESTREAM_HOME": str(tmp_path / "file" / "a\nb")})
        assert str(of_folder.value).startswith(rf"LIFESTREAM_HOME is {tmp_path / 'file'}/a\nb, which is no folder")
        folder = tmp_path / "a\nb"
        with pytest.raises(SystemExit) as of_key:
            secret_key(folder)
        assert rf"kept in {tmp_path}/a\nb/secret_key: " in str(of_key.value)
        folder.mkdir()
        (folder / "secret_key").touch()
        with pytest.raises(SystemExit) as of_empty_key:
            secret_key(folder)
        assert str(of_empty_key.value).startswith(rf"{tmp_path}/a\nb/secret_key has no key")
        (folder / "lifestream.toml").write_text("NAUGHT = 1", encoding="utf-8")
        with pytest.raises(configuration.ConfigurationError) as of_settings:
            configuration.load(folder, {})
        assert str(of_settings.value) == rf"{tmp_path}/a\nb/lifestream.toml: NAUGHT is no setting."

    def test_a_secret_key_that_cannot_be_kept_is_an_error_that_names_its_folder(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match=rf"^The secret key can't be kept in {re.escape(str(tmp_path))}.*gone"):
            secret_key(tmp_path / "gone")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
    def test_a_secret_key_that_the_disk_has_no_space_for_names_the_remedy_and_leaves_no_file(
        self, tmp_path: Path
    ) -> None:
        with no_file_writes(), pytest.raises(SystemExit) as raised:
            secret_key(tmp_path)
        assert str(raised.value) == (
            f"The secret key can't be kept in {tmp_path / 'secret_key'}: {Shortage.FILE_SIZE.value}."
        )
        assert [*tmp_path.iterdir()] == []
        assert len(secret_key(tmp_path)) >= 50

    def test_the_secret_key_is_made_once_for_all_threads_that_ask_at_once(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(16) as pool:
            keys = set(pool.map(lambda _: secret_key(tmp_path), range(64)))
        assert len(keys) == 1
        assert len(keys.pop()) >= 50
        assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]

    def test_the_secret_key_is_for_its_owner_only(self, tmp_path: Path) -> None:
        secret_key(tmp_path)
        if os.name == "posix":
            assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600

    def test_a_file_system_without_links_is_enough(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError("no links here")

        monkeypatch.setattr(os, "link", refuse)
        assert secret_key(tmp_path) == secret_key(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.skipif(os.name != "posix", reason="on Windows files have the access list of their folder")
class TestPrivateFiles:
    @pytest.mark.slow
    def test_the_database_and_the_files_beside_it_are_for_their_owner_only(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)  # a folder that existed before
        assert command("showmigrations", "auth", folder=tmp_path).returncode == 0
        database = tmp_path / "lifestream.sqlite3"
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE t (x)")
            connection.commit()
            modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()}
        connection.close()
        assert {"lifestream.sqlite3", "lifestream.sqlite3-wal", "lifestream.sqlite3-shm"} <= set(modes)
        assert set(modes.values()) == {"0o600"}, modes

    @pytest.mark.slow
    def test_all_files_of_a_new_site_are_for_their_owner_only(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        before = os.umask(0o022)
        try:
            done = command("status", folder=tmp_path)
        finally:
            os.umask(before)
        modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir() if path.is_file()}
        assert "migrate.lock" in modes, done.stderr
        assert set(modes.values()) == {"0o600"}, modes

    def test_files_that_others_could_read_become_private(self, tmp_path: Path) -> None:
        database = tmp_path / "lifestream.sqlite3"
        names = ("", "-wal", "-shm", "-journal")
        for suffix in names:
            (tmp_path / f"{database.name}{suffix}").touch(0o666)
            (tmp_path / f"{database.name}{suffix}").chmod(0o664)
        keep_private(database)
        for suffix in names:
            assert stat.S_IMODE((tmp_path / f"{database.name}{suffix}").stat().st_mode) == 0o600
        secret_key(tmp_path)
        for mode in (0o644, 0o640, 0o604):  # as it may be after it was restored from a backup
            (tmp_path / "secret_key").chmod(mode)
            secret_key(tmp_path)
            assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600

    def test_a_rollback_journal_has_the_mode_of_its_database(self, tmp_path: Path) -> None:
        database = tmp_path / "a.sqlite3"
        keep_private(database)
        with sqlite3.connect(database, isolation_level=None) as connection:
            connection.execute("CREATE TABLE t (x)")
            connection.execute("BEGIN")
            connection.execute("INSERT INTO t VALUES (1)")
            assert stat.S_IMODE((tmp_path / "a.sqlite3-journal").stat().st_mode) == 0o600
            connection.execute("ROLLBACK")
        connection.close()

    @pytest.mark.slow
    def test_a_database_of_another_folder_is_as_private(self, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere.sqlite3"
        done = command("showmigrations", "auth", folder=tmp_path / "home", DATABASE_URL=f"sqlite:///{elsewhere}")
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    @pytest.mark.parametrize("named", ["{}", "file:{}", "file://{}", "file://localhost{}?cache=private#x", "a link"])
    @pytest.mark.parametrize("there", [False, True])
    def test_however_a_database_is_named_it_is_private(
        self, tmp_path: Path, named: str, umask: int, there: bool
    ) -> None:
        database = tmp_path / "a b.sqlite3"
        files = [database.with_name(f"{database.name}{suffix}") for suffix in ("", "-wal", "-shm")]
        if there:
            with sqlite3.connect(database) as first:
                first.execute("PRAGMA journal_mode=WAL")
            first.close()
            for file in files:
                file.touch()
                file.chmod(0o666)
        name = named.format(database if "file" not in named else quote(str(database)))
        if named == "a link":
            (tmp_path / "link").symlink_to(database)  # until the database exists, it leads to nothing
            name = str(tmp_path / "link")
        before = os.umask(umask)
        try:
            with sqlite3.connect(name, uri=True, factory=PrivateConnection) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("CREATE TABLE t (x)")
                connection.commit()
                modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files}
            connection.close()
        finally:
            os.umask(before)
        assert set(modes.values()) == {"0o600"}, modes

    @pytest.mark.parametrize(
        "name",
        ["file:a\tb.db", "file:a\nb.db", "file:%ff.db", "file:a.db?mode=memory&mode=rwc", "file:a;b.db", "file:[a].db"],
    )
    def test_the_private_file_is_the_one_that_sqlite_opens(
        self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        before = os.umask(0o022)
        try:
            with sqlite3.connect(name, uri=True, factory=PrivateConnection) as connection:
                connection.execute("CREATE TABLE t (x)")
            connection.close()
        finally:
            os.umask(before)
        assert [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()] == [0o600]

    @pytest.mark.parametrize("name", [":memory:", "", "file::memory:", "file:x?mode=memory&cache=shared"])
    def test_a_database_in_memory_has_no_file(self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        sqlite3.connect(name, uri=True, factory=PrivateConnection).close()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o755), (0o002, 0o755), (0o077, 0o700)])
    def test_no_other_user_may_write_to_the_folder_or_to_those_above_it(
        self, tmp_path: Path, umask: int, mode: int
    ) -> None:
        before = os.umask(umask)
        try:
            made = home({"LIFESTREAM_HOME": str(tmp_path / "a" / "b" / "c")})
        finally:
            os.umask(before)
        assert [stat.S_IMODE(each.stat().st_mode) for each in (made, made.parent, made.parent.parent)] == [
            0o700, mode, mode,
        ]  # fmt: skip

    def test_a_file_that_cannot_become_private_is_reported_with_the_remedy(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        database = tmp_path / "a.sqlite3"
        database.touch()
        database.chmod(0o644)
        monkeypatch.setattr(Path, "chmod", refuse)
        with pytest.warns(UserWarning, match=r"a\.sqlite3 can be read by others .* run: chmod go= /.*a\.sqlite3$"):
            keep_private(database)

    def test_a_missing_folder_is_left_to_sqlite_to_report(self, tmp_path: Path) -> None:
        keep_private(tmp_path / "gone" / "a.sqlite3")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"a\0b", b"two\nlines"])
def test_the_error_about_a_file_without_a_key_names_it_and_the_remedy(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_bytes(content)
    with pytest.raises(SystemExit, match=rf"^{re.escape(str(tmp_path / 'secret_key'))} has no key, .* delete it"):
        secret_key(tmp_path)
    assert (tmp_path / "secret_key").read_bytes() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this system's folders")
def test_a_pipe_in_place_of_the_key_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "secret_key", 0o600)
    with pytest.raises(SystemExit, match="it is no file"):
        secret_key(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this system's folders")
def test_a_pipe_in_place_of_the_lock_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFESTREAM_HOME", str(tmp_path))
    os.mkfifo(tmp_path / "migrate.lock", 0o600)
    with pytest.raises(SystemExit, match=r"opened: .+ is not seekable\. Delete it"), cli._alone():
        pass


@pytest.mark.slow
def test_the_error_about_a_lock_that_cannot_be_opened_names_it_and_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "migrate.lock").mkdir()
    done = command("status", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path / 'migrate.lock'}, which commands lock, can't be opened: ")
    assert "Delete it, or let this user own it." in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows locks files by other means")
def test_the_error_about_a_file_that_cannot_be_locked_names_it_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFESTREAM_HOME", str(tmp_path))
    none_left = OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    monkeypatch.setattr("fcntl.flock", mock.Mock(side_effect=none_left))
    told = r"migrate\.lock can't be locked: No locks available\. Run this command again later, or put LIFESTREAM_HOME"
    with pytest.raises(SystemExit, match=told), cli._alone():
        pass
