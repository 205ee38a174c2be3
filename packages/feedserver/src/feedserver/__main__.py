"""Runs the command for `python -m feedserver`."""

from feedserver.cli import main

raise SystemExit(main())
