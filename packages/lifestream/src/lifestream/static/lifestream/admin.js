// Names that fields and signs of Django's admin lack. Django makes some of them when the page has loaded.
"use strict";
addEventListener("load", () => {
  // The help of a list of two boxes is a sign with a name. Without a role, it must not have one (WAI-ARIA 1.2, section
  // 5.2.8.6), and it is not read out.
  for (const sign of document.querySelectorAll(".help-tooltip[aria-label]:not([role])")) sign.setAttribute("role", "img");
  // The two fields of a date and a time have a word before them, but no label.
  for (const field of document.querySelectorAll(".datetime input:not([aria-label], [type=hidden])"))
    if (!field.labels.length) field.setAttribute("aria-label", field.previousSibling?.textContent.trim().replace(/:$/, "") || field.name);
});
