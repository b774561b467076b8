// The right pane: what exists in AWS and Azure DevOps, and what changed.

import { h, fill } from "./dom.js";
import { documentOf } from "./documents.js";
import { groupsOf } from "./objects.js";
import { hm, hms } from "./words.js";

const id = (name) => document.getElementById(name);

/* objectsOf is a flat list of everything that can change. */
export function objectsOf(state) {
  return groupsOf(state).flatMap((g) => [...g.rows, ...g.ours].filter((o) => o.key).map((o) => ({ ...o, group: g.key })));
}

/* show brings the pane up to date. */
export function show(state, page) {
  const { changes } = page;
  const tally = changes.tally();
  const since = hm(changes.since, page.slack.zone);
  id("tally").textContent = tally ? `${tally} since ${since}` : `as it was at ${since}`;
  id("only").setAttribute("aria-pressed", String(page.only));
  const context = { ...page, organizations: state.azure_devops.organizations };
  const groups = groupsOf(state).map((g) => group(g, context)).filter(Boolean);
  fill(id("objects"), groups.length ? groups : h("p", { class: "empty" }, `Nothing has changed since ${since}, when you opened this page.`));
}

function group(g, page) {
  const gone = [...page.changes.gone.values()].filter((o) => o.group === g.key);
  const wanted = (o) => !page.only || (o.key && page.changes.of(o.key));
  const rows = [...g.rows, ...gone].filter(wanted);
  const changed = g.ours.filter((o) => page.changes.of(o.key));
  const unfolded = page.opened.has(g.key);
  const ours = page.only ? changed : unfolded ? g.ours : changed;
  if (!rows.length && !ours.length) return null;
  const all = [...rows, ...ours].map((o) => row(o, { ...page, gone: gone.includes(o) }));
  if (g.ours.length && !page.only) all.splice(rows.length, 0, fold(g, unfolded, page));
  return h("table", { key: g.key, class: "objs" },
    h("caption", null, h("b", null, g.title), h("span", null, g.about)),
    h("colgroup", null, h("col", { class: "c-k" }), h("col"), h("col", { class: "c-w" }), h("col", { class: "c-d" })),
    h("thead", { class: "sr" }, h("tr", null, ["Kind", "Name", "What it is", "Document"].map((n) => h("th", { scope: "col" }, n)))),
    h("tbody", null, all));
}

function fold(g, unfolded, page) {
  const roles = g.ours.filter((o) => o.kind === "Role").length;
  const words = [roles && `${roles} roles`, `${g.ours.length - roles} policy`].filter(Boolean).join(", ");
  return h("tr", { key: "ours" }, h("td", { class: "k" }, "fedbot's own"), h("th", { scope: "row" }, words), h("td", { class: "w" }, "what fedbot itself may do here"),
    h("td", { class: "d" }, h("button", { class: "btn btn-quiet", type: "button", "aria-expanded": String(unfolded), "aria-label": `${unfolded ? "Hide" : "Show"} fedbot's own roles and policy in ${g.title}`,
      on: { click: () => page.toggle(g.key) } }, unfolded ? "Hide" : "Show")));
}

function row(o, page) {
  if (o.none !== undefined) {
    const words = o.list ? h("span", { class: "mono" }, o.none.flatMap((n, i) => [h("span", { class: "name" }, n + (i < o.none.length - 1 ? "," : "")), " "])) : o.none;
    return h("tr", { key: `none ${o.kind}` }, h("td", { class: "k" }, o.kind), h("td", { class: "w", colspan: 3 }, words));
  }
  const open = page.opened.has(o.key);
  const label = o.button ?? "Document";
  const what = `${label} of ${o.kind} ${o.name}`;
  return [
    h("tr", { key: o.key, class: (open ? "is-open" : "") + (page.gone ? " is-gone" : "") },
      h("td", { class: "k" }, o.kind), h("th", { scope: "row" }, name(o)), h("td", { class: "w" }, badge(o, page), page.gone ? "no longer there" : o.what),
      h("td", { class: "d" }, h("button", { class: "btn btn-quiet", type: "button", "aria-expanded": String(open), "aria-controls": open ? page.docId(o.key) : undefined,
        "aria-label": open ? `Close: ${what}` : what, on: { click: () => page.toggle(o.key) } }, open ? "Close" : label))),
    open && h("tr", { key: `doc ${o.key}`, class: "doc-row" }, h("td", { colspan: 4 }, documentOf(o, page, page.opened.get(o.key)))),
  ];
}

function name(o) {
  if (!o.tail || o.name.length < 24) return o.name;
  return h("span", { class: "mid" }, h("span", null, o.name.slice(0, -o.tail)), h("span", null, o.name.slice(-o.tail)));
}

const tones = { NEW: " badge-good", ADOPTED: " badge-note", CHANGED: " badge-wait", GONE: "" };

function badge(o, page) {
  if (o.queued) return h("span", { class: "faint when" }, hms(Date.parse(o.queued), page.slack.zone), " ");
  const change = page.changes.of(o.key);
  return change && [h("span", { class: "badge" + tones[change.word] }, `${change.word} ${hms(change.at, page.slack.zone)}`), " "];
}
