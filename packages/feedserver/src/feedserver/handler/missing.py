"""The message about a request that nothing answers: why, which paths are similar, and a remedy.

Each remedy that the message names would answer this very request: `server.add` is given a spelling that means this
path, and a file is offered only if a file of that name would be served.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from urllib.parse import parse_qsl

from feedserver.fixtures.document_root import Folder, why_not_served
from feedserver.handler.path_pattern import has_placeholder
from feedserver.handler.routes import Route
from feedserver.messages.request import Request, Target, split_target
from feedserver.messages.terminal_text import visible

ALIKE = 0.6
"""How similar two paths must be, from 0 to 1, for the one to be suggested where the other is missing."""

NEAR = "Near it: "
"""The beginning of the line that names similar paths."""

COMPARED = 30
"""How many paths, at most, are compared exactly with a missing one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a *request* asks for: its *target*, and the *host* of a proxied request ("": this server itself)."""

    request: Request
    target: Target
    host: str

    @property
    def spelling(self) -> str:
        """The path, or the whole URL of a proxied request, in the spelling that `add` needs."""
        path = self.target.path
        if split_target(path) != Target("", "", path, "", self.target.key):  # such as a path with "%3F" in it
            sent = self.request.target
            sent = sent.partition("://")[2].removeprefix(self.target.host) if self.target.host else sent
            path = sent.partition("?")[0]
        if has_placeholder(path):
            path = path.replace("<", "%3C").replace(">", "%3E")
        return f"{self.target.scheme}://{self.host}{path}" if self.host else path

    @property
    def remedy(self) -> str:
        """The line of a test that would answer the path."""
        return visible(f"server.add({self.spelling!r}, Response(…))")

    def remedy_for_method(self) -> str:
        """Return the line of a test that would answer the path: for the request's method alone if it is in upper case,
        as `add` takes it, else for every method.
        """
        if self.request.method != self.request.method.upper():
            return self.remedy
        return visible(f"server.add({self.spelling!r}, Response(…), method={self.request.method!r})")

    def __str__(self) -> str:
        text = f"{self.target.scheme}://{self.host}{self.target.path}" if self.host else self.target.path
        return visible(text)  # escaped: a client must not write lines of its own into a message


def unanswered(asked: Asked, routes: Sequence[Route], known: Iterable[str], folder: Folder | None) -> str:
    """Return the message for a request that nothing answers.

    *routes* are those for its host and path, whatever their query; *known* are all paths that are answered.
    """
    query = asked.target.query
    lines = [f"{asked.request.method} {asked}{'?' + visible(query) if query else ''}: nothing answers."]
    reordered = next((route for route in routes if route.query and _same_fields(route.query, query)), None)
    if reordered is not None:
        lines.append(
            f"The route {visible(str(reordered))} has these fields in another order or spelling. "
            "With query=…, neither matters:\n"
            + visible(f"  server.add({asked.spelling!r}, Response(…), query={_fields(query)!r})")
        )
        return "\n".join(lines)
    if asked.request.method == "QUIT":
        lines.append("A server obeys QUIT only if FeedServer(…, quit=True) allows it.")
        return "\n".join(lines)
    near = [path for path in nearest_paths(asked.target.path, known) if path != asked.spelling]
    if near:
        lines.append(f"{NEAR}{', '.join(map(visible, near))}.")
    remedy = _remedy_by_file(asked, folder) if folder is not None else ""
    if remedy:
        lines.append(remedy)
    if not remedy.startswith("This"):
        lines.append("This would answer:")
    lines.append(f"  {asked.remedy}")
    return "\n".join(lines)


def _remedy_by_file(asked: Asked, folder: Folder) -> str:
    """Return which file would answer, or why none does; "" if there is nothing to say."""
    path = asked.target.path
    if asked.request.method not in ("GET", "HEAD") or asked.target.has_encoded_slash:
        return ""  # a file answers these methods only, and none has a slash in its name
    file = folder.file_for(path, asked.target.host if asked.host else "")
    if file is None:
        why = why_not_served(path)
        return f"No file answers: {visible(why)}." if why else ""
    try:
        return _state_of(file, asked, folder)
    except OSError as error:  # a name that is too long, a loop of links, a folder that may not be read
        return visible(f"No file answers: {file}: {error.strerror}.")


def _state_of(file: Path, asked: Asked, folder: Folder) -> str:
    """Return why *file* does not answer, or that it would if it were there."""
    shown = visible(str(file))
    if folder.leads_out(file):  # the message must not show whether anything is there
        return f"{shown} is not served: a link leads out of the root."
    above = folder.root
    for name in file.relative_to(folder.root).parts[:-1]:
        above /= name
        if not above.is_dir():
            break
    if above.is_file():
        return visible(f"{above} is a file; '/{above.relative_to(folder.root).as_posix()}' asks for it.")
    if file.is_dir():
        return f"{shown} is a folder; '{asked}/' asks for its index, such as {shown}/index.xml."
    if file.is_symlink() or file.exists():
        return f"{shown} is not served: it is no regular file."
    return f"This would answer: a file {shown}, or"


def _same_fields(query: str, other: str) -> bool:
    return sorted(parse_qsl(query, keep_blank_values=True)) == sorted(parse_qsl(other, keep_blank_values=True))


def _fields(query: str) -> dict[str, str | list[str]]:
    """Return the fields of a query string as `add` takes them: name to value, or to several values."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def nearest_paths(path: str, known: Iterable[str]) -> list[str]:
    """Return up to three *known* paths that are similar to *path*, the most similar first. Case does not matter.

    A known path of another host is its whole URL, of which only the path is compared. The cost of the exact comparison
    is the product of the lengths, so it is made with a few likely paths only.
    """
    import difflib  # late, since in most tests no path is missing

    matcher = difflib.SequenceMatcher(b=path.casefold())
    likely: list[tuple[float, str]] = []
    for each in dict.fromkeys(known):
        matcher.set_seq1(_path_of(each).casefold())
        if matcher.real_quick_ratio() >= ALIKE and (ratio := matcher.quick_ratio()) >= ALIKE:
            likely.append((ratio, each))
    close: list[tuple[float, str]] = []
    for _, each in nlargest(COMPARED, likely):
        matcher.set_seq1(_path_of(each).casefold())
        if (ratio := matcher.ratio()) >= ALIKE:
            close.append((ratio, each))
    return [each for _, each in nlargest(3, close)]


def _path_of(known: str) -> str:
    """Return the path of a *known* path or URL."""
    return known if known.startswith("/") else f"/{known.partition('://')[2].partition('/')[2]}"
