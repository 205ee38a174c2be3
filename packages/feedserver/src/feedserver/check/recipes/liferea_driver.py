"""Drive Liferea without a screen: `add URL…` writes its list of feeds, `poll` lets it update all of them once.

Liferea has no command for either, and believes that it is offline if no NetworkManager runs. So this script starts
Liferea on a virtual screen, with a bus of its own as both its session bus and its system bus. Over this bus, the script
tells Liferea to be online and to refresh. It ends Liferea when Liferea has printed nothing about updates and the
network for some seconds.
"""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import quoteattr

FEEDS = Path.home() / ".config" / "liferea" / "feedlist.opml"
CALL = "gdbus call --session --dest org.gnome.feed.Reader --object-path /org/gnome/feed/Reader --method"
INTERFACE = "org.gnome.feed.Reader"
TRIES, PAUSE = 60, 0.5
SILENCE = 6.0
"""Seconds without a line from Liferea about updates or the network, after which its update counts as finished."""


def add(urls: list[str]) -> None:
    """Write *urls* into the list of feeds."""
    FEEDS.parent.mkdir(parents=True, exist_ok=True)
    outlines = "\n".join(
        f'<outline type="rss" id="feed{number:03}" title="{number}" text="{number}" xmlUrl={quoteattr(url)}'
        ' updateInterval="-1"/>'
        for number, url in enumerate(urls)
    )
    FEEDS.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="1.0"><head/><body>\n{outlines}\n</body></opml>\n'
    )


def poll() -> None:
    """Run Liferea on a virtual screen and a bus of its own, both of which end with it."""
    runtime = Path.home() / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment = {
        **os.environ,
        "XDG_RUNTIME_DIR": str(runtime),
        "GSETTINGS_BACKEND": "memory",
        "GIO_USE_NETWORK_MONITOR": "base",
        "NO_AT_BRIDGE": "1",
    }
    inner = [sys.executable, __file__, "on-its-bus"]
    subprocess.run(["xvfb-run", "-a", "dbus-run-session", "--", *inner], env=environment, check=True)


def on_its_bus() -> None:
    """Start Liferea, let it update, and end it when it is done."""
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": os.environ["DBUS_SESSION_BUS_ADDRESS"]}
    output, write_end = os.pipe()
    liferea = subprocess.Popen(
        ["liferea", "--debug-update", "--debug-net"], env=environment, stderr=write_end, stdout=write_end
    )
    os.close(write_end)
    try:
        for _ in range(TRIES):
            if call_succeeds("SetOnline", "true"):
                break
            if select.select([output], [], [], PAUSE)[0]:
                os.read(output, 1 << 16)
        if not call_succeeds("Refresh"):
            sys.exit("Liferea does not answer on its bus")
        while select.select([output], [], [], SILENCE)[0] and os.read(output, 1 << 16):
            pass
    finally:
        liferea.send_signal(signal.SIGTERM)
        while os.read(output, 1 << 16):
            pass
        liferea.wait()


def call_succeeds(method: str, *arguments: str) -> bool:
    """Call a method of Liferea, and return whether it answered."""
    return (
        subprocess.run(
            [*CALL.split(), f"{INTERFACE}.{method}", *arguments], check=False, capture_output=True
        ).returncode
        == 0
    )


if __name__ == "__main__":
    if sys.argv[1] == "add":
        add(sys.argv[2:])
    elif sys.argv[1] == "poll":
        poll()
    else:
        on_its_bus()
