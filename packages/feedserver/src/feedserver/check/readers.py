"""Readers whose commands are known: `feedserver check --reader NAME`.

Each is set up as its manual says, with its defaults, except for what a run needs: no mail is sent, nothing is shown.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from feedserver.check.commands import Commands
from feedserver.check.verdicts import Kind

_PYTHON = shlex.quote(sys.executable)


@dataclass(frozen=True, slots=True)
class KnownReader:
    """A reader: its *title*, the *program* that must be installed, its *commands* and *kind*, and a *note* on how it is
    configured. A reader with *is_recipe* is a tool such as curl, or a script of a few lines around a library;
    `benchmarks/readers.py` lists these readers in a table of their own. *package* is the Python package that must be
    installed in place of a program. The scenarios in *alone* hold the reader up, so each runs by itself.
    """

    title: str
    program: str
    commands: Commands
    kind: Kind = Kind.STORE
    note: str = ""
    is_recipe: bool = False
    package: str = ""
    alone: tuple[str, ...] = ()

    def missing(self) -> str:
        """Return the program or package that must be installed and is not, "" if it is installed."""
        if self.package:
            return "" if find_spec(self.package) is not None else f"the Python package {self.package}"
        return "" if shutil.which(self.program) is not None else f"the program {self.program}"


def _recipe(name: str) -> Path:
    return Path(__file__).with_name("recipes") / name


_LIFEREA = shlex.quote(str(_recipe("liferea_driver.py")))


def _script(name: str, package: str) -> Commands:
    """Return the commands of the recipe *name*: `add URL…`, `poll` and `list`; *package* is what the recipe runs."""
    command = f"{_PYTHON} {shlex.quote(str(_recipe(name)))}"
    return Commands(
        add=f"{command} add {{urls}}", poll=f"{command} poll", list=f"{command} list", version=_version_of(package)
    )


def _node_script(name: str, package: str) -> Commands:
    """Return the commands of the recipe *name* for Node.js: `add URL…`, `poll` and `list`; see `_script`."""
    command = f"node {shlex.quote(str(_recipe(name)))}"
    return Commands(
        add=f"{command} add {{urls}}",
        poll=f"{command} poll",
        list=f"{command} list",
        version=f"node -p \"require('{package}/package.json').version\"",
    )


def _emacs(function: str) -> str:
    return f"emacs --batch -l {shlex.quote(str(_recipe('elfeed.el')))} -f {function}"


def _version_of(package: str) -> str:
    return f"{_PYTHON} -c \"from importlib.metadata import version; print(version('{package}'))\""


def _sqlite(path: str, query: str) -> str:
    """Return a command that prints the rows of a SQLite database as JSON in lines.

    Bytes that are not UTF-8 are replaced, since Newsboat stores a feed's bytes as they came.
    """
    program = (
        "import json, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.row_factory = sqlite3.Row; "
        "c.text_factory = lambda data: data.decode('utf-8', 'replace'); "
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
            "-N, which sends the date of the stored file",
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
                    "SELECT title, url AS link, author, content, pubDate AS date, enclosure_url AS enclosure "
                    "FROM rss_item",
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
                add="r2e opmlimport {opml}",
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
            note="sfeed_update with its default fetch(), which follows no redirects and sends no validators",
        ),
        "feed2exec": KnownReader(
            "feed2exec",
            "feed2exec",
            Commands(
                setup="mkdir -p Maildir/new Maildir/cur Maildir/tmp .config && printf '[DEFAULT]\\n"
                "output = feed2exec.plugins.maildir\\n' > .config/feed2exec.ini",
                add="feed2exec import {opml}",
                poll="feed2exec fetch",
                state="Maildir",
                version="feed2exec --version",
            ),
            Kind.MAILER,
            "feed2exec fetch, into a Maildir",
        ),
        "feed2imap": KnownReader(
            "feed2imap",
            "feed2imap",
            Commands(
                setup="mkdir -p Maildir/new Maildir/cur Maildir/tmp && printf 'feeds:\\n' > .feed2imaprc",
                add="printf -- '- name: f{n}\\n  url: {url}\\n  target: maildir://{home}/Maildir\\n' >> .feed2imaprc",
                poll="feed2imap",
                state="Maildir",
                version="dpkg-query -W -f '${Version}' feed2imap",
            ),
            Kind.MAILER,
            "feed2imap, into a Maildir",
        ),
        "elfeed": KnownReader(
            "elfeed",
            "emacs",
            Commands(
                add="printf '%s\\n' {urls} > feeds",
                poll=_emacs("check-poll"),
                list=_emacs("check-list"),
                version="dpkg-query -W -f '${Version}' elpa-elfeed",
            ),
            note="elfeed-update in batch mode, which fetches with curl",
        ),
        "gpodder": KnownReader(
            "gPodder",
            "gpo",
            Commands(
                add="gpo subscribe {url}",
                poll="gpo update",
                list=_sqlite(
                    "{home}/gPodder/Database",
                    "SELECT title, link, description AS content, url AS enclosure FROM episode",
                ),
                version="dpkg-query -W -f '${Version}' gpodder",
                environment={"GPODDER_HOME": "gPodder"},
            ),
            Kind.PODCATCHER,
            "gpo update",
            alone=("T7", "T8", "T9", "T11", "T12"),  # it sleeps for as long as Retry-After says, without other requests
        ),
        "liferea": KnownReader(
            "Liferea",
            "liferea",
            Commands(
                add=f"{_PYTHON} {_LIFEREA} add {{urls}}",
                poll=f"{_PYTHON} {_LIFEREA} poll",
                list=_sqlite(
                    "{home}/.local/share/liferea/liferea.db",
                    "SELECT title, source AS link, description AS content, date, (SELECT value FROM metadata "
                    "WHERE metadata.item_id = items.item_id AND key = 'author') AS author FROM items",
                ),
                version="dpkg-query -W -f '${Version}' liferea",
                memory=64 << 30,  # WebKit reserves far more than it uses
            ),
            note="its update of all feeds, on a virtual screen by xvfb-run; started for each poll, "
            "so what it keeps in memory only, such as validators, is lost",
        ),
        "reader": KnownReader(
            "lemon24/reader",
            "reader",
            _script("lemon24_reader.py", "reader"),
            note="make_reader() with its defaults, update_feeds()",
            package="reader",
        ),
        "feedparser": KnownReader(
            "feedparser",
            "feedparser",
            _script("feedparser_script.py", "feedparser"),
            note="feedparser.parse() with the ETag and Last-Modified that it returned, as in its manual",
            is_recipe=True,
            package="feedparser",
        ),
        "fastfeedparser": KnownReader(
            "fastfeedparser",
            "fastfeedparser",
            _script("fastfeedparser_script.py", "fastfeedparser"),
            note="fastfeedparser.parse(url), as in its manual",
            is_recipe=True,
            package="fastfeedparser",
        ),
        "rss-parser": KnownReader(
            "rss-parser",
            "node",
            _node_script("rss_parser.js", "rss-parser"),
            note="new Parser().parseURL(url), as in its manual; NODE_PATH names its folder",
            is_recipe=True,
            alone=("B1", "B2", "B3"),  # it waits a minute where a body breaks off
        ),
        "feedsub": KnownReader(
            "feedsub",
            "node",
            _node_script("feedsub.js", "feedsub"),
            note="new FeedSub(url).read(), with what it has seen kept in a file; NODE_PATH names its folder",
            is_recipe=True,
            alone=("T7", "T8", "T9", "T11", "T12"),  # it waits for as long as Retry-After says
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
                    "SELECT title, link, author, content, date, enclosures AS enclosure FROM lifestream_item",
                ),
                version=_version_of("django-lifestream"),
                environment={
                    "LIFESTREAM_ALLOWED_NETWORKS": "{networks}",
                    "DJANGO_SETTINGS_MODULE": "lifestream.site.settings",
                },
            ),
            note="lifestream update_feeds, with the networks of the feeds allowed",
        ),
    }
)
"""Every known reader, by the name of `--reader`."""
