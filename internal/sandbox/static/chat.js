// The left pane: Slack as one person sees it.

import { h, fill } from "./dom.js";
import { blocks } from "./blocks.js";
import { flat, hm, mrkdwn, say } from "./words.js";

const id = (name) => document.getElementById(name);
const millis = (ts) => Number(ts) * 1000;

/* rooms are the conversations that a person has, and the app's home tab. */
export function roomsOf(state) {
  const rooms = state.slack.channels.map((c) => ({ ...c, label: c.kind === "direct" ? c.name : `# ${c.name}` }));
  if (!rooms.length) rooms.push({ id: "none", kind: "none", name: "", label: "no channel", messages: [] });
  rooms.push({ id: "home", kind: "home", name: "home", label: "fedbot's home tab", messages: [] });
  return rooms;
}

/* show brings the whole pane up to date. page has room, echoes, seen and what to do. */
export function show(state, page) {
  const rooms = roomsOf(state);
  const room = rooms.find((r) => r.id === page.room(state.as)) ?? rooms[0];
  page.look(room);
  people(state, page);
  fill(id("rooms"), rail(state, rooms, room, page));
  const direct = room.kind === "direct" || room.kind === "home";
  id("room-name").textContent = direct ? `${room.label}, with you only` : room.label;
  fill(id("room-small"), rooms.map((r) => h("option", { key: r.id, value: r.id }, r.label + news(state, r, page))));
  id("room-small").value = room.id;
  const me = state.people.find((p) => p.id === state.as);
  id("cmd-label").textContent = `Command, as ${me.name}, to ${room.label}`;
  id("log").setAttribute("aria-label", `Messages in ${room.label}`);
  fill(id("log"), room.kind === "home" ? home(state, page) : log(state, room, page));
}

function people(state, page) {
  const one = (p) => h("label", { key: p.id },
    h("input", { type: "radio", name: "who", value: p.id, data: { checked: p.id === state.as }, on: { change: () => page.be(p.id) } }),
    h("b", null, p.name), h("span", null, p.says));
  fill(id("people"), h("legend", null, "You are"), state.people.map(one));
  fill(id("who-small"), state.people.map((p) => h("option", { key: p.id, value: p.id }, `${p.name}, ${p.says}`)));
  id("who-small").value = state.as;
}

function rail(state, rooms, room, page) {
  const one = (r) => h("button", { key: r.id, type: "button", "aria-current": r.id === room.id ? "page" : undefined, on: { click: () => page.enter(r.id) } },
    r.label, h("span", { class: "n" }, news(state, r, page).replace(", ", "")));
  const channels = rooms.filter((r) => r.kind !== "direct" && r.kind !== "home");
  const others = rooms.filter((r) => r.kind === "direct" || r.kind === "home");
  return [channels.length > 0 && [h("h3", { key: "c" }, "Channels"), channels.map(one)], others.length > 0 && [h("h3", { key: "d" }, "Direct messages"), others.map(one)]];
}

function news(state, room, page) {
  const seen = page.seen(state.as, room.id);
  const n = room.messages.filter((m) => m.ts > seen).length;
  return n ? `, ${n} new` : "";
}

function home(state, page) {
  if (!state.slack.home) return h("li", { class: "empty" }, "fedbot has shown nothing here. It may be stopped, or this person may have no home tab.");
  const place = { slack: page.slack, id: "home", held: state.slack.home.state, press: (block, e, value) => page.pressInView(state.slack.home.id, block, e, value) };
  return h("li", { class: "home bk" }, blocks(state.slack.home.blocks, place));
}

function log(state, room, page) {
  const echoes = page.echoes.filter((e) => e.as === state.as && e.room === room.id);
  const tops = room.messages.filter((m) => !m.thread_ts || m.thread_ts === m.ts || m.reply_broadcast || !room.messages.some((t) => t.ts === m.thread_ts));
  const all = [...tops, ...echoes].sort((a, b) => Number(a.ts) - Number(b.ts));
  if (!all.length) return h("li", { class: "empty" }, room.kind === "direct" ? "No messages yet." : "No messages yet. Ask for a federation below; the card for those who decide appears here.");
  let before = "";
  return all.map((m) => {
    const day = say(millis(m.ts), { weekday: "long", day: "numeric", month: "long" }, page.slack.zone);
    const today = day === say(page.slack.now, { weekday: "long", day: "numeric", month: "long" }, page.slack.zone);
    const line = day === before ? null : h("li", { key: `day ${day}`, class: "day" }, h("span", null, today ? `Today, ${day}` : day));
    before = day;
    return [line, m.typed === undefined ? message(m, room, page) : echo(m, page)];
  });
}

