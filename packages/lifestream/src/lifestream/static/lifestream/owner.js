// What the pages of owners do beyond being pages: new sites appear as they come, a password can be looked at, a colour
// be chosen by eye, and a file that is too large is not sent.
"use strict";
{
  const PAUSE = 2000; // milliseconds between two looks
  const MOST_LOOKS = 300;

  // While something is on its way, the page is fetched again, and what has changed of it is replaced: what an owner has
  // chosen or typed meanwhile stays.
  async function look() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const arrivals = page.querySelector("[data-arrivals]");
    if (!arrivals) return false;
    const rows = document.querySelector("ul[data-rows]");
    const found = page.querySelector("ul[data-rows]");
    if (found && !rows) {
      location.reload(); // the first site: the page has a list now
      return false;
    }
    for (const row of found?.querySelectorAll("[data-row]") ?? []) {
      const here = rows.querySelector(`[data-row="${row.dataset.row}"]`);
      const facts = row.querySelector("[data-live]");
      if (!here) rows.append(document.adoptNode(row));
      else if (here.querySelector("[data-live]").textContent !== facts.textContent)
        here.querySelector("[data-live]").replaceWith(document.adoptNode(facts));
    }
    // With the new rows, there are more that can be chosen at once.
    const words = page.querySelector("[data-all-words]");
    if (words && rows) document.querySelector("[data-all-words]").textContent = words.textContent;
    const before = document.querySelector("[data-arrivals]");
    if (before.textContent !== arrivals.textContent) before.replaceWith(document.adoptNode(arrivals));
    return "busy" in document.querySelector("[data-arrivals]").dataset;
  }

  async function watch() {
    for (let looks = 0; looks < MOST_LOOKS; ) {
      await new Promise((resume) => setTimeout(resume, PAUSE));
      if (document.hidden) continue;
      looks += 1;
      try {
        if (!(await look())) return;
      } catch {
        // The next look may work.
      }
    }
  }
  if (document.querySelector("[data-arrivals][data-busy]")) watch();

  // On a telephone the bar is one row, wider than the window: the part that is shown is seen, also after the telephone
  // was turned.
  const bar = document.querySelector(".owner-bar .bar");
  const part = bar?.querySelector("[aria-current]");
  if (part)
    new ResizeObserver(() => {
      const [whole, own] = [bar.getBoundingClientRect(), part.getBoundingClientRect()];
      bar.scrollLeft += own.left + own.width / 2 - whole.left - whole.width / 2;
    }).observe(bar);

  // A new password is typed once, and can be looked at.
  for (const button of document.querySelectorAll("[data-show-password]")) {
    const field = document.getElementById(button.dataset.showPassword);
    button.hidden = false;
    button.addEventListener("click", () => {
      const hidden = field.type === "password";
      field.type = hidden ? "text" : "password";
      button.setAttribute("aria-pressed", String(hidden));
    });
  }

  // A colour can be chosen by eye as well as typed. An empty field, which a browser's own field cannot be, stays empty.
  for (const field of document.querySelectorAll("[data-colour]")) {
    const picker = document.createElement("input");
    const both = document.createElement("span");
    const tell = () => {
      const chosen = field.value.trim() || getComputedStyle(document.documentElement).getPropertyValue("--own-accent").trim();
      if (/^#[0-9a-f]{6}$/i.test(chosen)) picker.value = chosen;
    };
    picker.type = "color";
    picker.setAttribute("aria-label", field.dataset.colour);
    both.className = "colour";
    field.replaceWith(both);
    both.append(field, picker);
    tell();
    field.addEventListener("input", tell);
    picker.addEventListener("input", () => {
      field.value = picker.value;
    });
  }

  // A file that is too large is refused before it is sent.
  for (const field of document.querySelectorAll("input[type=file][data-most]")) {
    const isRefused = () => {
      const isTooLarge = [...field.files].some((file) => file.size > Number(field.dataset.most));
      field.setCustomValidity(isTooLarge ? field.dataset.tooLarge : "");
      if (isTooLarge) field.reportValidity();
      return isTooLarge;
    };
    field.addEventListener("change", isRefused);
    field.form.addEventListener("submit", (event) => {
      if (isRefused()) event.preventDefault();
    });
  }

  // The checkbox for all sites checks or clears those on this page. It is cleared when one of them is: the action would
  // otherwise include that site.
  for (const all of document.querySelectorAll("[data-all]")) {
    all.addEventListener("change", () => {
      for (const box of document.querySelectorAll('[data-rows] input[name="site"]')) box.checked = all.checked;
    });
    document.querySelector("[data-rows]").addEventListener("change", ({ target }) => {
      if (!target.checked) all.checked = false;
    });
  }

  // A folder is asked for by one action only.
  const action = document.getElementById("action");
  const folder = document.querySelector("[data-folder]");
  if (action && folder) {
    const tell = () => {
      folder.hidden = action.value !== "move";
    };
    action.addEventListener("change", tell);
    tell();
  }
}
