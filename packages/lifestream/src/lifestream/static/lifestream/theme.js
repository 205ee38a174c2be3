// Light or dark: as the system has it, unless the reader has chosen. It runs before the page is drawn, so nothing flashes
// and no picture moves.
"use strict";
{
  const KEY = "lifestream-theme";
  const THEMES = ["auto", "light", "dark"];
  const root = document.documentElement;
  const stored = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return THEMES.includes(theme) ? theme : "auto";
    } catch {
      return "auto"; // Storage may be forbidden; then the choice lasts for this page.
    }
  };
  const apply = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  let theme = stored();
  apply(theme);
  root.dataset.keepsSpace = ""; // timeline.js will let go of the space that pictures of unknown size have.

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const tell = () => {
        button.querySelector("[data-theme-name]").textContent = button.dataset[theme];
        button.title = button.dataset[theme];
      };
      button.hidden = false;
      tell();
      button.addEventListener("click", () => {
        theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
        apply(theme);
        tell();
        try {
          localStorage.setItem(KEY, theme);
        } catch {
          // As above.
        }
      });
    }
  });
}
