// The page: it reads the state, shows it, and does what the reader asks for. What
// is shown follows from the state and from the few things that are kept here.

import { post, readState, watch } from "./api.js";
import { Changes } from "./changes.js";
import * as chat from "./chat.js";
import { Modals, ask } from "./dialogs.js";
import * as exists from "./exists.js";
import * as frame from "./frame.js";
import { tabs } from "./tabs.js";
import * as tries from "./tries.js";
import { flat } from "./words.js";

const id = (name) => document.getElementById(name);
const store = { get as() { return sessionStorage.getItem("as") ?? ""; }, set as(v) { sessionStorage.setItem("as", v); } };

const page = {
  as: store.as, state: null, slack: null, changes: null, step: 1,
  echoes: [], rooms: {}, marks: {}, opened: new Map(), only: false, used: null, attacked: null,
  busy: "", failure: "", lost: false,

  room: (as) => page.rooms[as],
  seen: (as, room) => page.marks[`${as}/${room}`] ?? page.openedAt,
  docId: (key) => `doc-${key.replace(/[^\w]+/g, "-")}`,
  toggle: (key) => { if (!page.opened.delete(key)) page.opened.set(key, 0); page.render(); },
  open: (key, tab) => { page.opened.set(key, tab); page.render(); },
  fail: (error) => { page.failure = error ? sentence(error.message) : ""; page.render(); },

  /* look notes that a room was read up to its end. */
  look(room) {
    const last = room.messages.reduce((ts, m) => (m.ts > ts ? m.ts : ts), page.openedAt);
    const before = page.seen(page.state.as, room.id);
    if (last > before) page.fresh = room.messages.filter((m) => m.ts > before);
    page.marks[`${page.state.as}/${room.id}`] = last;
  },

  render() {
    if (!page.state) return;
    const focused = document.activeElement;
    const home = focused?.closest?.("[tabindex='-1']") ?? focused?.closest?.("section");
    page.fresh = null;
    frame.show(page.state, page);
    chat.show(page.state, page);
    exists.show(page.state, page);
    tries.show(page);
    modals.show(page.state, page.slack);
    panes.news(page.changes.tally());
    if (focused && !focused.isConnected && document.activeElement === document.body && home?.isConnected) home.focus({ preventScroll: true });
    if (page.fresh) arrived(page.fresh);
  },

  async refresh() {
    if (reading) return (again = again ?? reading.then(() => { again = null; return page.refresh(); }));
    reading = read();
    await reading.finally(() => (reading = null));
  },

  async be(as) {
    page.as = store.as = as;
    page.failure = "";
    await page.refresh();
  },

  async enter(room) {
    page.rooms[page.state.as] = room;
    page.render();
    toLast();
    if (room === "home") await attempt(() => post("/api/slack/home", { As: page.state.as }));
  },

  async press(room, ts, block, e, value) {
    if (e.confirm && !(await ask(e.confirm))) return;
    page.follow = true;
    await attempt(() => post("/api/slack/press", { As: page.state.as, Channel: room, TS: ts, Block: block.block_id, Action: e.action_id, Value: value }));
  },

  async pressInView(view, block, e, value) {
    if (e.confirm && !(await ask(e.confirm))) return;
    await attempt(() => post("/api/slack/press-in-view", { As: page.state.as, View: view, Block: block.block_id, Action: e.action_id, Value: value }));
  },

  async copy(text, name) {
    try {
      await navigator.clipboard.writeText(text);
      toast(`Copied: ${name}`);
    } catch {
      page.fail(new Error("This browser does not let the page copy. Select the lines and copy them yourself."));
    }
  },

  drift: () => page.command(page.state.people[0].id, "drift"),

  async go(journey) {
    if (page.busy) return;
    switch (journey.do) {
      case "show": return card(journey);
      case "use": return trial("used", "/api/use", journey.federation, "Running the pipeline with the new connection. That takes a moment.");
      case "attack": return trial("attacked", "/api/attack", journey.federation, "Trying to get in from next door, with five kinds of token.");
      case "start": return attempt(() => post("/api/fedbot", { Run: true }));
      default: return page.command(journey.as || page.state.as, journey.command ?? "");
    }
  },

  /* command types a command as somebody and sends it. */
  async command(as, text) {
    panes.show("slack");
    if (as !== page.state.as) await page.be(as);
    const channel = page.state.slack.channels.find((c) => c.kind === "channel") ?? page.state.slack.channels[0];
    page.enter(channel.id);
    id("cmd").value = `/federate ${text}`;
    await send();
  },
};

const modals = new Modals(page);
const panes = tabs();
let reading = null;
let again = null;

async function read() {
  try {
    const state = await readState(page.as);
    take(state);
  } catch {
    page.lost = true;
  }
  page.render();
}

function take(state) {
  state.federations ??= [];
  state.news ??= [];
  page.lost = false;
  page.state = state;
  page.step = state.journey.step || page.step;
  const now = Date.parse(state.clock);
  page.slack = { people: state.slack.people, groups: state.slack.groups, channels: state.slack.channels, zone: state.slack.me.tz || "UTC", now };
  page.openedAt ??= String(now / 1000);
  if (page.changes) page.changes.compare(exists.objectsOf(state), now);
  else page.changes = new Changes(exists.objectsOf(state), now);
}

/* attempt does something and shows what came of it; an error is a sentence. */
async function attempt(what) {
  page.failure = "";
  try {
    await what();
  } catch (error) {
    page.failure = sentence(error.message);
  }
  await page.refresh();
}

