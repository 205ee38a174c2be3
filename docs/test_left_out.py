"""A test module that README's first command or .ci/run does not import has no test that this command would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"


@pytest.fixture
def conftest(pytestconfig: pytest.Config) -> Any:
    """The repository's own hooks, as pytest has loaded them."""
    return pytestconfig.pluginmanager.get_plugin(str(CONFTEST))


@pytest.mark.parametrize("marks", ["quick", "not browser and not costly"])
def test_what_is_left_out_has_one_of_the_marks(conftest: Any, request: pytest.FixtureRequest, marks: str) -> None:
    left_out = conftest.LEFT_OUT[marks]
    paths = {path for path in {each.path for each in request.session.items} if conftest.is_marked_whole(path, left_out)}
    items = [each for each in request.session.items if each.path in paths]

    assert [each.nodeid for each in items if not any(map(each.get_closest_marker, left_out))] == []


@pytest.mark.parametrize(
    ("text", "is_left_out"),
    [
        ("pytestmark = pytest.mark.costly\n", True),
        ("import a\npytestmark = [\n    pytest.mark.redis,\n    pytest.mark.browser,\n]\n", True),
        ("pytestmark = pytest.mark.django_db\n\n@pytest.mark.costly\ndef test_a(): ...\n", False),
        ("pytestmark = [pytest.mark.redis]\nCOSTLY = [pytest.mark.costly]\n", False),
        ("class TestA:\n    pytestmark = pytest.mark.costly\n", False),
        ("pytestmark = pytest.mark.costly_not\n", False),
    ],
)
def test_a_module_is_left_out_for_a_mark_of_its_own(
    conftest: Any, tmp_path: Path, text: str, is_left_out: bool
) -> None:
    module = tmp_path / "test_a.py"
    module.write_text(text, encoding="utf-8")

    assert conftest.is_marked_whole(module, ("browser", "costly")) is is_left_out
