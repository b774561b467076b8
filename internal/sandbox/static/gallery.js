// The gallery: everything that fedbot says, by name, in light and in dark.

import { h, fill } from "./dom.js";
import { blocks } from "./blocks.js";

const id = (name) => document.getElementById(name);
const kinds = { card: "Cards", form: "Forms", home: "Home tabs", answer: "Answers", refusal: "Refusals" };
const slack = { zone: "Europe/London", now: Date.UTC(2026, 10, 24, 10), me: {}, people: [], groups: [], channels: [] };
const anchor = (e) => e.name.replace(/[^a-z0-9]+/gi, "-");

let all = [];

async function begin() {
  const answer = await fetch("/api/gallery");
  if (!answer.ok) throw new Error(`The gallery did not come: ${answer.status}.`);
  all = await answer.json();
  id("find").addEventListener("input", show);
  id("themes").addEventListener("change", show);
  show();
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function show() {
  const words = id("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const some = all.filter((e) => words.every((w) => `${e.name} ${e.kind} ${e.text} ${e.title ?? ""}`.toLowerCase().includes(w)));
  const themes = id("themes").value === "both" ? ["light", "dark"] : [id("themes").value];
  id("count").textContent = `${some.length} of ${all.length}`;
  fill(id("names"), Object.entries(kinds).map(([kind, label]) => {
    const of = some.filter((e) => e.kind === kind);
    return of.length > 0 && [h("h2", { key: kind }, `${label}, ${of.length}`), h("ul", { key: `${kind} list` },
      of.map((e) => h("li", { key: e.name }, h("a", { href: `#${anchor(e)}` }, e.name))))];
  }));
  fill(id("exhibits"), some.map((e) => exhibit(e, themes)));
}

function exhibit(e, themes) {
  return h("section", { key: e.name, class: "g-one", id: anchor(e), "aria-labelledby": `h-${anchor(e)}` },
    h("h3", { id: `h-${anchor(e)}` }, e.name),
    h("div", { class: `g-both g-${themes.length}` }, themes.map((theme) => face(e, theme))));
}

function face(e, theme) {
  const place = { slack, id: `${anchor(e)} ${theme}`, held: {}, press: () => {}, search: () => {}, found: () => null };
  return h("figure", { key: theme, class: `g-face g-${theme}` },
    h("figcaption", null, theme),
    e.title && h("p", { class: "g-title" }, e.title),
    h("div", { class: "bk", inert: true }, blocks(e.blocks, place)),
    e.text && h("details", { class: "g-plain" }, h("summary", null, "As plain text"), h("pre", { class: "bk-pre" }, e.text)));
}

begin().catch((error) => fill(id("exhibits"), h("p", { role: "alert" }, error.message)));
