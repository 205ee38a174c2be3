// Opens players on a click, loads older items on scroll, sizes pictures, and handles keys. Without this script, links
// lead to the videos and to the older items.
"use strict";
{
  // A click on a link to a video puts the player in its place. Before the click, the other site gets no request.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-player]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const player = document.createElement("iframe");
    player.className = "film";
    player.src = link.dataset.player;
    player.title = link.dataset.title ?? link.textContent;
    player.dataset.page = link.href;
    // A player may open windows, as for a login, but not navigate this page elsewhere.
    player.sandbox = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-presentation";
    player.allow = "autoplay; fullscreen; picture-in-picture; encrypted-media";
    player.allowFullscreen = true;
    player.referrerPolicy = "strict-origin-when-cross-origin";
    link.replaceWith(player);
    player.focus();
  });

  // If the Content-Security-Policy of this site blocks a player (`frame-src`), the page of the video is opened instead.
  document.addEventListener("securitypolicyviolation", (event) => {
    if (event.effectiveDirective !== "frame-src") return;
    for (const player of document.querySelectorAll("iframe.film[data-page]"))
      if (player.src.startsWith(event.blockedURI)) location.assign(player.dataset.page);
  });

  // Older items are loaded when the link to them comes near the window. After a few pages that takes a click again: so
  // the end of the page can be reached.
  const PAGES_PER_CLICK = 5;
  let loads = 0;
  const linkObserver = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) loadMore();
    },
    { rootMargin: "0px 0px 2000px 0px" },
  );
  let loading = false;
  let failed = false;

  async function loadMore() {
    const pager = document.querySelector("[data-pager]");
    const link = pager?.querySelector("a[rel=next]");
    if (!link || loading) return;
    loading = true;
    // Meanwhile theme.css hides what is below the items, so that nobody sees it move away.
    document.documentElement.dataset.loading = "";
    linkObserver.disconnect();
    const showStatus = (text) => {
      const status = document.querySelector("[data-pager-status]");
      if (status) status.textContent = text;
    };
    showStatus(pager.dataset.loading);
    try {
      const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      append(page, pager);
      showStatus(pager.querySelector("a[rel=next]") ? pager.dataset.loaded : "");
      loads += 1;
      if (loads % PAGES_PER_CLICK) watchLink();
    } catch {
      failed = true;
      showStatus(pager.dataset.failed); // The link stays, and leads to the next page.
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
    makeWideBlocksFocusable();
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

  function watchLink() {
    const link = document.querySelector("[data-pager] a[rel=next]");
    if (link) linkObserver.observe(link);
  }
  // Nothing is loaded without a click before somebody scrolls, nor if the page is hardly longer than the window: its
  // foot would move away while somebody looks at it.
  addEventListener(
    "scroll",
    () => {
      const pager = document.querySelector("[data-pager]");
      if (pager && pager.getBoundingClientRect().top + scrollY > 2 * innerHeight) watchLink();
    },
    { once: true, passive: true },
  );

  // A click on the link loads the items into this page, too. Once loading has failed, the link works as usual.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-pager] a[rel=next]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (failed) return;
    event.preventDefault();
    loadMore();
  });

  // Requests a picture again that this site is still fetching, up to four times. Returns whether it will be requested.
  const requestAgain = (picture) => {
    const tries = Number(picture.dataset.tries ?? 0);
    if (tries > 3 || !/^[^?]*\/pictures\/[\w-]{24}\//.test(picture.src) || !picture.src.startsWith(location.origin)) return false;
    picture.dataset.tries = tries + 1;
    setTimeout(() => {
      if (picture.srcset) picture.srcset = picture.srcset;
      picture.src = picture.src;
    }, 1500 * (tries + 1));
    return true;
  };

  // A picture of unknown size is shown in a box of fixed shape until it is loaded and is below the window; then it gets
  // its own size. Above the window it keeps the box: not every browser holds the visible text in place when it changes.
  const boxObserver = new IntersectionObserver(
    (entries) => {
      // Where the pictures are now: the reader may have scrolled since the entries were made.
      const below = entries.filter(
        ({ target, isIntersecting }) => !isIntersecting && target.getBoundingClientRect().top > innerHeight,
      );
      for (const { target } of below) {
        boxObserver.unobserve(target);
        target.removeAttribute("data-unsized");
      }
    },
    { rootMargin: "200px 0px" },
  );
  const onLoadOrError = (picture) => {
    if (!picture.naturalWidth && requestAgain(picture)) return;
    if (picture.matches("[data-unsized]")) boxObserver.observe(picture);
  };
  for (const kind of ["load", "error"])
    document.addEventListener(kind, ({ target }) => target instanceof HTMLImageElement && onLoadOrError(target), true);
  for (const picture of document.images) if (picture.complete) onLoadOrError(picture);

  // A block that is wider than the page has its own scroll bar. To scroll it with the keyboard, it must take the focus.
  const blocks = ".prose pre, .prose table";
  const makeWideBlocksFocusable = () => {
    for (const block of document.querySelectorAll(blocks)) {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    }
  };
  makeWideBlocksFocusable();
  addEventListener("resize", makeWideBlocksFocusable);

  // Keyboard shortcuts, off by default: single letters disturb people who speak to their computer (WCAG 2.1.4).
  const KEY = "lifestream-keys";
  let keys = false;
  try {
    keys = localStorage.getItem(KEY) === "on";
  } catch {
    // Storage may be forbidden.
  }
  const keySwitch = document.querySelector("[data-keys-switch]");
  // The switch is shown only if there are items or a search to go to: not, for example, on the page of an error.
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
