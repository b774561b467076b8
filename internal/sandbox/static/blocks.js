// Block Kit as elements. A place says where the blocks stand: what Slack looks like
// to this person (slack), and what happens when something is pressed (press).

import { h } from "./dom.js";
import { address, richText, textObject } from "./words.js";
import { field } from "./fields.js";

const unknownImage = "An image; the sandbox shows its text only";

/* blocks renders a list of blocks. */
export function blocks(list, place) {
  return (list ?? []).map((block, i) => render(block, { ...place, block }, block.block_id ?? `#${i}`));
}

function render(block, place, key) {
  const { slack } = place;
  switch (block.type) {
    case "header":
      return h("h4", { key, class: "bk-header" }, textObject(block.text, slack));
    case "section":
      return section(block, place, key);
    case "rich_text":
      return h("div", { key, class: "bk-rich" }, richText(block, slack));
    case "context":
      return h("div", { key, class: "bk-context" }, block.elements.map((e) => (e.type === "image" ? h("span", null, `[${e.alt_text}] `) : h("span", null, textObject(e, slack)))));
    case "actions":
      return h("div", { key, class: "bk-actions" }, block.elements.map((e) => element(e, place)));
    case "divider":
      return h("hr", { key, class: "bk-divider" });
    case "image":
      return h("figure", { key, class: "bk-image" }, h("p", null, block.alt_text), h("figcaption", null, block.title?.text || unknownImage));
    case "table":
    case "data_table":
      return table(block, place, key);
    case "input":
      return field(block, place, key);
    case "markdown":
      return h("div", { key, class: "bk-section" }, textObject({ type: "mrkdwn", text: block.text }, slack));
    default:
      return h("p", { key, class: "bk-context" }, `A block of type ${block.type}, which the sandbox does not show.`);
  }
}

function section(block, place, key) {
  const side = block.accessory && element(block.accessory, place);
  return h("div", { key, class: side ? "bk-side" : "bk-plain" },
    h("div", null,
      block.text && h("div", { class: "bk-section" }, textObject(block.text, place.slack)),
      block.fields && h("div", { class: "bk-fields" }, block.fields.map((f) => h("div", null, textObject(f, place.slack))))),
    side && h("div", { class: "bk-actions" }, side));
}

function table(block, place, key) {
  const cell = (c) => (c.type === "rich_text" ? richText(c, place.slack) : c.text ?? String(c.value ?? ""));
  const [head, ...rows] = block.rows;
  const names = head.map((c) => c.text ?? "");
  return h("table", { key, class: "bk-table" },
    block.caption && h("caption", null, block.caption),
    h("thead", null, h("tr", null, head.map((c) => h("th", { scope: "col" }, cell(c))))),
    h("tbody", null, rows.map((row) => h("tr", null, row.map((c, i) => h("td", { "data-name": names[i] }, cell(c)))))));
}

/* element renders what stands in actions or beside a section. */
function element(e, place) {
  switch (e.type) {
    case "button":
      return button(e, place);
    case "overflow":
      return overflow(e, place);
    case "image":
      return h("p", { class: "bk-context" }, e.alt_text);
    default:
      return field({ ...place.block, type: "actions", element: e }, place, e.action_id);
  }
}

function button(e, place) {
  const style = e.style === "primary" ? " sb-primary" : e.style === "danger" ? " sb-danger" : "";
  const href = e.url && address(e.url);
  const press = () => place.press(place.block, e, "");
  const shared = { key: e.action_id + (e.value ?? ""), class: "sb" + style, "aria-label": e.accessibility_label, "data-action": e.action_id, on: { click: press } };
  if (href) return h("a", { ...shared, href, target: "_blank", rel: "noopener noreferrer" }, e.text.text);
  return h("button", { ...shared, type: "button" }, e.text.text);
}

function overflow(e, place) {
  const closed = (event) => {
    const menu = event.target.closest("details");
    menu.open = false;
    menu.firstElementChild.focus();
  };
  const item = (o) => h("li", null, h("button", { class: "sb", type: "button", on: { click: (event) => { closed(event); place.press(place.block, e, o.value); } } },
    o.text.text, o.description && h("span", { class: "faint" }, o.description.text)));
  return h("details", { key: e.action_id, class: "bk-more", on: { keydown: (event) => event.key === "Escape" && closed(event) } },
    h("summary", { class: "sb" }, "More"), h("ul", null, e.options.map(item)));
}
