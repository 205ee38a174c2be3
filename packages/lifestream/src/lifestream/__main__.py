"""`python -m lifestream`: the `lifestream` command."""

from __future__ import annotations

from lifestream.site.cli import main

main()
