// What a page does beyond being a page: players on a click, more items on scroll, and keys. Without it the links do.
"use strict";
{
  // A link to a film becomes its player. Nothing is asked of the other site before.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-player]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const player = document.createElement("iframe");
    player.className = "film";
    player.src = link.dataset.player;
    player.title = link.dataset.title ?? link.textContent;
    player.dataset.page = link.href;
    // A player may open windows, as for a login, but not lead this page away.
    player.sandbox = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-presentation";
    player.allow = "autoplay; fullscreen; picture-in-picture; encrypted-media";
    player.allowFullscreen = true;
    player.referrerPolicy = "strict-origin-when-cross-origin";
    link.replaceWith(player);
    player.focus();
  });

  // A player that this site's policy doesn't allow (`frame-src`) opens its page instead.
  document.addEventListener("securitypolicyviolation", (event) => {
    if (event.effectiveDirective !== "frame-src") return;
    for (const player of document.querySelectorAll("iframe.film[data-page]"))
      if (player.src.startsWith(event.blockedURI)) location.assign(player.dataset.page);
  });

  // The link to older items fetches them when it comes into view: a few pages, then it waits, so the page has an end.
  const PAGES_AT_ONCE = 5;
  let loads = 0;
  const watcher = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) more();
    },
    { rootMargin: "0px 0px 2000px 0px" },
  );
  let loading = false;
  let failed = false;

  async function more() {
    const pager = document.querySelector("[data-pager]");
    const link = pager?.querySelector("a[rel=next]");
    if (!link || loading) return;
    loading = true;
    // What stands below is not to be seen moving away.
    document.documentElement.dataset.loading = "";
    watcher.disconnect();
    const tell = (text) => {
      const status = document.querySelector("[data-pager-status]");
      if (status) status.textContent = text;
    };
    tell(pager.dataset.loading);
    try {
      const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      append(page, pager);
      tell(pager.querySelector("a[rel=next]") ? pager.dataset.loaded : "");
      loads += 1;
      if (loads % PAGES_AT_ONCE) watch();
    } catch {
      failed = true;
      tell(pager.dataset.failed); // The link stays, and leads to the next page.
    } finally {
      loading = false;
      delete document.documentElement.dataset.loading;
    }
  }

  function append(page, pager) {
    const days = document.querySelector("[data-days]");
    for (const day of page.querySelectorAll("[data-days] > [data-day]")) {
      const last = days.lastElementChild;
      if (last?.dataset.day === day.dataset.day) last.append(...day.querySelectorAll("[data-item]"));
      else days.append(document.adoptNode(day));
    }
    reachable();
    const next = page.querySelector("[data-pager] a[rel=next]");
    const link = pager.querySelector("a[rel=next]");
    if (next) link.href = next.href;
    else {
      const end = document.createElement("p");
      end.className = "end";
      end.textContent = pager.dataset.end;
      link.replaceWith(end);
    }
  }

  function watch() {
    const link = document.querySelector("[data-pager] a[rel=next]");
    if (link) watcher.observe(link);
  }
  // Not before somebody scrolls, and by a click only if the page is hardly longer than the window: its foot would move
  // away while it is looked at.
  addEventListener(
    "scroll",
    () => {
      const pager = document.querySelector("[data-pager]");
      if (pager && pager.getBoundingClientRect().top + scrollY > 2 * innerHeight) watch();
    },
    { once: true, passive: true },
  );

  // A click on the link stays on this page too, unless that has failed.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-pager] a[rel=next]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (failed) return;
    event.preventDefault();
    more();
  });

  // A picture that this site is still fetching is asked for once more, and then a few times. Says whether it will be.
  const again = (picture) => {
    const tries = Number(picture.dataset.tries ?? 0);
    if (tries > 3 || !/^[^?]*\/pictures\/[\w-]{24}\//.test(picture.src) || !picture.src.startsWith(location.origin)) return false;
    picture.dataset.tries = tries + 1;
    setTimeout(() => {
      if (picture.srcset) picture.srcset = picture.srcset;
      picture.src = picture.src;
    }, 1500 * (tries + 1));
    return true;
  };

  // A picture of unknown size keeps its box until it has come and is below what is seen; then it gets its own size. Above
  // it keeps the box: not every browser holds the text in place there.
  const spaces = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting, boundingClientRect } of entries) {
        if (isIntersecting || boundingClientRect.top < 0) continue;
        spaces.unobserve(target);
        target.removeAttribute("data-unsized");
      }
    },
    { rootMargin: "200px 0px" },
  );
  const arrived = (picture) => {
    if (!picture.naturalWidth && again(picture)) return;
    if (picture.matches("[data-unsized]")) spaces.observe(picture);
  };
  for (const kind of ["load", "error"])
    document.addEventListener(kind, ({ target }) => target instanceof HTMLImageElement && arrived(target), true);
  for (const picture of document.images) if (picture.complete) arrived(picture);

  // What is wider than the page scrolls by itself, and has to be reached with the keyboard for that.
  const wide = ".prose pre, .prose table";
  const reachable = () => {
    for (const block of document.querySelectorAll(wide)) {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    }
  };
  reachable();
  addEventListener("resize", reachable);

  // Keys, for those who want them: single letters disturb people who speak to their computer (WCAG 2.1.4).
  const KEY = "lifestream-keys";
  let keys = false;
  try {
    keys = localStorage.getItem(KEY) === "on";
  } catch {
    // Storage may be forbidden.
  }
  const keySwitch = document.querySelector("[data-keys-switch]");
  // Offered where there is something to go to: not on a page of words, such as an error's.
  if (keySwitch && document.querySelector("[data-item], #q")) {
    keySwitch.checked = keys;
    keySwitch.closest("[data-keys]").hidden = false;
    keySwitch.addEventListener("change", () => {
      keys = keySwitch.checked;
      try {
        localStorage.setItem(KEY, keys ? "on" : "off");
      } catch {
        // As above.
      }
    });
  }
  document.addEventListener("keydown", (event) => {
    if (!keys || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "/") {
      const search = document.getElementById("q");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    } else if (event.key === "j" || event.key === "k") {
      const items = [...document.querySelectorAll("[data-item]")];
      const here = items.indexOf(document.activeElement.closest("[data-item]"));
      const item = items[Math.max(0, here + (event.key === "j" ? 1 : -1))];
      item?.querySelector(".when")?.focus();
      item?.scrollIntoView({ block: "start" });
    } else return;
    event.stopPropagation();
  });
}
