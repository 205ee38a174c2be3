// Keeps the page up to date. The page works without scripts, too: reload it to see what was requested.
const round = Number(document.body.dataset.round);
const form = document.querySelector("form");

function tick(value) {
  for (const box of document.querySelectorAll(".boxes input")) box.checked = value;
}

function dim() {
  const chosen = document.querySelector("input[name=sees]:checked");
  const boxes = document.querySelector(".boxes");
  if (boxes) boxes.classList.toggle("off", Boolean(chosen) && chosen.value === "no");
}

if (document.querySelector(".tools")) {
  document.querySelector(".tools").hidden = false;
  document.querySelector("#tick-all").addEventListener("click", () => tick(true));
  document.querySelector("#tick-none").addEventListener("click", () => tick(false));
  form.addEventListener("change", dim);
  dim();
}

async function look() {
  try {
    const state = await (await fetch("state.json")).json();
    if ((state.is_over ? -1 : state.round) !== round) return location.reload();
    if (round >= 0) {
      const asked = state.all - state.waiting.length;
      document.querySelector("#asked").textContent = asked;
      document.querySelector("#progress").value = asked;
      document.querySelector("#waiting").textContent = state.waiting.join(", ");
    }
  } catch {
    const heading = document.querySelector("h1");
    heading.textContent = "The run has ended";
    document.title = heading.textContent;
    document.querySelector("main").textContent = "The terminal has the report, or says how to go on.";
    return;
  }
  setTimeout(look, 1500);
}
look();
