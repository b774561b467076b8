// Slack's text as elements: mrkdwn, rich text, dates, mentions. The same rules as
// Slack's; whatever is not understood is shown as it was written.

import { h, lines } from "./dom.js";

const entities = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

function plain(text) {
  return text.replace(/&(?:lt|gt|amp);/g, (e) => entities[e]);
}

/* address returns an http or https address, or null: nothing else is ever linked. */
export function address(url) {
  try {
    const parsed = new URL(url);
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}

function link(url, label) {
  const href = address(url);
  if (!href) return label;
  return h("a", { class: "bk-link", href, target: "_blank", rel: "noopener noreferrer" }, label);
}

/* textObject renders Slack's text object. */
export function textObject(text, slack) {
  if (!text) return [];
  return text.type === "mrkdwn" ? mrkdwn(text.text, slack) : lines(text.text.split("\n"));
}

/* mrkdwn renders Slack's markup. */
export function mrkdwn(text, slack) {
  const out = [];
  let list = null;
  for (const [i, part] of text.split(/(```[\s\S]*?```)/).entries()) {
    if (i % 2) {
      out.push(h("pre", { class: "bk-pre" }, plain(part.slice(3, -3).replace(/^\n|\n$/g, ""))));
      continue;
    }
    const rows = part.replace(i ? /^\n/ : "", "").split("\n");
    for (const [n, row] of rows.entries()) {
      const item = /^\s*[•-] (.*)$/.exec(row);
      const quoted = /^&gt; ?(.*)$/.exec(row);
      if (item) {
        if (!list) out.push((list = h("ul", { class: "bk-list" })));
        list.append(h("li", null, inline(item[1], slack)));
        continue;
      }
      if (quoted) out.push(h("blockquote", { class: "bk-quote" }, inline(quoted[1], slack)));
      else {
        if (n > 0 && !list) out.push(h("br"));
        out.push(...inline(row, slack));
      }
      list = null;
    }
  }
  return out;
}

const mark = /`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?! )([^*\n]+?)(?<! )\*(?![\w*])|(?<![\w_])_(?! )([^_\n]+?)(?<! )_(?![\w_])|(?<![\w~])~(?! )([^~\n]+?)(?<! )~(?![\w~])/g;

function inline(text, slack) {
  const out = [];
  let from = 0;
  for (const m of text.matchAll(mark)) {
    out.push(plain(text.slice(from, m.index)));
    from = m.index + m[0].length;
    if (m[1] !== undefined) out.push(h("code", { class: "bk-code" }, plain(m[1])));
    else if (m[2] !== undefined) out.push(token(m[2], slack));
    else if (m[3] !== undefined) out.push(h("b", null, inline(m[3], slack)));
    else if (m[4] !== undefined) out.push(h("i", null, inline(m[4], slack)));
    else out.push(h("s", null, inline(m[5], slack)));
  }
  out.push(plain(text.slice(from)));
  return out;
}

function at(name) {
  return h("span", { class: "at" }, name);
}

function token(inside, slack) {
  const bar = inside.indexOf("|");
  const [what, label] = bar < 0 ? [inside, ""] : [inside.slice(0, bar), plain(inside.slice(bar + 1))];
  if (what.startsWith("@")) return at("@" + personName(what.slice(1), slack));
  if (what.startsWith("#")) return at("#" + channelName(what.slice(1), label, slack));
  if (what.startsWith("!subteam^")) return at("@" + groupName(what.slice(9), slack));
  if (what.startsWith("!date^")) return date(what.slice(6), label, slack);
  if (what.startsWith("!")) return at("@" + (label || what.slice(1)));
  return link(plain(what), label || plain(what).replace(/^mailto:/, ""));
}

function personName(id, slack) {
  return slack.people.find((p) => p.id === id)?.name ?? id;
}

function groupName(id, slack) {
  return (slack.groups.find((g) => g.id === id)?.handle ?? id).replace(/^@/, "");
}

function channelName(id, label, slack) {
  return slack.channels.find((c) => c.id === id)?.name || label || id;
}

function date(rest, fallback, slack) {
  const [seconds, format = "", url = ""] = rest.split("^");
  const when = Number(seconds);
  if (!Number.isFinite(when) || !format) return fallback;
  const say = sayDate(when * 1000, format, slack);
  return h("time", { datetime: new Date(when * 1000).toISOString() }, url ? link(url, say) : say);
}

const day = 24 * 3600e3;
const forms = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date_slash: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { year: "numeric", month: "long", day: "numeric", weekday: "long" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

/* sayDate fills Slack's date format in the reader's zone. */
function sayDate(ms, format, slack) {
  return format.replace(/\{(\w+)\}/g, (whole, name) => {
    const pretty = /^(?:date|date_short|date_long|day_divider)_pretty$/.test(name);
    const near = pretty ? relative(ms, slack) : "";
    if (near) return near;
    const form = forms[name.replace(/^day_divider_pretty$/, "date_long").replace(/_pretty$/, "")];
    return form ? say(ms, form, slack.zone) : whole;
  });
}

function relative(ms, slack) {
  const name = (t) => say(t, forms.date_num, slack.zone);
  for (const [word, off] of [["today", 0], ["yesterday", -day], ["tomorrow", day]]) {
    if (name(ms) === name(slack.now + off)) return word;
  }
  return "";
}

/* say prints a moment in a zone, as people there do. */
export function say(ms, form, zone) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...form }).format(ms);
}

const clockForm = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
export const hm = (ms, zone) => say(ms, forms.time, zone);
export const hms = (ms, zone) => say(ms, clockForm, zone);

/* richText renders a rich_text block. */
export function richText(block, slack) {
  return (block.elements ?? []).map((part) => richPart(part, slack));
}

function richPart(part, slack) {
  const inside = () => (part.elements ?? []).map((e) => richInline(e, slack));
  switch (part.type) {
    case "rich_text_quote":
      return h("blockquote", { class: "bk-quote" }, inside());
    case "rich_text_preformatted":
      return h("pre", { class: "bk-pre", tabindex: 0 }, (part.elements ?? []).map((e) => e.text ?? e.url ?? ""));
    case "rich_text_list": {
      const items = (part.elements ?? []).map((item) => h("li", null, richPart(item, slack)));
      return part.style === "ordered" ? h("ol", { class: "bk-list bk-numbers", start: (part.offset ?? 0) + 1 }, items) : h("ul", { class: "bk-list" }, items);
    }
    default:
      return h("p", { class: "bk-section" }, inside());
  }
}

function richInline(e, slack) {
  let out;
  switch (e.type) {
    case "text": out = lines(e.text.split("\n")); break;
    case "link": out = link(e.url, e.text || e.url); break;
    case "user": out = at("@" + personName(e.user_id, slack)); break;
    case "usergroup": out = at("@" + groupName(e.usergroup_id, slack)); break;
    case "channel": out = at("#" + channelName(e.channel_id, "", slack)); break;
    case "broadcast": out = at("@" + e.range); break;
    case "date": out = date(`${e.timestamp}^${e.format}^${e.url ?? ""}`, e.fallback ?? "", slack); break;
    case "emoji": out = `:${e.name}:`; break;
    default: out = e.text ?? e.value ?? "";
  }
  if (e.style?.code) out = h("code", { class: "bk-code" }, out);
  if (e.style?.bold) out = h("b", null, out);
  if (e.style?.italic) out = h("i", null, out);
  if (e.style?.strike) out = h("s", null, out);
  return out;
}

/* flat is the first words of a text, for announcements and labels. */
export function flat(text) {
  const first = text.split("\n").find((row) => row.trim()) ?? "";
  return plain(first.replace(/<!date\^[^|>]*\|([^>]*)>/g, "$1").replace(/[*`]/g, ""));
}