function echo(m, page) {
  return h("li", { key: `echo ${m.ts}`, class: "msg msg-eph", "data-ts": m.ts },
    h("span", { class: "face face-you", "aria-hidden": "true" }, m.who[0]),
    h("div", { class: "msg-in" },
      h("p", { class: "only" }, "Only visible to you"),
      h("p", { class: "by" }, h("b", null, m.who), h("span", null, "typed"), time(m.ts, page)),
      h("p", { class: "typed" }, h("code", null, m.typed)),
      m.failed && h("p", { class: "f-error" }, m.failed)));
}

function mark() {
  return h("svg", { width: 22, height: 14, viewBox: "0 0 26 16", fill: "none", stroke: "currentColor", "stroke-width": 2 },
    h("rect", { x: 1, y: 2.5, width: 11, height: 11, rx: 2.5 }), h("circle", { cx: 18.5, cy: 8, r: 6 }), h("path", { d: "M8 8h10.5", "stroke-linecap": "round" }));
}

const time = (ts, page) => h("time", { datetime: new Date(millis(ts)).toISOString() }, hm(millis(ts), page.slack.zone));

function message(m, room, page) {
  const replies = room.messages.filter((r) => r.thread_ts === m.ts && r.ts !== m.ts);
  const body = m.deleted ? h("p", { class: "faint" }, m.text) : content(m, room, page);
  return h("li", { key: m.ts, class: "msg" + (m.ephemeral ? " msg-eph" : ""), id: `m-${room.id}-${m.ts}`, tabindex: -1, "data-ts": m.ts },
    h("span", { class: "face", "aria-hidden": "true" }, mark()),
    h("div", { class: "msg-in" },
      m.ephemeral && h("p", { class: "only" }, "Only visible to you"),
      h("p", { class: "by" }, h("b", null, "fedbot"), h("span", { class: "app" }, "APP"), time(m.ts, page), m.edited && h("span", { class: "faint" }, "edited ", hm(millis(m.edited), page.slack.zone))),
      body, thread(m, replies, room, page)));
}

function content(m, room, page) {
  const place = { slack: page.slack, id: m.ts, press: (block, e, value) => page.press(room.id, m.ts, block, e, value) };
  const attached = (m.attachments ?? []).map((a) => (a.blocks ? blocks(a.blocks, place) : h("p", { class: "bk-quote" }, mrkdwn(a.text ?? a.fallback ?? "", page.slack))));
  return h("article", { class: "bk", "aria-label": flat(m.text) },
    m.blocks ? blocks(m.blocks, place) : h("div", { class: "bk-section" }, mrkdwn(m.text, page.slack)),
    attached, (m.files ?? []).map(file));
}

function file(f) {
  return h("p", { class: "bk-file" }, h("b", null, f.title || f.name), h("span", { class: "faint" }, ` ${f.name}, ${size(f.size)}`), f.alt_txt && h("span", null, ` ${f.alt_txt}`));
}

const size = (n) => (n < 1024 ? `${n} bytes` : `${Math.round(n / 1024)} kB`);

function thread(m, replies, room, page) {
  if (!replies.length) return null;
  const last = hm(millis(replies.at(-1).ts), page.slack.zone);
  const words = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}, last at ${last}`;
  return h("details", { class: "thread", data: { open: replies.length <= 3 } },
    h("summary", null, words),
    h("ol", null, replies.map((r) => h("li", { key: r.ts }, time(r.ts, page),
      h("div", null, r.ephemeral && h("span", { class: "only" }, "Only visible to you "), content(r, room, page))))));
}

/* lead scrolls a message to where it can be read from its first line. */
export function lead(ts) {
  const log = id("log");
  const node = [...log.querySelectorAll("[data-ts]")].find((n) => n.dataset.ts === ts);
  if (!node) return null;
  if (log.scrollHeight > log.clientHeight) log.scrollTop += node.getBoundingClientRect().top - log.getBoundingClientRect().top - 8;
  return node;
}

/* atEnd says whether the reader is at the end of the log. */
export function atEnd() {
  const log = id("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 60;
}

/* cardOf finds the youngest message that speaks of a federation and can be pressed. */
export function cardOf(state, federation) {
  const name = new RegExp(`\\b${federation}\\b(?![0-9])`);
  let best = null;
  for (const room of state.slack.channels) {
    for (const m of room.messages) {
      const fits = !m.ephemeral && !m.deleted && (!m.thread_ts || m.thread_ts === m.ts) && name.test(m.text + JSON.stringify(m.blocks ?? ""));
      const weight = (JSON.stringify(m.blocks ?? "").includes("request_approve") ? 1e12 : 0) + Number(m.ts);
      if (fits && (!best || weight > best.weight)) best = { room: room.id, ts: m.ts, weight };
    }
  }
  return best;
}
