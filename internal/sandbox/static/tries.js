// What came of "Use it" and "Attack it": tables with AWS's own answers.

import { h, fill } from "./dom.js";
import { body } from "./documents.js";

/* show puts the results above what exists. */
export function show(page) {
  fill(document.getElementById("tries"), page.attacked && attacked(page.attacked, page), page.used && used(page.used, page));
}

function part(key, title, about, buttons, ...rest) {
  return h("section", { key, class: "tried", id: `tried-${key}`, tabindex: -1, "aria-label": title },
    h("header", { class: "tried-head" }, h("h3", null, title), h("p", null, about), buttons), rest);
}

const shown = (page, name, label) => h("button", { class: "btn btn-quiet", type: "button", "aria-expanded": String(page.opened.has(name)), on: { click: () => page.toggle(name) } }, page.opened.has(name) ? "Close" : label);

function used(u, page) {
  const off = u.tries.filter((t) => t.allowed !== t.wanted);
  const yes = u.tries.filter((t) => t.allowed).length;
  const verdict = off.length ? `Not as approved: ${off.map((t) => t.what).join(", ")}.` : `As approved: ${yes} of ${u.tries.length} allowed, ${u.tries.length - yes} refused.`;
  return part("use", "Use it", `run ${u.run} of ${u.pipeline} as ${u.connection}`, shown(page, "log of the run", "Log of the run"),
    page.opened.has("log of the run") && h("div", { class: "doc tried-doc" }, body({ name: "log", text: u.log.replace(/\n$/, "") }, page)),
    table(["What it tried", "AWS's answer", "Detail"], u.tries, (t) => (t.allowed === t.wanted ? (t.allowed ? "good" : "") : "bad")),
    h("p", { class: "verdict" + (off.length ? " is-bad" : "") }, verdict));
}

function attacked(tries, page) {
  const got = tries.filter((t) => t.allowed);
  const drift = h("button", { class: "btn", type: "button", on: { click: () => page.drift() } }, "Run drift");
  const words = `${tries.length - got.length} of ${tries.length} were refused. ${got.map((t) => `${t.what[0].toUpperCase()}${t.what.slice(1)} let one in: ${t.detail}. ${t.next ?? ""}`).join(" ")}`;
  return part("attack", "Attack it", "with tokens that Azure DevOps really issues", null,
    table(["Who tries", "AWS's answer", "Why"], tries, (t) => (t.allowed ? "bad" : "")),
    h("div", { class: "verdict" }, h("p", null, words), got.length > 0 && drift));
}

function table(heads, tries, tone) {
  const one = (t, i) => h("tr", { key: `${i} ${t.what}` }, h("th", { scope: "row" }, t.what), h("td", { class: `answer ${tone(t)}` }, t.answer), h("td", { class: "why" }, t.detail));
  return h("table", { class: "tries" }, h("thead", null, h("tr", null, heads.map((n) => h("th", { scope: "col" }, n)))), h("tbody", null, tries.map(one)));
}
