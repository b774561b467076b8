// Below 900 pixels the two panes are tabs. A tab that is away says what is new.

/* tabs wires the two tabs and returns how to show one and how to tell its news. */
export function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const pane = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const narrow = matchMedia("(max-width: 899px)");
  let seen = "";
  let told = "";

  const roles = () => all.forEach((t) => pane(t).setAttribute("role", narrow.matches ? "tabpanel" : "region"));
  const away = (t) => t.getAttribute("aria-selected") !== "true";
  const label = () => {
    const tab = all[1];
    if (!away(tab) || !narrow.matches) seen = told;
    tab.textContent = told && told !== seen ? `What exists, ${told}` : "What exists";
  };
  const select = (tab, focus) => {
    for (const t of all) {
      t.setAttribute("aria-selected", String(t === tab));
      t.tabIndex = t === tab ? 0 : -1;
      pane(t).classList.toggle("is-away", t !== tab);
    }
    label();
    if (focus) tab.focus();
  };
  all.forEach((tab, i) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") select(all[(i + 1) % all.length], true);
    });
  });
  narrow.addEventListener("change", roles);
  roles();
  select(all[0]);
  return {
    show: (name) => select(all.find((t) => t.getAttribute("aria-controls") === name)),
    news: (tally) => { told = tally; label(); },
  };
}
