"""A program for `test_shortage`: it runs a command of lifestream with low limits of open files.

    python short.py SOFT HARD FEEDS PORT COMMAND…

SOFT and HARD are the limits. If the database of LIFESTREAM_HOME has no lifestream, the program first adds FEEDS feeds.
Each of them has a loopback address of its own, and one server listens on PORT of all these addresses.
LIFESTREAM_CONCURRENCY may be set in the environment.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    soft, hard, feeds, port, *command = sys.argv[1:]
    os.environ["LIFESTREAM_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    os.environ["DJANGO_SETTINGS_MODULE"] = "lifestream.site.settings"
    if sys.platform == "win32":
        raise SystemExit("Windows has no limits to lower")
    import resource

    import django
    from django.conf import settings

    django.setup()
    from django.core.management import call_command

    from lifestream.models import Lifestream
    from lifestream.refresh import opml

    settings.LIFESTREAM_PARSERS = 1
    if "LIFESTREAM_CONCURRENCY" in os.environ:
        settings.LIFESTREAM_CONCURRENCY = int(os.environ["LIFESTREAM_CONCURRENCY"])
    if not Lifestream.objects.exists():
        urls = [f"http://127.0.{1 + number // 250}.{1 + number % 250}:{port}/feed" for number in range(int(feeds))]
        lifestream = Lifestream.objects.create(slug="main", title="Main")
        opml.subscribe_to(lifestream, [opml.Outline(url) for url in urls])
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(soft), int(hard)))
    call_command(*command)
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], "files at the end")


if __name__ == "__main__":
    main()
