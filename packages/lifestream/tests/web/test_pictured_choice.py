"""Radio buttons with pictures."""

from __future__ import annotations

from lifestream.web.pictured_choice import PicturedChoice


def test_each_choice_has_its_picture_and_the_empty_one_a_name() -> None:
    widget = PicturedChoice("theme", choices=[("", "---"), ("list", "Dense <list>")])
    html = widget.render("theme", "list")
    assert html.count("<img") == 1 and "lifestream/look/theme-list.svg" in html and "Dense &lt;list&gt;" in html
    assert "As the site has it" in html and "---" not in html
