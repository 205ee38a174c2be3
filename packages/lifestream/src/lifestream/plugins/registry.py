"""Which plugin a feed gets: the one chosen for it by name, else the first that is for its domain, else the first that
recognises the feed by its content, else the generic one. Plugins of settings and entry points come before those
shipped.

`url_hosts.site_domain` decides to which domain a feed belongs: a feed that claims to be of GitHub, but comes from
another host and links to others, does not belong to GitHub.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from lifestream.entry import ParsedFeed
from lifestream.fetcher.shortage import shortage_of
from lifestream.fetcher.url_hosts import is_within, site_domain
from lifestream.message import say
from lifestream.plugins.base import FeedPlugin
from lifestream.plugins.draft_checks import said_by
from lifestream.plugins.generic import GenericPlugin

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS: Final = "lifestream.plugins"
SHIPPED: Final = tuple(
    f"lifestream.plugins.{path}"
    for path in (
        "youtube.YouTubePlugin",
        "github.GitHubPlugin",
        "mastodon.MastodonPlugin",
        "flickr.FlickrPlugin",
        "reddit.RedditPlugin",
        "bluesky.BlueskyPlugin",
        # These two come last: any feed may look like a podcast, and every feed is generic.
        "podcast.PodcastPlugin",
        "generic.GenericPlugin",
    )
)


_PLAIN: Final = frozenset({ImportError, ModuleNotFoundError, AttributeError, ValueError})


class PluginError(Exception):
    """A plugin that cannot be used: its path cannot be imported, or is no plugin, or there is none with its name."""


class Registry:
    """The available plugins, by name. *paths* are dotted paths of classes, as in `LIFESTREAM_PLUGINS`. Plugins of entry
    points are among them if *use_entry_points*.

    Raises `PluginError` naming the path or entry point that is wrong.
    """

    def __init__(self, paths: Iterable[str] = (), *, use_entry_points: bool = True) -> None:
        found = [_instance(_import(path), path) for path in paths]
        if use_entry_points:
            found += [_instance(_load(point), f"{point.name} = {point.value}") for point in _points()]
        found += [_instance(_import(path), path) for path in SHIPPED]
        self._plugins: dict[str, FeedPlugin] = {}
        for plugin in found:
            # A plugin of your own may replace a shipped one by taking its name.
            self._plugins.setdefault(plugin.name, plugin)
        self.has_own: Final = not all(map(self.is_shipped, self._plugins.values()))
        """Whether there are plugins besides the shipped ones."""

    @staticmethod
    def is_shipped(plugin: FeedPlugin) -> bool:
        """Return whether *plugin* comes with this package, so that every process can run it."""
        return type(plugin).__module__.startswith(f"{__package__}.")

    @property
    def names(self) -> list[str]:
        """The names of all plugins, sorted."""
        return sorted(self._plugins)

    def named(self, name: str) -> FeedPlugin:
        """Return the plugin *name*. Raises `PluginError` if there is none."""
        try:
            return self._plugins[name]
        except KeyError:
            raise PluginError(say("plugin-unknown", name=name, names=", ".join(self.names))) from None

    def plugin_for(self, feed: ParsedFeed, url: str) -> FeedPlugin:
        """Return the plugin for *feed*, which came from *url* (after all redirects): the one for its site's domain;
        otherwise one that recognises the feed by its content; otherwise the generic one.
        """
        domain = site_domain(feed.link, url, (entry.link for entry in feed.entries))
        plugins = self._plugins.values()
        found = [plugin for plugin in plugins if _is_for(plugin, domain)] or [
            plugin for plugin in plugins if _recognises(plugin, feed, url)
        ]
        return found[0] if found else self._plugins[GenericPlugin.name]


def _recognises(plugin: FeedPlugin, feed: ParsedFeed, url: str) -> bool:
    """Return whether *plugin* recognises *feed*. If the plugin raises an exception, the answer is no, and the log names
    it.
    """
    try:
        return bool(plugin.recognises(feed))
    except KeyboardInterrupt:
        raise
    except BaseException:  # a plugin may be anybody's, and may call `sys.exit`
        import logging  # a process that reads documents does without it, and starts sooner

        logging.getLogger(__name__).exception(
            "plugin %s: recognises failed on %s, which another plugin gets", plugin.name, url
        )
        return False


def _is_for(plugin: FeedPlugin, domain: str) -> bool:
    return any(is_within(domain, own) for own in plugin.domains)


def _import(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may be anybody's, and its module may call `sys.exit`
        raise PluginError(say("plugin-not-imported", path=path, error=_why(error))) from error


def _why(error: BaseException) -> str:
    """Return the reason for which a plugin can't be used. Raises *error* itself if it is a shortage: that will pass."""
    if shortage_of(error) is not None:
        raise error
    # The messages of the classes in `_PLAIN` say what is missing, and read well without the name of the class.
    return str(error) if type(error) in _PLAIN else said_by(error)


@cache
def _points() -> tuple[EntryPoint, ...]:
    """Return the entry points of plugins, as they were when this process first asked.

    Finding them reads a file of each installed package, and each refresh makes a registry.
    """
    from importlib.metadata import entry_points  # slow: it imports `email`; not each process needs it

    return tuple(sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name))


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(say("plugin-not-imported-of-entry-point", name=point.name, error=_why(error))) from error


def _instance(found: Any, path: str) -> FeedPlugin:
    if not (isinstance(found, type) and issubclass(found, FeedPlugin)):
        raise PluginError(say("plugin-no-class", path=path))
    try:
        plugin = found()
        name: object = plugin.name
        domains: object = plugin.domains
        # A text is refused, although it is a collection: each of its letters would be taken for a domain.
        has_domains = isinstance(domains, Collection) and not isinstance(domains, str)
        has_domains = has_domains and all(isinstance(each, str) for each in plugin.domains)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(say("plugin-not-created", path=path, error=_why(error))) from error
    if not isinstance(name, str) or not name:
        raise PluginError(say("plugin-without-name", path=path))
    if not has_domains:
        raise PluginError(say("plugin-without-domains", path=path))
    return plugin
