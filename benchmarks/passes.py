"""What a usual pass over many feeds costs: most are not modified, some have the same bytes, few have a new item.

    python benchmarks/passes.py [--feeds 300] [--rounds 5] [--server nginx]

Of the feeds, each on a loopback address of its own, 70 % are answered by 304, 20 % have no validators and the same body
as before, 8 % have one new item and 2 % are answered by 500. Each round imports them into an empty database, and
measures the passes that follow, in each of which the same share of the feeds is new, unchanged or broken.

The time is processor time, of this process and of the parsers that it starts; the wall-clock time is printed beside it.
The server runs on the same cores: feedserver takes part of the wall-clock time of a pass, nginx hardly any.
To measure other code, run this program with `PYTHONPATH` naming that code's sources.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from feeds import address, answer, document, serve, served
from import_feeds import Lifestream
from imports import processor_time
from tables import print_table

PASSES = 3
KINDS = ("304", "same", "new", "error")


def kind_of(number: int, feeds: int) -> str:
    """Return what feed *number*, one of *feeds* in all, answers from its second request on. Feeds are asked in
    the order of their numbers, and the kinds are mixed.
    """
    share = number * 77 % feeds / feeds
    return "304" if share < 0.7 else "same" if share < 0.9 else "new" if share < 0.98 else "error"


def bodies_of(number: int) -> list[bytes]:
    """Return the document that feed *number* serves first, and that of each pass, with one new item each."""
    bodies = [document(number)]
    for news in range(PASSES):
        item = f"<item><title>News {news}</title><guid isPermaLink='false'>news:{news}</guid></item>".encode()
        bodies.append(bodies[-1].replace(b"<item>", item + b"<item>", 1))
    return bodies


def serve_passes(feeds: int) -> None:
    """Serve the feeds by feedserver, with what each answers first and in every pass."""
    from feedserver import Response

    timelines = []
    for number in range(feeds):
        kind = kind_of(number, feeds)
        first = answer(number)
        body, *_ = bodies = bodies_of(number)
        headers = {"Content-Type": "application/rss+xml"}
        later = {
            "304": [first],
            "same": [Response(body, headers=headers)],
            "new": [Response(each, headers=headers | {"ETag": f'"{place}"'}) for place, each in enumerate(bodies)],
            "error": [first, *[Response("", 500)] * PASSES],
        }
        timelines.append(later[kind])
    serve(timelines)


@contextmanager
def by_feedserver(_folder: Path, feeds: int) -> Iterator[tuple[list[str], Callable[[int], None]]]:
    """Serve the feeds by feedserver, which goes from one pass to the next by itself."""
    with served(__file__, feeds) as urls:
        yield urls, lambda _number: None


NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off; log_not_found off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    types {{ application/rss+xml xml; }}
    server {{
        listen 0.0.0.0:{port};
        root {folder}/$server_addr;
        location /same/ {{ etag off; if_modified_since off; add_header Last-Modified ""; }}
        location /error/ {{ error_page 404 = @error; }}
        location @error {{ return 500; }}
    }}
}}
"""


@contextmanager
def by_nginx(folder: Path, feeds: int) -> Iterator[tuple[list[str], Callable[[int], None]]]:
    """Serve the feeds, as files in *folder*, by nginx. Yield their URLs, and a function that writes the files for the
    pass with a number.
    """
    files = {}
    for number in range(feeds):
        kind = kind_of(number, feeds)
        files[number] = file = folder / address(number + 1) / kind / "feed.xml"
        file.parent.mkdir(parents=True)
        file.write_bytes(document(number))

    def go_to(number_of_pass: int) -> None:
        for number, file in files.items():
            kind = kind_of(number, feeds)
            if kind == "new":
                file.write_bytes(bodies_of(number)[number_of_pass])
            elif kind == "error":
                file.unlink(missing_ok=True)

    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        settings = folder / "nginx.conf"
        settings.write_text(NGINX.format(folder=folder, port=port))
        listener.set_inheritable(True)
        process = subprocess.Popen(
            ["nginx", "-c", str(settings), "-e", "stderr"],
            env=os.environ | {"NGINX": f"{listener.fileno()};"},  # nginx takes the socket over, and binds none
            pass_fds=[listener.fileno()],
        )
    try:
        yield [f"http://{address(number + 1)}:{port}/{files[number].parent.name}/feed.xml" for number in files], go_to
    finally:
        process.terminate()
        process.wait()


SERVERS = {"feedserver": by_feedserver, "nginx": by_nginx}


class Cost(NamedTuple):
    """Milliseconds of a pass: of this process, of the parsers, and on the clock."""

    parent: float
    children: float
    clock: float


def measured(lifestream: Lifestream, feeds: int) -> Cost:
    """Return what a pass costs. Raises SystemExit if it did not find what is served."""
    from lifestream.refresh import refresh

    gc.collect()
    began, parent, children = time.perf_counter(), time.process_time(), processor_time()
    report = refresh(early=True)
    cost = Cost(
        (time.process_time() - parent) * 1000,
        (processor_time() - children) * 1000,
        (time.perf_counter() - began) * 1000,
    )
    kinds = [kind_of(number, feeds) for number in range(feeds)]
    unmodified = sum(row.outcome == "not modified" for row in report.rows)
    if (report.new, unmodified) != (kinds.count("new"), kinds.count("304")):
        raise SystemExit(f"{lifestream.name} found {report.new} new items, and {unmodified} feeds that did not change")
    return cost


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--server", choices=SERVERS, default="feedserver")
    parser.add_argument("--quick", action="store_true", help="few feeds, to see that it runs")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_passes(options.serve)
        return
    feeds, rounds = (50, 1) if options.quick else (options.feeds, options.rounds)
    logging.disable(logging.CRITICAL)
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="passes-") as named:
        Path(named).chmod(0o755)  # nginx reads the feeds as another user, if root starts it
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(named) / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        lifestream = Lifestream(Path(named))
        for number in range(rounds):
            folder = Path(named) / str(number)
            folder.mkdir()
            (folder / "feeds").mkdir()
            with SERVERS[options.server](folder / "feeds", feeds) as (urls, go_to):
                lifestream.prepare(folder, urls)
                lifestream.first()
                for number_of_pass in range(1, PASSES + 1):
                    go_to(number_of_pass)
                    costs.append(measured(lifestream, feeds))
    rows = []
    for name, values in zip(("this process", "its parsers", "on the clock"), zip(*costs, strict=True), strict=True):
        median = statistics.median(values)
        rows.append([name, f"{median:.0f}", f"{median / feeds:.2f}", f"{feeds / median * 1000:.0f}"])
    both = statistics.median(cost.parent + cost.children for cost in costs)
    rows.append(["processor time", f"{both:.0f}", f"{both / feeds:.2f}", f"{feeds / both * 1000:.0f}"])
    print_table(f"a pass over {feeds} feeds", ["", "ms", "ms a feed", "feeds a second"], rows)


if __name__ == "__main__":
    main()
