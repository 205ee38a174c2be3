"""The one-time token: kept as a hash for its owner alone, for an hour, and used up once."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User

from file_limits import no_file_writes, no_more_files
from lifestream.owner import first_run

NOW = 1_790_000_000.0


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = tmp_path
    return tmp_path


def token() -> str:
    return first_run.make_token(lambda: NOW)


def take(given: str, now: float = NOW) -> bool:
    with first_run.taken(given, lambda: now) as is_valid:
        return is_valid


def test_a_token_has_128_bits_and_its_file_does_not_contain_it(home: Path) -> None:
    made = {token() for _ in range(20)}
    assert len(made) == 20 and {len(each) for each in made} == {22}  # 16 bytes in base64
    [file] = home.iterdir()
    assert not any(each in file.read_text() for each in made)
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_token_is_valid_for_an_hour() -> None:
    made = token()
    assert first_run.holds(made, lambda: NOW + 3600 - 1)
    assert not first_run.holds(made, lambda: NOW + 3600)
    assert not take(made, NOW + 3600)
    assert not first_run.holds(made, lambda: NOW - 3600), "the clock was put back: the token would be valid for longer"


def test_a_new_token_replaces_the_old_one() -> None:
    old, new = token(), token()
    assert not first_run.holds(old, lambda: NOW) and first_run.holds(new, lambda: NOW)


@pytest.mark.parametrize("wrong", ["", "x", "x" * 22, "x" * 1_000_000, "\0", "\ud800", "é" * 22])
def test_no_other_text_is_valid(wrong: str) -> None:
    token()
    assert not first_run.holds(wrong, lambda: NOW) and not take(wrong)


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"hash": 1, "expires": "x"}', "\0\0"])
def test_a_file_with_other_content_makes_no_token_valid(home: Path, content: str) -> None:
    (home / "first_run").write_text(content)
    assert not first_run.holds("x", lambda: NOW)


def test_only_one_of_many_threads_takes_the_token(home: Path) -> None:
    made = token()
    start = threading.Barrier(8)
    taken: list[bool] = []

    def take_it() -> None:
        start.wait()
        taken.append(take(made))

    threads = [threading.Thread(target=take_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]
    assert not list(home.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit to lower")
def test_a_token_is_valid_again_if_no_account_is_made_even_on_a_full_disk(home: Path) -> None:
    made = token()
    with no_file_writes(), pytest.raises(OSError, match="no account"), first_run.taken(made, lambda: NOW):
        raise OSError("no account")
    assert take(made)
    assert not list(home.iterdir())


def test_on_a_file_system_without_links_a_token_is_valid_again_if_no_account_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.link", mock.Mock(side_effect=PermissionError(1, "Operation not permitted")))
    made = token()
    with pytest.raises(KeyError), first_run.taken(made, lambda: NOW):
        raise KeyError
    assert first_run.holds(made, lambda: NOW)
    assert [file.name for file in home.iterdir()] == ["first_run"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit to lower")
def test_a_token_that_cannot_be_stored_leaves_the_one_before(home: Path) -> None:
    made = token()
    with no_file_writes(), pytest.raises(OSError, match="File too large"):
        token()
    assert first_run.holds(made, lambda: NOW)
    assert [file.name for file in home.iterdir()] == ["first_run"]


def test_a_token_that_is_given_back_replaces_no_newer_one(home: Path) -> None:
    old = token()
    newer = ""
    with suppress(KeyError), first_run.taken(old, lambda: NOW):
        newer = token()
        raise KeyError
    assert first_run.holds(newer, lambda: NOW) and not first_run.holds(old, lambda: NOW)
    assert [file.name for file in home.iterdir()] == ["first_run"]


def test_a_newer_token_outlives_the_use_of_the_old_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process makes one while the old one, which was valid a moment ago, is being used."""
    old = token()
    newer: list[str] = []

    def token_hex(_count: int) -> str:
        newer.append(token())
        return "0"

    monkeypatch.setattr("secrets.token_hex", token_hex)
    assert not take(old)
    assert first_run.holds(newer[0], lambda: NOW)
    assert [file.name for file in home.iterdir()] == ["first_run"]
    if os.name != "nt":
        assert stat.S_IMODE((home / "first_run").stat().st_mode) == 0o600


@pytest.mark.django_db
def test_a_site_with_an_account_is_closed_and_forget_deletes_the_token(home: Path) -> None:
    token()
    assert first_run.is_open()
    User.objects.create_user("somebody")
    assert not first_run.is_open()
    first_run.forget()
    first_run.forget()
    assert not list(home.iterdir())


def test_another_site_than_the_bundled_one_has_no_token(settings: Any) -> None:
    del settings.HOME
    assert first_run.make_token() == "" and not first_run.holds("x") and not take("x")
    first_run.forget()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit to lower")
@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_shortage_of_files_uses_up_no_token(home: Path, monkeypatch: pytest.MonkeyPatch, is_renamed: bool) -> None:
    made = token()
    matches = first_run._matches

    def matches_before_the_rename(path: Path, given: str, now: float) -> bool:
        if path.name == "first_run":
            return True
        with no_more_files():
            return matches(path, given, now)

    with monkeypatch.context() as patched:
        if is_renamed:
            patched.setattr(first_run, "_matches", matches_before_the_rename)
            with pytest.raises(OSError, match="Too many open files"):
                take(made)
        else:
            with no_more_files(), pytest.raises(OSError, match="Too many open files"):
                take(made)
    assert take(made)
    assert not list(home.iterdir())
