"""Each module has its test file in the folder of its name below `tests/`: `parser/ipc.py` has `parser/test_ipc.py`.

Names of test files are unique over both packages, except in folders with an `__init__`. If another file has the name
already, the name includes the folder as well: `admin/feeds.py` has `admin/test_admin_feeds.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]

NOT_TESTED_BY_ITSELF = {
    "feedserver/check/scenarios/bodies.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/encodings.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/hostile.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/items.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/redirects.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/requests.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/safety.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/template.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/timing.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/scenarios/validators.py": "tests/check/test_scenarios.py tries each of its rules, and breaks it",
    "feedserver/check/recipes/fastfeedparser_script.py": "a script that starts a reader; benchmarks/readers.py runs it",
    "feedserver/check/recipes/feedparser_script.py": "a script that starts a reader; benchmarks/readers.py runs it",
    "feedserver/check/recipes/lemon24_reader.py": "a script that starts a reader; benchmarks/readers.py runs it",
    "feedserver/check/recipes/liferea_driver.py": "a script that starts a reader; benchmarks/readers.py runs it",
    "feedserver/faults/places.py": "shared by the families of faults; tests/faults tests each way that they use it",
    "feedserver/handler/decisions.py": "values of handler/handler.py; tests/handler/test_handler.py checks each",
    "feedserver/net/event_loop.py": "the interface of both loops; mypy checks it",
    "lifestream/apps.py": "connects signals; tests/storage and tests/models test the effects of its handlers",
    "lifestream/owner/samples.py": "a list of values; owner/views/test_first_account.py chooses one of them",
    "lifestream/owner/urls.py": "the addresses of owners' pages; owner/test_access.py requests all of them",
    "lifestream/owner/views/frame.py": "shared by the pages of owners; owner/views tests each of them",
    "lifestream/refresh/hub_renewal.py": "rules/test_websub.py and the files beside it send its requests to real hubs",
    "lifestream/scheduler/jobs.py": "values; tests/scheduler and tests/storage make and use each of them",
    "lifestream/signals.py": "a list of values; tests/storage/test_announcements.py receives each of them",
    "lifestream/site/celery.py": "test_tasks.py starts workers with it",
    "lifestream/site/fetching_settings.py": "a list of values; commands/test_read.py runs a command with them alone",
    "lifestream/site/settings.py": "a list of values; tests/site runs commands and a server with them",
    "lifestream/site/urls.py": "the addresses of the site; tests/site requests them",
    "lifestream/site/wsgi.py": "site/test_site.py serves it",
    "lifestream/storage/hub_subscriptions.py": "rules/test_websub.py and the files beside it check each row",
    "lifestream/urls.py": "tests/test_addresses_of_pages.py resolves its addresses",
    "lifestream/web/page_rows.py": "web/test_walked_posts.py compares the pages of each way that it reads in",
    "lifestream/web/views/feeds.py": "web/test_syndication.py requests each of its addresses",
    "lifestream/web/views/push.py": "rules/test_websub.py calls it as hubs do",
    "lifestream/web/views/reading.py": "web/views/test_pages.py requests all the pages that it reads for",
}


def modules(source: Path) -> Iterator[Path]:
    """Yield the modules of a package, as paths in it, without its migrations and each `__init__` and `__main__`."""
    for path in sorted(source.rglob("*.py")):
        if path.name not in ("__init__.py", "__main__.py") and path.parent.name != "migrations":
            yield path.relative_to(source)


def names_of_tests(module: Path) -> tuple[str, ...]:
    """Return the names that the test file of *module* may have."""
    folders = module.parent.parts
    return tuple(f"test_{'_'.join((*folders[start:], module.stem))}.py" for start in range(len(folders) + 1))


def without_test(source: Path, tests: Path) -> list[str]:
    """Return the modules in *source* that have no test file in *tests*."""
    return [
        f"{source.name}/{module.as_posix()}"
        for module in modules(source)
        if not any((tests / module.parent / name).exists() for name in names_of_tests(module))
    ]


def test_each_module_has_a_test_file() -> None:
    missing = {
        name
        for package in ("feedserver", "lifestream")
        for name in without_test(ROOT / f"packages/{package}/src/{package}", ROOT / f"packages/{package}/tests")
    }
    assert sorted(missing - NOT_TESTED_BY_ITSELF.keys()) == []
    assert sorted(NOT_TESTED_BY_ITSELF.keys() - missing) == [], "these have a test file: remove them from the list"


def test_the_names_of_test_files_are_unique() -> None:
    # A folder with an `__init__` is a package: the names of its modules begin with its own.
    loose = [path for path in ROOT.glob("packages/*/tests/**/test_*.py") if not (path.parent / "__init__.py").exists()]
    names = Counter(path.name for path in loose)
    assert len(names) > 300
    assert [name for name, count in names.items() if count > 1] == []


def test_a_module_without_a_test_file_is_named(tmp_path: Path) -> None:
    for name in ("src/made/up.py", "src/made/other.py", "src/made/__init__.py", "tests/made/test_made_other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert without_test(tmp_path / "src", tmp_path / "tests") == ["src/made/up.py"]
