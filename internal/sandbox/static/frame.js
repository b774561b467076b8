// The frame around the panes: the tour, the clock, the next step, what just
// happened, trouble.

import { h, fill } from "./dom.js";
import { hms, say } from "./words.js";

const id = (name) => document.getElementById(name);
const steps = ["Ask", "Approve", "Proof", "Use", "Attack"];

/* show brings the frame up to date. */
export function show(state, page) {
  tour(state.journey.step || page.step || 1);
  clock(state, page);
  next(state.journey, page);
  notice(page);
  news(state, page);
  trouble(state);
  power(state);
}

function tour(now) {
  const one = (name, i) => {
    const done = i + 1 < now;
    const here = i + 1 === now;
    return h("li", { class: done ? "is-done" : here ? "is-now" : "", "aria-current": here ? "step" : undefined },
      h("span", { class: "n" }, i + 1), " ", name, " ", done ? h("em", null, "done") : here ? h("em", null, "now") : null);
  };
  fill(id("steps"), steps.map(one));
  document.title = now > steps.length ? "fedbot sandbox" : `Step ${now} of ${steps.length}, ${steps[now - 1]}: fedbot sandbox`;
}

function clock(state, page) {
  const form = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  const time = id("clock");
  time.dateTime = state.clock;
  time.textContent = say(page.slack.now, form, page.slack.zone).replace(/,/g, "");
}

function next(journey, page) {
  const words = page.busy || journey.say;
  if (id("next-say").textContent !== words) id("next-say").textContent = words;
  fill(id("next-do"), journey.do && h("button", { class: "btn btn-primary", type: "button", "aria-disabled": page.busy ? "true" : undefined, on: { click: () => page.go(journey) } }, journey.label));
}

function notice(page) {
  const words = page.lost ? "The sandbox does not answer. It may have been stopped; this page goes on when it is back." : page.failure;
  fill(id("notice"), words && h("div", { class: "notice notice-bad" },
    h("svg", { width: 18, height: 18, viewBox: "0 0 18 18", fill: "none", stroke: "currentColor", "stroke-width": 1.5, "aria-hidden": "true" },
      h("path", { d: "M9 2.5 16.5 15.5h-15z", "stroke-linejoin": "round" }), h("path", { d: "M9 7.5v3.5M9 13v.5", "stroke-linecap": "round" })),
    h("div", { class: "notice-in" }, h("p", null, h("b", { class: "verdict" }, page.lost ? "No answer. " : "Not done. "), words),
      !page.lost && h("button", { class: "btn", type: "button", on: { click: () => page.fail(null) } }, "Close"))));
}

function news(state, page) {
  const at = (n) => hms(Date.parse(n.at), page.slack.zone);
  fill(id("news"), state.news.map((n, i) => h("li", { key: `${n.at} ${n.say} ${state.news.slice(i + 1).filter((m) => m.at === n.at && m.say === n.say).length}` },
    h("time", { datetime: n.at }, at(n)), " ", h("span", null, n.say))));
}

/* trouble shows what each system is told to do and, where that is not "as usual",
   for which of its calls. */
function trouble(state) {
  for (const select of document.querySelectorAll("[data-system]")) {
    const { kind, call = "*", calls = [] } = state.trouble[select.dataset.system] ?? { kind: "" };
    if (document.activeElement !== select && select.value !== kind) select.value = kind;
    const which = document.querySelector(`[data-call-of="${select.dataset.system}"]`);
    which.closest("label").hidden = kind === "" || kind === "other";
    if (document.activeElement === which) continue;
    const names = [...new Set([...calls, call])].filter((name) => name !== "*").sort();
    fill(which, h("option", { value: "*" }, "every call"), names.map((name) => h("option", { value: name }, name)));
    which.value = call;
  }
}

function power(state) {
  const off = (button, reason) => {
    if (reason) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  };
  off(id("kill"), !state.running);
  off(id("start"), state.running);
  id("runs").textContent = state.running ? "fedbot is running" : "fedbot is stopped";
}
