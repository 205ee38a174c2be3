"""Readers whose commands are known: `feedserver check --reader NAME`.

Each is set up as its manual says, with its defaults, but for what a run needs: no mail is sent, and nothing is shown.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from feedserver.check.commands import Commands
from feedserver.check.verdicts import Kind

_PYTHON = shlex.quote(sys.executable)


@dataclass(frozen=True, slots=True)
class KnownReader:
    """A reader: its *title*, the *program* that must be installed, its *commands* and *kind*, and a *note* on how it is
    configured. One that *is_recipe* is a script of a few lines, and stands in a table of its own.
    """

    title: str
    program: str
    commands: Commands
    kind: Kind = Kind.STORE
    note: str = ""
    is_recipe: bool = False


def _sqlite(path: str, query: str) -> str:
    """Return a command that prints the rows of a SQLite database as JSON in lines."""
    program = (
        "import json, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.row_factory = sqlite3.Row; "
        "[print(json.dumps(dict(row))) for row in c.execute(sys.argv[2])]"
    )
    return f'{_PYTHON} -c "{program}" {path} "{query}"'


READERS: Mapping[str, KnownReader] = MappingProxyType(
    {
        "curl": KnownReader(
            "curl",
            "curl",
            Commands(
                poll="curl -sSfL --etag-save {home}/{n}.etag --etag-compare {home}/{n}.etag -o {home}/{n}.xml {url}",
                version="curl --version",
            ),
            Kind.FETCHER,
            "-L --etag-save --etag-compare, as its manual shows",
            is_recipe=True,
        ),
        "wget": KnownReader(
            "Wget",
            "wget",
            Commands(poll="mkdir -p {n} && cd {n} && wget -q -N {url}", version="wget --version"),
            Kind.FETCHER,
            "-N: by the date of the file",
            is_recipe=True,
        ),
        "newsboat": KnownReader(
            "Newsboat",
            "newsboat",
            Commands(
                setup="mkdir .newsboat && touch .newsboat/urls",
                add="printf '%s\\n' {urls} > .newsboat/urls",
                poll="newsboat -x reload",
                list=_sqlite(
                    "{home}/.newsboat/cache.db",
                    "SELECT title, url AS link, author, content, pubDate AS date FROM rss_item",
                ),
                version="newsboat --version",
            ),
            note="newsboat -x reload",
        ),
        "rss2email": KnownReader(
            "rss2email",
            "r2e",
            Commands(
                setup="r2e new me@example.org && mkdir Maildir && "
                "sed -i 's/^email-protocol = .*/email-protocol = maildir/' .config/rss2email.cfg",
                add="r2e add f{n} {url}",
                poll="r2e run",
                state="Maildir",
                version="r2e --version",
            ),
            Kind.MAILER,
            "r2e run, into a Maildir",
        ),
        "sfeed": KnownReader(
            "sfeed",
            "sfeed_update",
            Commands(
                setup="mkdir -p .sfeed/feeds && touch .sfeed/list && "
                "printf 'feeds() {\\n. ~/.sfeed/list\\n}\\n' > .sfeed/sfeedrc",
                add='printf "feed f{n} {url}\\n" >> .sfeed/list',
                poll="sfeed_update",
                list="cut -f 2 {home}/.sfeed/feeds/*",
                version="dpkg-query -W -f '${Version}' sfeed",
            ),
            note="sfeed_update with its default fetch(), which follows redirects and sends no validators",
        ),
        "feed2exec": KnownReader(
            "feed2exec",
            "feed2exec",
            Commands(
                setup="mkdir -p Maildir/new Maildir/cur Maildir/tmp",
                add="feed2exec add f{n} {url} --output feed2exec.plugins.echo --args '{item.title}'",
                poll="feed2exec fetch >> {home}/echoed",
                state="echoed",
                version="feed2exec --version",
            ),
            note="feed2exec fetch, with the output plugin echo",
        ),
        "lifestream": KnownReader(
            "lifestream",
            "lifestream",
            Commands(
                setup="lifestream migrate -v 0",
                add="lifestream add_feed {urls}",
                poll="lifestream update_feeds",
                list=_sqlite(
                    "{home}/.lifestream/lifestream.sqlite3",
                    "SELECT title, link, author, content, date FROM lifestream_item",
                ),
                version=f"{_PYTHON} -c \"from importlib.metadata import version; print(version('django-lifestream'))\"",
                environment={"LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8"},
            ),
            note="lifestream update_feeds, with 127.0.0.0/8 allowed",
        ),
    }
)
"""Every known reader, by the name of `--reader`."""
