"""The English sentence of each code that a message can have. These sentences are translated.

The names in braces are the values of the message. Codes are stored in databases: a code stays the same when its
sentence is reworded, and a sentence with another meaning gets another code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Counted:
    """A sentence in the singular (*one*) and the plural (*many*): the message's value *count* decides between them."""

    one: str
    many: str


def _(text: str) -> str:
    """Mark *text* for `scripts/translations.py`, and return it: it is translated when somebody reads it."""
    return text


def counted(one: str, many: str) -> Counted:
    """Mark both forms, as `_` does."""
    return Counted(one, many)


SENTENCES: Final[dict[str, str | Counted]] = {
    "several": "{parts}",
    # When the next fetch is, and why: mostly from `scheduler.schedule`
    "gone": _("410 Gone: it is not fetched again"),
    "feed-publishes": _("the feed publishes {often}: {wait}"),
    "own-interval": _("our own interval of {wait}"),
    "own-interval-beside-hub": _("our own interval of {wait}, beside what its hub pushes"),
    "errors-in-a-row": counted("{count} error in a row, {wait} apart", "{count} errors in a row, {wait} apart"),
    "asked-wait": _("{what}: {wait}"),
    "asked-wait-capped": _("{what}: {wait}, capped at {cap}"),
    "freshness": _("{source} of the last answer"),
    "feeds-ttl": _("the feed's ttl"),
    "feeds-update-period": _("the feed's update period"),
    "feeds-skips": _("the feed's {name}"),
    "spread": _("{wait} more, so that feeds don't come all at once"),
    "pushed": _("its hub says that there is something new"),
    "resumed": _("resumed"),
    "edited": _("it was changed, and is fetched again"),
    "wanted": _("its owner wants it now"),
    "merged": _("moved to {url}, which is a feed already: its subscriptions went there"),
    "unstored": _("what came could not be stored"),
    # What a request came to: `fetcher`, `refresh.downloads`
    "no-answer-in-time": _("no whole answer within {seconds} s"),
    "no-address": _("{host} has no address: {reason}"),
    "bad-certificate": _("the certificate of {host} is not valid: {reason}"),
    "no-tls": _("no TLS with {host}: {reason}"),
    "no-connection": _("no connection to {host}:{port}: {reason}"),
    "closed-without-answer": _("the server closed the connection without an answer"),
    "cut-short": _("the answer was cut short"),
    "connection-broke": _("the connection broke: {reason}"),
    "not-fetchable": _("no URL that can be fetched: {reason}"),
    "not-http": _("the answer is not HTTP: {reason}"),
    "answered": _("the server answered {status}"),
    "answered-not-modified": _("the server answered {status} to a request that had no condition"),
    "hub-answered": _("the hub answered {status}"),
    "hub-leaves-scheme": _("the hub redirects to {url}, whose scheme is not {scheme}"),
    "redirect-without-target": _("{url} answered {status} without saying where to go"),
    "too-many-redirects": _("more than {limit} redirects, the last to {url}"),
    "redirect-refused": _("{url} redirects to what is not fetched: {reason}"),
    "redirect-loop": _("{url} redirects back to {target}: a loop"),
    "pause-of-other-host": _("{host}, where it redirects to, asked for a pause"),
    "url-too-long": _("a URL of {length} characters is too long; {limit} is the limit"),
    "no-url": _("{url} is no URL: {reason}"),
    "scheme-refused": _("{url} is not fetched: its scheme is {scheme}, not http or https"),
    "no-url-given": _("no URL was given"),
    "no-scheme": _("{url} is not fetched: its scheme is missing, not http or https"),
    "no-host": _("{url} names no host"),
    "host-too-long": _("its host has {length} characters, and {limit} are the limit"),
    "body-over-cap": _("the body is larger than {cap} bytes"),
    "body-announced-over-cap": _("the body has {length} bytes, more than {cap}"),
    "coding-not-asked": _("the body is in the coding {coding}, which was not asked for"),
    "coding-ends-early": _("the {coding} body ends early, after {received} bytes"),
    "coding-broken": _("the {coding} body is broken: {reason}"),
    "coding-members": _("the {coding} body has more than {limit} members"),
    "no-tls-by-proxy": _("no TLS behind the proxy: {reason}"),
    "proxy-refused": _("the proxy answered {status}"),
    "proxy-failed": _("the proxy failed: {reason}"),
    "socks-needs-extra": _("its proxy speaks SOCKS: install django-lifestream with the extra socks"),
    # Which options of a feed are refused: `fetcher.request_options`, `storage.feed_editing`
    "option-header": _('a header is written as "Name: value", one a line'),
    "option-header-ours": _("the header {name} is set by lifestream itself"),
    "option-header-value": _("the value of the header {name} is empty, too long, or has control characters"),
    "option-headers": _("these are more than {most} headers"),
    "option-private-key": _("it holds a private key: give the certificate of the authority only"),
    "option-no-certificate": _("it holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"),
    "option-proxy": _(
        "a proxy is written as http://proxy.example:3128 or socks5://127.0.0.1:9050; for none, write direct"
    ),
    "option-interval": _("the interval is to be from {least} to {most}"),
    "option-user-agent": _("a User-Agent is one line of at most {most} ASCII characters"),
    "option-secret-of-many": _(
        "{count} lifestreams read {url}, and would all see what the login or the headers let in; add it to one of them "
        "by itself, with its login in the URL"
    ),
    # Which tags and attributes a setting cannot allow: `content.sanitizer_rules`
    "tag-no-text": _("the tag {tag} is no string: write its name"),
    "tag-refused": _("<{tag}> can't be allowed: remove it"),
    "tag-impossible": _("{tag} is no name of a tag: write a letter, then letters, digits or hyphens, such as h1"),
    "attributes-no-list": _("the attributes of <{tag}> are {value}: give a list or a set of names"),
    "attribute-refused": _("the attribute {name} of <{tag}> can't be allowed: remove it"),
    "attribute-impossible": _(
        "{name}, listed for <{tag}>, is no name of an attribute: write it without quotes, spaces and ="
    ),
    # Why no feed was added: `refresh.subscribe`, `refresh.scout`
    "not-to-be-had": _("{url} can't be fetched: {reason}"),
    "no-lifestream-any-more": _("the feed at {url} was not added: its lifestream was deleted meanwhile"),
    "no-title": _("the feed at {url} has no title; give it a name"),
    "no-feed-unsearchable": _("{url} is no feed, and can't be searched for one: {reason}"),
    "no-feed-no-page": _("{url} is no feed, and no page that leads to one: {reason}"),
    "search-too-slow": _("{url} was not requested: the answers before it took more than {seconds} s together"),
    # Why an entry has no content from its page: `parser.article`, `refresh.full_content`
    "article-needs-extra": _("articles are found by trafilatura: install django-lifestream with the extra fulltext"),
    "no-article": _("no article was found on {url}"),
    "article-shorter": _("the text found on {url} is shorter than that of the entry"),
    "page-not-to-be-had": _("the page of the entry can't be fetched: {reason}"),
    "no-page": _("{url} is no web page, but {type}"),
    # Which rules and lists are refused: `content.filter_rules`, `refresh.opml`, `refresh.planet_ini`
    "rule-empty": _("Line {number}, {line}, has nothing to look for: write a word after it, or remove it."),
    "too-many-rules": _("Line {number}, {line}, is too much: at most {most} rules count, so remove some."),
    "too-many-terms": _("Line {number}, {line}, is too much: at most {most} words and phrases count, so remove some."),
    "opml-too-large": _("it is larger than {size} MiB: split it into several lists, or raise LIFESTREAM_MAX_OPML"),
    "opml-too-many": _(
        "it lists more than {most} feeds: split it into several lists, or raise LIFESTREAM_MAX_OPML_FEEDS"
    ),
    "opml-too-deep": _("it has folders in folders, more than {most} deep: no reader writes such a list"),
    "no-opml": _("it is no OPML: there is no list of subscriptions in it"),
    "scraped": _("{url} is no feed: FreshRSS makes one of it by rules of its own ({kind}), which no other reader has"),
    "list-of-feeds": _("{url} is a list of feeds ({kind}) and no feed: download and import it by itself"),
    "unreadable-planet": _("it can't be read as a planet's configuration: {reason}"),
    "no-planet": _("no section names a feed: it is the configuration of no planet"),
    "has-login": _("{url} has a user name and password; add it by itself, with add_feed"),
    # What exceeded a cap, and what failed in a plugin: `plugins`
    "capped": counted("capped once: {cap}", "capped {count} times: {cap}"),
    "cap-entries": _("entries of a document: at most {limit} entries, the latest ones are kept"),
    "cap-enclosures": _("enclosures of an entry: at most {limit} enclosures, the first ones are kept"),
    "cap-media": _("media of an entry: at most {limit} media, the first ones are kept"),
    "cap-tags": _("tags of an entry: at most {limit} tags, the first ones are kept"),
    "cap-transcripts": _("transcripts of an episode: at most {limit} transcripts, the first ones are kept"),
    "cap-persons": _("persons of an episode: at most {limit} persons, the first ones are kept"),
    "cap-persons-of-all": _(
        "persons of all episodes: at most {limit} persons, the first ones of each episode are kept"
    ),
    "cap-guid": _("a guid: at most {limit} bytes, its hash is kept in its place"),
    "cap-address": _(
        "an address (link, enclosure, picture, icon, hub): at most {limit} bytes, a longer one is dropped"
    ),
    "cap-base": _("the address that others are relative to: at most {limit} bytes, a longer one is dropped"),
    "cap-title": _("a title: at most {limit} characters, the text is cut, with …"),
    "cap-author": _("an author: at most {limit} characters, the text is cut, with …"),
    "cap-episode": _(
        "a person, a role, the number or name of an episode or season: at most {limit} characters, the text is cut, "
        "with …"
    ),
    "cap-tag": _("a tag: at most {limit} characters, the text is cut, with …"),
    "cap-content": _("a content, and its plain text: at most {limit} characters, it is cut and stays whole HTML"),
    "cap-summary": _("a summary, before its first 300 characters are taken: at most {limit} characters, it is cut"),
    "cap-description": _(
        "the description of a picture or film, the subtitle of a feed: at most {limit} characters, the text is cut, "
        "with …"
    ),
    "cap-generator": _("the generator of a feed: at most {limit} characters, the text is cut, with …"),
    "cap-complaint": _("what is said to be wrong with a document: at most {limit} characters, the text is cut, with …"),
    "cap-language": _("a language: at most {limit} characters, a longer one is dropped"),
    "cap-type": _("a media type: at most {limit} characters, a longer one is dropped"),
    "plugin-failed": _("plugin {plugin}: {hook} failed on {entry}, which is left out: {reason}"),
    "plugin-not-chosen": _("plugin {plugin} could not be asked whether the feed is its own: {reason}"),
    # What to do about a feed in trouble: `operations.troubles`
    "remedy-replacement": _("its site names another feed, {url}: give it that address"),
    "remedy-gone": _("its site has ended it: remove it, or give it the address that it has now"),
    "remedy-login": _("its server wants a login, or refuses readers: give it a login, or ask its owner"),
    "remedy-not-found": _("look at its site for its new address; if it has none, remove it"),
    "remedy-no-feed": _(
        "open the address in a browser: a page in place of a feed may be a login, or a site that moved"
    ),
    "remedy-server": _("its server is broken: wait, or tell its owner"),
    "remedy-no-address": _("the name of its host is unknown: if the site has gone, remove the feed"),
    "remedy-certificate": _("its certificate is its owner's to mend: tell them, or see whether the site has moved"),
    "remedy-address": _("it is inside a network: if that is yours, add the network to LIFESTREAM_ALLOWED_NETWORKS"),
    "remedy-too-large": _("it is larger than LIFESTREAM_MAX_BODY: raise that if the feed is worth it"),
    "remedy-redirects": _("its server sends it round in circles: look at its site for its new address"),
    "remedy-connection": _("its server does not answer: wait, or see whether the site still exists"),
    # Which addresses lifestream does not connect to: `fetcher.address_guard`, `fetcher.proxies`
    "address-refused": _(
        "{address} is {kind}, and lifestream connects to none of those; if it is yours, add its network to "
        "LIFESTREAM_ALLOWED_NETWORKS"
    ),
    "form-of-address": _("a form of {address}, {kind}"),
    "address-none": _("no IP address"),
    "address-own-name": _("a name of this machine or of its own network"),
    "address-not-public": _("an address that is not for public use"),
    "address-unspecified": _("the unspecified address"),
    "address-this-network": _("an address of this network"),
    "address-private": _("a private address"),
    "address-carrier": _("an address behind a carrier's NAT"),
    "address-loopback": _("a loopback address"),
    "address-link-local": _("a link-local address"),
    "address-site-local": _("a site-local address"),
    "address-protocols": _("an address for protocols"),
    "address-documentation": _("an address for documentation"),
    "address-6to4": _("a 6to4 relay"),
    "address-benchmarks": _("an address for benchmarks"),
    "address-multicast": _("a multicast address"),
    "address-broadcast": _("the broadcast address"),
    "address-reserved": _("a reserved address"),
    "address-translation": _("an address for a network's own translation"),
    "address-discards": _("an address that discards"),
    # Why a document is no feed: `parser`
    "empty": _("the answer is empty"),
    "no-characters": _("the answer consists of characters that no text has"),
    "too-many-names": _("it has more than {limit} different names of elements, prefixes and entities"),
    "web-page": _("it is a web page (HTML), not a feed"),
    "no-feed-found": _("no RSS, Atom, RDF or JSON Feed was found in it"),
    "no-feed-found-typed": _("no RSS, Atom, RDF or JSON Feed was found in it; the server calls it {type}"),
    "parser-failed": _("the parser failed on it: {reason}"),
    "cdf": _("it is a channel in CDF (Channel Definition Format, of 1997), which is not read; look for RSS or Atom"),
    "broken-json": _("it looks like JSON, but is not: {reason}"),
    "deep-json": _("it is JSON nested too deep"),
    "other-json": _("it is JSON, but no JSON Feed: that has a version at jsonfeed.org, and items"),
    "reading-too-long": _("reading it took longer than {seconds} seconds"),
    "reading-too-large": _("reading it took more memory than it may ({error})"),
    "reader-ended": _("the process that read it ended (status {status}, {error})"),
    "reader-nonsense": _("the process that read it gave an answer that makes no sense: {error}"),
    "pool-closed-before": _("the pool was closed before it was read"),
    "pool-closed-while": _("the pool was closed while it was read"),
    # What this machine had too little of, and what could not be stored or read: `fetcher.shortage`, `storage`,
    # `refresh.work_loop`
    "short-of-files": _(
        "this process may open no more files: raise the limit (ulimit -n, or LimitNOFILE of a systemd unit), "
        "or lower LIFESTREAM_CONCURRENCY"
    ),
    "short-of-memory": _(
        "there is no more memory: lower LIFESTREAM_CONCURRENCY or LIFESTREAM_PARSERS, or give this process more"
    ),
    "short-of-disk": _("the disk is full: free some space"),
    "short-of-file-size": _(
        "a file may not grow any further: raise the limit (ulimit -f, or LimitFSIZE of a systemd unit)"
    ),
    "short-of-threads": _(
        "no more threads can be started: raise the limit (ulimit -u, TasksMax of a systemd unit, or the pids limit of "
        "a container)"
    ),
    "short-of-ports": _(
        "no local port is free for another connection: lower LIFESTREAM_CONCURRENCY, or let this system use more ports "
        "(net.ipv4.ip_local_port_range)"
    ),
    "answers-crowded": _("the answers that came at once were too large together: lower LIFESTREAM_CONCURRENCY"),
    "short-of-processes": _(
        "no process could be started to read documents: see that there is memory, and raise the limit (ulimit -u, "
        "TasksMax of a systemd unit, or the pids limit of a container) or lower LIFESTREAM_PARSERS"
    ),
    "database-failed": _("the database failed ({said}); {remedy}, then update again: nothing is lost"),
    "database-full": _("its disk is full: free some space"),
    "database-disk": _(
        "its disk can't be read or written: see that the disk works, and that a quota or a limit on the size of files "
        "(ulimit -f) leaves room"
    ),
    "database-needs-files": _("it needs files, and {shortage}"),
    "database-locked": _(
        "it is locked by another program: end that one's transaction, or raise the timeout in DATABASES"
    ),
    "database-read-only": _("it can't be written: let this user write its file and folder, or name another database"),
    "database-no-right": _(
        "this user may not do that in it: grant the right (GRANT), or name another user in DATABASES"
    ),
    "database-other-tables": _(
        "its tables are those of another version: run migrate, and rebuild_search if it is the table lifestream_search"
    ),
    "database-damaged": _("it is damaged: restore it from a backup, or dump and load it"),
    "database-needs-memory": _("it has no memory left: give its machine more, or set lower limits for it (work_mem)"),
    "database-server-needs-files": _(
        "its server may open no more files: raise the server's limit (LimitNOFILE of its systemd unit), or lower "
        "max_files_per_process"
    ),
    "database-takes-no-more": _(
        "it takes no more connections: run fewer workers, or raise its limit (max_connections, or that of the user)"
    ),
    "database-gone": _("it can't be reached: see that it runs, and that DATABASES names it"),
    "database-other": _("see that it runs and has free space"),
    "back": _("the database answers again, after {lasted}"),
    "credentials-lost": _(
        "The credentials of this feed can't be decrypted: put the SECRET_KEY they were saved under into "
        "SECRET_KEY_FALLBACKS, or enter them again."
    ),
    "options-damaged": _(
        "what is set for this feed can't be read from the database ({option}): set it again in the admin, or with "
        "edit_feed"
    ),
    "document-unstorable": _("what it brought can't be stored: {error}"),
    "result-unstored": _("it could not be stored: {error}"),
    "entries-unstored": counted("{count} entry could not be stored", "{count} entries could not be stored"),
    "held-by-another": _("another worker holds the feed"),
    # Plugins that cannot be used: `plugins.registry`
    "plugin-unknown": _("there is no plugin '{name}': choose one of {names}"),
    "plugin-not-imported": _("the plugin '{path}' can't be imported: {error}"),
    "plugin-not-imported-of-entry-point": _("the plugin of the entry point '{name}' can't be imported: {error}"),
    "plugin-no-class": _("the plugin '{path}' is no subclass of lifestream.plugins.FeedPlugin"),
    "plugin-not-created": _("the plugin '{path}' can't be created: {error}"),
    "plugin-without-domains": _(
        "the plugin '{path}' has no list of domains: set the attribute `domains` of its class, as in ('site.example',)"
    ),
    "plugin-without-name": _("the plugin '{path}' has no name: set the attribute `name` of its class"),
    # What a hub said: `storage.hub_subscriptions`
    "hub-denied": _("denied"),
    "hub-denied-because": _("denied: {reason}"),
}
"""The sentence, or the singular and plural of the sentence, of each code."""
