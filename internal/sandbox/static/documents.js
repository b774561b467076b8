// Documents: pretty-printed, with the lines marked that decide who gets in.

import { h } from "./dom.js";

/* document renders one object's documents, with the chosen one open. */
export function documentOf(object, page, chosen) {
  const id = page.docId(object.key);
  const i = Math.min(chosen, object.documents.length - 1);
  const doc = object.documents[i];
  const tab = (d, n) => h("button", { key: d.name, type: "button", "aria-current": n === i ? "true" : undefined, on: { click: () => page.open(object.key, n) } }, d.name);
  return h("article", { class: "doc", id, "aria-label": `Documents of ${object.kind} ${object.name}` },
    h("header", { class: "doc-head" }, h("h3", { class: "mono" }, object.name), h("p", null, page.gone ? "as it was last; it is gone" : "as it is there now")),
    h("div", { class: "doc-nav" }, object.documents.map(tab),
      h("button", { key: "copy", class: "btn btn-quiet", type: "button", "aria-label": `Copy ${doc.name}`, on: { click: () => page.copy(textOf(doc), doc.name) } }, "Copy")),
    body(doc, page));
}

function textOf(doc) {
  return doc.text ?? (typeof doc.value === "string" ? doc.value : JSON.stringify(doc.value, null, 2));
}

/* body is the numbered lines of one document. */
export function body(doc, page) {
  const rows = doc.text === undefined && typeof doc.value === "object" ? print(doc.value) : textOf(doc).split("\n").map((text) => ({ text, indent: 0, path: [] }));
  return h("div", { key: doc.name, class: "doc-body" }, rows.map((row, i) => {
    const said = doc.say && explain[doc.say](row, page);
    const kind = said ? (said.wide ? " ln-key ln-wide" : " ln-key") : "";
    return h("div", { class: `ln i${Math.min(row.indent, 16)}${kind}`, "data-n": i + 1 }, h("code", null, row.text), said && h("span", { class: "say" }, said.words));
  }));
}

const short = 64;

/* print lays a value out in lines: {text, indent, path, value}. What fits on one line stays on one. */
export function print(value) {
  const rows = [];
  write(value, 0, "", "", [], rows);
  return rows;
}

function write(value, indent, before, after, path, rows) {
  if (fits(value)) {
    rows.push({ text: before + oneLine(value) + after, indent, path, value });
    return;
  }
  const list = Array.isArray(value);
  const [open, close] = list ? ["[", "]"] : ["{", "}"];
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  const label = (key) => (list ? "" : `${JSON.stringify(key)}: `);
  const [key, only] = entries[0];
  if (entries.length === 1 && path.length && !fits(only)) { // its one member begins on the same line
    write(only, indent, `${before}${open}${list ? "" : " "}${label(key)}`, close + after, [...path, key], rows);
    return;
  }
  rows.push({ text: before + open, indent, path, value });
  entries.forEach(([k, v], i) => write(v, indent + 2, label(k), i < entries.length - 1 ? "," : "", [...path, k], rows));
  rows.push({ text: close + after, indent, path: [] });
}

const fits = (value) => typeof value !== "object" || value === null || (simple(value) && (Object.keys(value).length < 2 || oneLine(value).length <= short));
const oneLine = (value) => JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");

function simple(value) {
  return Object.values(value).every((v) => typeof v !== "object" || v === null);
}

const key = (words) => ({ words });
const wide = (words) => ({ words, wide: true });
const last = (row) => row.path.at(-1) ?? "";

/* explain says, for each kind of document, what a line decides; most lines decide nothing. */
const explain = {
  trust(row, page) {
    const name = last(row);
    if (name === "Principal") return principal(row.value, page);
    if (!/:sub$/.test(name) && !holdsSub(row.value)) return null;
    const subject = typeof row.value === "string" ? row.value : Object.values(row.value)[0];
    if (!String(subject).includes("*")) return key("Only this connection, by its exact name");
    return wide(`Every connection of every project that fits ${subject}`);
  },
  hold(row) {
    return last(row) === "Effect" && row.value === "Deny" ? key("Everything is refused, to every session, until the hold is lifted") : denies(row);
  },
  permissions(row) {
    const text = JSON.stringify(row.value ?? "");
    if (last(row) === "Resource" && row.value === "*") return null;
    if (last(row) === "Action" && row.value === "*") return wide("It may do everything");
    if (simpleStatement(row.value) && text.includes('"Action":"*"') && text.includes('"Allow"')) return wide("It may do everything");
    return null;
  },
  provider(row) {
    if (last(row) === "Url") return key("AWS believes tokens that this address has signed; each role says which ones it takes");
    return last(row) === "ClientIDList" ? key("and only if they were made for this audience") : null;
  },
  role(row) {
    return last(row) === "PermissionsBoundary" && row.value ? key("Whatever its policies say, it can never do more than this") : null;
  },
  connection(row) {
    switch (last(row)) {
      case "HoldsKey": return row.value ? wide("A key is stored here; whoever may use the connection can read what it opens") : key("No key is stored: each run signs in with its own token");
      case "AssumeRoleArn": return key("The one role that it can sign in to");
      case "Pipelines": return pipelines(row.value);
    }
    return null;
  },
  checks(row) {
    return last(row) === "Kind" ? key("Every run must pass this before it may use the connection") : null;
  },
};

function pipelines(value) {
  if (value === "all") return wide("Every pipeline of the project may use it");
  if (!Array.isArray(value)) return null;
  return key(value.length ? "Only these pipelines may use it" : "No pipeline may use it");
}

const simpleStatement = (v) => typeof v === "object" && v !== null && !Array.isArray(v) && "Effect" in v && simple(v);

function denies(row) {
  return simpleStatement(row.value) && row.value.Effect === "Deny" ? key("Everything is refused, to every session, until the hold is lifted") : null;
}

function holdsSub(value) {
  return typeof value === "object" && value !== null && simple(value) && Object.keys(value).length > 0 && Object.keys(value).every((k) => /:sub$/.test(k));
}

function principal(value, page) {
  const federated = value?.Federated;
  if (typeof federated === "string") {
    const o = page.organizations.find((o) => federated.endsWith(o.id));
    return key(o ? `Only tokens that Azure DevOps signed for ${o.name}` : "Only tokens that this provider signed");
  }
  if (value?.AWS && value.AWS !== "*") return key("Only this identity of AWS, which is fedbot's own");
  return value ? wide("Anybody in AWS") : null;
}
