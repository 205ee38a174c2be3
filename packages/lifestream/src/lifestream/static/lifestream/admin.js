// The help of Django's lists of two boxes is a sign with a name. Without a role, a name is not allowed (WAI-ARIA 1.2, section
// 5.2.8.6), and not read out. Django makes the boxes when the page has loaded.
"use strict";
addEventListener("load", () => {
  for (const sign of document.querySelectorAll(".help-tooltip[aria-label]:not([role])")) sign.setAttribute("role", "img");
});
