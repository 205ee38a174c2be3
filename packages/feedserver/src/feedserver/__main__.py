"""Makes `python -m feedserver` the command."""

from feedserver.cli import main

raise SystemExit(main())