function sentence(text) {
  const said = text.trim();
  return said[0].toUpperCase() + said.slice(1) + (/[.!?]$/.test(said) ? "" : ".");
}

/* arrived leads to the first line of a message that has just come, if the reader was at the end. */
function arrived(fresh) {
  const last = fresh.findLast((m) => !m.thread_ts || m.thread_ts === m.ts) ?? fresh.at(-1);
  const top = last.thread_ts ?? last.ts;
  if (page.follow) chat.lead(top);
  id("said").textContent = `${last.ephemeral ? "Only visible to you: " : "fedbot: "}${flat(last.text)}`;
}

function toLast() {
  const log = id("log");
  const all = log.querySelectorAll("[data-ts]");
  if (all.length) chat.lead(all[all.length - 1].dataset.ts);
  page.follow = true;
}

async function card(journey) {
  panes.show("slack");
  if (journey.as && journey.as !== page.state.as) await page.be(journey.as);
  const found = chat.cardOf(page.state, journey.federation);
  if (!found) return;
  page.enter(found.room);
  const node = chat.lead(found.ts);
  node?.focus({ preventScroll: id("log").scrollHeight > id("log").clientHeight });
}

async function trial(name, path, federation, words) {
  page.busy = words;
  page.render();
  await attempt(async () => {
    page[name] = await post(path, { Federation: federation });
    id("said").textContent = name === "used" ? "The run has ended; its results stand under What exists." : "The attack has ended; its results stand under What exists.";
  });
  page.busy = "";
  page.render();
  panes.show("exists");
  id("exists-in").scrollTop = 0;
}

async function send() {
  const input = id("cmd");
  const typed = input.value.trim().replace(/\n/g, " ");
  const rest = /^\/federate(?:\s+|$)/.test(typed) ? typed.replace(/^\/federate\s*/, "") : typed;
  const room = page.rooms[page.state.as] ?? page.state.slack.channels[0].id;
  const who = page.state.people.find((p) => p.id === page.state.as).name;
  const echo = { as: page.state.as, room, who, ts: (page.slack.now / 1000).toFixed(6), typed: `/federate ${rest}`.trim() };
  page.echoes.push(echo);
  input.value = "";
  page.render();
  toLast();
  if (typed.startsWith("/") && rest === typed) echo.failed = `${typed.split(" ")[0]} is not a command here. There is one: /federate.`;
  else {
    try {
      await post("/api/slack/command", { As: echo.as, Channel: room, Text: rest });
    } catch (error) {
      echo.failed = page.state.running ? sentence(error.message) : "fedbot is stopped, because you stopped it: nobody took this command.";
    }
  }
  await page.refresh();
}

function toast(words) {
  const node = id("toast");
  node.textContent = words;
  node.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { node.hidden = true; }, 6000);
}

function wire() {
  id("say").addEventListener("submit", (event) => { event.preventDefault(); send(); });
  id("cmd").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  });
  for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) { // the reader scrolls: lead nowhere until they are at the end
    id("log").addEventListener(kind, () => { page.follow = false; setTimeout(() => { page.follow ||= chat.atEnd(); }, 300); }, { passive: true });
  }
  id("who-small").addEventListener("change", (event) => page.be(event.target.value));
  id("room-small").addEventListener("change", (event) => page.enter(event.target.value));
  id("only").addEventListener("click", () => { page.only = !page.only; page.render(); });
  for (const button of document.querySelectorAll("[data-hours]")) {
    button.addEventListener("click", () => attempt(() => post("/api/clock", { Hours: Number(button.dataset.hours) })));
  }
  for (const select of document.querySelectorAll("[data-system]")) {
    const system = select.dataset.system;
    const call = document.querySelector(`[data-call-of="${system}"]`);
    const turn = (one) => attempt(() => post("/api/trouble", { System: system, Kind: select.value, Call: one }));
    select.addEventListener("change", () => turn("*"));
    call.addEventListener("change", () => turn(call.value));
  }
  id("over").addEventListener("click", startOver);
  id("kill").addEventListener("click", () => power(false));
  id("start").addEventListener("click", () => power(true));
}

/* startOver forgets everything; the page begins again when the sandbox answers again. */
async function startOver() {
  const say = (text) => ({ text });
  const sure = await ask({ title: say("Start over?"), text: say("Everything in this sandbox goes: federations, messages, roles, connections. It begins as it was at first."), confirm: say("Start over"), deny: say("Go on here"), style: "danger" });
  if (!sure) return;
  await attempt(() => post("/api/over", {}));
  if (page.failure) return;
  sessionStorage.clear();
  page.busy = "The sandbox starts over. That takes a moment.";
  page.render();
  const first = (state) => state.aws.accounts[0]?.roles[0]?.id;
  const before = first(page.state);
  const look = setInterval(async () => {
    const state = await readState("").catch(() => null);
    const made = state && first(state) !== before && state.federations?.length && state.federations.every((f) => f.state === "active");
    if (made) { clearInterval(look); location.reload(); }
  }, 300);
}

function power(run) {
  if (page.state.running === run) id("said").textContent = id("runs").textContent;
  else attempt(() => post("/api/fedbot", { Run: run }));
}

wire();
await page.refresh();
toLast();
watch(() => page.refresh(), (lost) => { if (lost !== page.lost) { page.lost = lost; page.render(); } });
setInterval(() => { if (!document.hidden) page.refresh(); }, 2000); // the clock, and what no event tells
