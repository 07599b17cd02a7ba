"use strict";
// Steps through the ladders. Without it the page is whole: every explanation stands below its ladder.
(() => {
  const connections = [...document.querySelectorAll(".connection")].map((section) => ({
    section,
    link: document.querySelector(`nav a[href="#${section.id}"]`),
    rows: [...section.querySelectorAll("tbody tr[id]")],
    steps: [...section.querySelectorAll(".steps > li")],
    place: section.querySelector(".place"),
    at: 0,
  }));
  const status = document.getElementById("status");
  let shown = connections[0];

  // The row of the chosen connection becomes the selected one; `focus`: the keyboard goes with it.
  const select = (at, focus) => {
    const { rows, steps, place } = shown;
    if (rows.length === 0) return;
    rows[shown.at].setAttribute("aria-selected", "false");
    rows[shown.at].tabIndex = -1;
    steps[shown.at].classList.remove("chosen");
    shown.at = Math.min(Math.max(at, 0), rows.length - 1);
    const row = rows[shown.at];
    const step = steps[shown.at];
    row.setAttribute("aria-selected", "true");
    row.tabIndex = 0;
    step.classList.add("chosen");
    place.textContent = `${shown.at + 1} of ${rows.length}`;
    if (!focus) return;
    try {
      history.replaceState(null, "", `#${row.id}`);
    } catch {
      // Where the page is shown inside another one it may have no address to change.
    }
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    status.textContent = `${place.textContent}. ${step.dataset.states}. ${step.querySelector(".what").textContent}`;
  };

  const show = (connection, at, focus) => {
    shown = connection;
    for (const other of connections) {
      other.section.classList.toggle("chosen", other === shown);
      other.link?.setAttribute("aria-current", String(other === shown));
    }
    select(at, focus);
  };

  // The next row in a direction that has a mark of this kind; round and round.
  const seek = (kind, way) => {
    const { rows, at } = shown;
    for (let step = 1; step <= rows.length; step++) {
      const next = (at + way * step + rows.length * step) % rows.length;
      if (rows[next].dataset[kind] !== undefined) return select(next, true);
    }
  };

  const beside = (way) => {
    const next = connections[connections.indexOf(shown) + way];
    if (next) show(next, next.at, true);
  };

  const KEYS = {
    ArrowDown: () => select(shown.at + 1, true),
    ArrowRight: () => select(shown.at + 1, true),
    ArrowUp: () => select(shown.at - 1, true),
    ArrowLeft: () => select(shown.at - 1, true),
    PageDown: () => select(shown.at + 10, true),
    PageUp: () => select(shown.at - 10, true),
    Home: () => select(0, true),
    End: () => select(shown.rows.length - 1, true),
    e: () => seek("evidence", 1),
    n: () => seek("change", 1),
    N: () => seek("change", -1),
    "[": () => beside(-1),
    "]": () => beside(1),
  };

  document.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    // Shift with an arrow selects text.
    const isOther = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key.length > 1);
    if (!act || isOther) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr[id]");
    // Whoever selects text to copy it isn't choosing a row.
    if (!row || String(getSelection()) !== "") return;
    select(shown.rows.indexOf(row), true);
  });

  // A link to a connection, or to a row of one.
  const follow = (focus) => {
    const id = location.hash.slice(1);
    for (const connection of connections) {
      const at = connection.rows.findIndex((row) => row.id === id);
      if (at >= 0) return show(connection, at, focus);
      if (connection.section.id === id) return show(connection, connection.at, focus);
    }
    show(shown, shown.at, false);
  };

  if (connections.length === 0) return;
  document.documentElement.classList.add("stepped");
  addEventListener("hashchange", () => follow(true));
  follow(false);
})();
