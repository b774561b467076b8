// Fields: everything that a person fills in. What is entered stays in the page
// until it is sent; `collect` reads it by the names that Slack uses.

import { h } from "./dom.js";
import { textObject } from "./words.js";

/* field renders an input block, or one element of another block, with its label,
   hint and error. */
export function field(block, place, key) {
  const { element: e } = block;
  const id = `${place.id}-${block.block_id}-${e.action_id}`;
  const wrong = place.errors?.[block.block_id];
  const hint = block.hint && h("p", { class: "f-hint", id: `${id}-hint` }, block.hint.text);
  const error = wrong && h("p", { class: "f-error", id: `${id}-error` }, wrong);
  const described = [wrong && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  const about = { id, "aria-describedby": described, "aria-invalid": wrong ? "true" : undefined, "aria-required": block.type === "input" && !block.optional ? "true" : undefined };
  const make = makers[e.type] ?? typed;
  const control = make(e, about, place.held?.[block.block_id]?.[e.action_id] ?? begin(e), (value) => changed(block, place, value), block, place);
  const names = { key, class: "field" + (wrong ? " is-wrong" : ""), "data-block": block.block_id, "data-action-id": e.action_id, "data-kind": e.type, "data-input": String(block.type === "input") };
  if (grouped.has(e.type)) {
    return h("fieldset", { ...names, "aria-describedby": described }, h("legend", null, label(block)), control, hint, error);
  }
  return h("div", names, h("label", { for: id, class: block.label ? "" : "sr" }, label(block)), control, hint, error);
}

/* begin is what an element of a message holds: nobody keeps it but the message. */
function begin(e) {
  return { value: e.initial_value, selected_option: e.initial_option, selected_options: e.initial_options, selected_date: e.initial_date, selected_time: e.initial_time };
}

const grouped = new Set(["radio_buttons", "checkboxes", "multi_static_select"]);

function label(block) {
  const said = block.label?.text ?? block.text?.text ?? block.element.placeholder?.text ?? "Choose";
  return [said, block.optional && !/\(optional\)$/.test(said) && h("span", { class: "faint" }, " optional")];
}

/* changed keeps what was entered, and tells the app of it where it wants to know. */
function changed(block, place, value) {
  place.press(block, block.element, value);
}

function optionsOf(e) {
  return e.options ? [{ options: e.options }] : (e.option_groups ?? []).map((g) => ({ label: g.label.text, options: g.options }));
}

const about75 = (o) => (o.description ? `${o.text.text}: ${o.description.text}` : o.text.text);

function choose(options, e, about, value, change) {
  return h("select", { ...about, class: "select", data: { value: value ?? "" }, on: { change: (event) => change(event.target.value) } },
    h("option", { value: "" }, e.placeholder?.text ?? "Choose"), options);
}

function staticSelect(e, about, held, change) {
  const one = (o) => h("option", { value: o.value }, about75(o));
  const options = optionsOf(e).map((g) => (g.label ? h("optgroup", { label: g.label }, g.options.map(one)) : g.options.map(one)));
  return choose(options, e, about, held.selected_option?.value, change);
}

function radios(e, about, held, change) {
  const one = (o) => h("label", { class: "f-choice" },
    h("input", { type: "radio", name: about.id, value: o.value, data: { checked: held.selected_option?.value === o.value }, on: { change: () => change(o.value) } }),
    h("span", null, textWords(o.text), o.description && h("span", { class: "faint" }, " ", textWords(o.description))));
  return h("div", { class: "f-choices" }, e.options.map(one));
}

const textWords = (t) => textObject(t, { people: [], groups: [], channels: [], zone: "UTC", now: 0 });

function checks(e, about, held, change) {
  const chosen = new Set((held.selected_options ?? []).map((o) => o.value));
  const all = (event) => [...event.target.closest(".f-choices").querySelectorAll("input:checked")].map((i) => i.value);
  const one = (o) => h("label", { class: "f-choice" },
    h("input", { type: "checkbox", value: o.value, data: { checked: chosen.has(o.value) }, on: { change: (event) => change(all(event)) } }),
    h("span", null, textWords(o.text), o.description && h("span", { class: "faint" }, " ", textWords(o.description))));
  return h("div", { class: "f-choices" }, optionsOf(e).map((g) => [g.label && h("p", { class: "faint" }, g.label), g.options.map(one)]));
}

const types = { email_text_input: "email", url_text_input: "url", number_input: "text", datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" };

function typed(e, about, held, change) {
  const value = held.value ?? held.selected_date ?? held.selected_time ?? e.initial_value ?? "";
  const shared = { ...about, class: "input", placeholder: e.placeholder?.text, maxlength: e.max_length, autocomplete: "off",
    data: { value }, on: { change: (event) => change(event.target.value) } };
  if (e.multiline || e.type === "rich_text_input") return h("textarea", { ...shared, rows: 3 });
  return h("input", { ...shared, type: types[e.type] ?? "text", inputmode: e.type === "number_input" ? "decimal" : undefined, spellcheck: "false" });
}

/* external is a search: what is typed goes to the app, what it offers can be chosen. */
function external(e, about, held, change, block, place) {
  const many = e.type.startsWith("multi");
  const chosen = many ? held.selected_options ?? [] : [held.selected_option].filter(Boolean);
  const found = place.found?.(block, e);
  const take = (value) => change(many ? [...new Set([...chosen.map((o) => o.value), value])] : value);
  const drop = (value) => change(many ? chosen.map((o) => o.value).filter((v) => v !== value) : "");
  return h("div", { class: "f-search" },
    chosen.map((o) => h("p", { key: o.value, class: "f-chosen" }, h("input", { type: "hidden", value: o.value }), o.text.text,
      h("button", { class: "btn btn-quiet", type: "button", "aria-label": `Take ${o.text.text} away`, on: { click: () => drop(o.value) } }, "Take away"))),
    h("input", { ...about, key: "typed", class: "input", type: "search", autocomplete: "off", placeholder: e.placeholder?.text ?? "Type to search",
      on: { input: (event) => place.search?.(block, e, event.target.value), focus: (event) => place.search?.(block, e, event.target.value) } }),
    found && h("ul", { key: "found", class: "f-found" }, found.length
      ? found.map((o) => h("li", null, h("button", { class: "sb", type: "button", on: { click: () => take(o.value) } }, o.text, o.description && h("span", { class: "faint" }, ` ${o.description}`))))
      : h("li", { class: "faint" }, "Nothing fits.")));
}

/* named are the selects over people and channels. */
function named(e, about, held, change, block, place) {
  const people = e.type.includes("users");
  const list = people ? place.slack.people.filter((p) => !p.bot) : place.slack.channels;
  const field = Object.keys(held).find((k) => k.startsWith("selected_"));
  const value = field && held[field];
  const options = list.map((x) => h("option", { value: x.id }, people ? x.name : `# ${x.name}`));
  return choose(options, e, about, Array.isArray(value) ? value[0] : value, change);
}

function unsupported(e, about) {
  return h("p", { ...about, class: "faint" }, "The sandbox cannot fill this in.");
}

const makers = {
  static_select: staticSelect, radio_buttons: radios, checkboxes: checks, multi_static_select: checks,
  external_select: external, multi_external_select: external, users_select: named, multi_users_select: named,
  channels_select: named, multi_channels_select: named, conversations_select: named, multi_conversations_select: named,
  file_input: unsupported,
};

/* collect reads every field of a form as {block: {action: value}}. */
export function collect(form) {
  const state = {};
  for (const node of form.querySelectorAll('[data-input="true"]')) {
    const { block, actionId, kind } = node.dataset;
    const value = read(node, kind);
    if (value !== undefined) (state[block] ??= {})[actionId] = value;
  }
  return state;
}

function read(node, kind) {
  const all = (selector) => [...node.querySelectorAll(selector)].map((i) => i.value);
  switch (kind) {
    case "radio_buttons": return node.querySelector("input:checked")?.value ?? "";
    case "checkboxes":
    case "multi_static_select": return all("input:checked");
    case "external_select": return all("input[type=hidden]")[0] ?? "";
    case "multi_external_select": return all("input[type=hidden]");
    case "file_input": return undefined;
    case "datetimepicker": return seconds(node.querySelector("input").value);
    case "rich_text_input": return rich(node.querySelector("textarea").value);
  }
  return node.querySelector("select, input, textarea").value;
}

const seconds = (local) => (local ? String(Math.floor(Date.parse(`${local}Z`) / 1000)) : "");

function rich(text) {
  if (!text) return null;
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}
