// Modals and questions. A dialog of the browser keeps the focus inside, and gives
// it back where it was.

import { h, fill } from "./dom.js";
import { post } from "./api.js";
import { blocks } from "./blocks.js";
import { collect } from "./fields.js";

/* ask shows a question with two answers and resolves to whether it was yes. */
export function ask(question) {
  const dialog = document.getElementById("question");
  return new Promise((resolve) => {
    const answer = (yes) => () => { dialog.close(yes ? "yes" : ""); };
    const danger = question.style === "danger" ? " sb-danger" : " sb-primary";
    fill(dialog,
      h("h2", { class: "modal-title", id: "question-h" }, question.title.text),
      h("p", { class: "modal-words" }, question.text.text),
      h("div", { class: "modal-foot" },
        h("button", { class: "sb", type: "button", on: { click: answer(false) } }, question.deny.text),
        h("button", { class: "sb" + danger, type: "button", on: { click: answer(true) } }, question.confirm.text)));
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

function notSent(wrong) {
  if (!wrong) return "";
  return `Not sent: ${wrong === 1 ? "one answer is" : `${wrong} answers are`} missing or not possible.`;
}

/* Modals shows the modal on top of a person's stack. */
export class Modals {
  constructor(page) {
    this.page = page; // render(), fail(error), refresh()
    this.dialog = document.getElementById("modal");
    this.errors = {};
    this.found = {};
    this.sending = "";
    this.line = Promise.resolve(); // what is entered reaches Slack in order
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.close(); });
  }

  /* show brings the dialog in line with what Slack holds. */
  show(state, slack) {
    const view = state.slack.modals.at(-1);
    this.as = state.as;
    if (!view) {
      this.view = null;
      if (this.dialog.open) this.dialog.close();
      fill(this.dialog);
      return;
    }
    const fresh = this.view?.id !== view.id;
    this.view = view;
    fill(this.dialog, this.form(view, slack, state.slack.modals.length));
    if (!this.dialog.open) this.dialog.showModal();
    const lost = !this.dialog.contains(document.activeElement) && !document.activeElement.closest("#question");
    if (fresh) this.dialog.querySelector(".modal-body").scrollTop = 0;
    // A form that opens before its fields are known gets the focus on its body, which
    // hands it on when the first field comes.
    const body = this.dialog.querySelector(".modal-body");
    const field = this.dialog.querySelector("select, input:not([type=hidden]), textarea");
    if (fresh || lost || this.bare && field && document.activeElement === body) (field ?? body).focus();
    this.bare = !field;
  }

  form(view, slack, depth) {
    const place = {
      slack, id: view.id, held: view.state, errors: this.errors[view.id],
      press: (block, e, value) => this.press(view, block, e, value),
      search: (block, e, typed) => this.search(view, block, e, typed),
      found: (block, e) => this.found[`${view.id}/${block.block_id}/${e.action_id}`],
    };
    const wrong = Object.keys(this.errors[view.id] ?? {}).length;
    const busy = this.sending === view.id;
    return h("form", { key: view.id, class: "modal", on: { submit: (event) => { event.preventDefault(); this.submit(view, event.target); } } },
      h("header", { class: "modal-head" }, h("span", { class: "app" }, "APP"), h("h2", { class: "modal-title", id: "modal-h" }, view.title || "fedbot"),
        depth > 1 && h("span", { class: "faint" }, `on top of ${depth - 1} more`)),
      h("div", { class: "modal-body bk", tabindex: 0, role: "group", "aria-labelledby": "modal-h" }, blocks(view.blocks, place)),
      h("div", { class: "modal-foot" },
        h("p", { class: "f-error", role: "status" }, this.page.failure || notSent(wrong)),
        h("button", { class: "sb", type: "button", on: { click: () => this.close() } }, view.close || "Close"),
        view.submit && h("button", { class: "sb sb-primary", type: "submit", "aria-disabled": busy ? "true" : undefined }, busy ? "Sending" : view.submit)));
  }

  async press(view, block, e, value) {
    if (e.confirm && !(await ask(e.confirm))) return;
    this.page.failure = "";
    const state = { As: this.as, View: view.id, Block: block.block_id, Action: e.action_id, Value: value };
    this.line = this.line.then(() => post("/api/slack/press-in-view", state)).catch((error) => this.page.fail(error));
    await this.line;
    this.page.refresh();
  }

  async search(view, block, e, typed) {
    const name = `${view.id}/${block.block_id}/${e.action_id}`;
    if (typed.length < (e.min_query_length ?? 3)) return;
    this.typed = typed;
    try {
      const found = await post("/api/slack/options", { As: this.as, View: view.id, Block: block.block_id, Action: e.action_id, Typed: typed });
      if (this.typed !== typed) return; // an answer to what was typed before
      this.found[name] = found ?? [];
    } catch (error) {
      this.page.fail(error);
    }
    this.page.render();
  }

  async submit(view, form) {
    if (this.sending) return;
    const answers = collect(form);
    this.sending = view.id;
    this.page.failure = "";
    this.page.render();
    try {
      await this.line;
      const result = await post("/api/slack/submit", { As: this.as, View: view.id, State: answers });
      this.errors[view.id] = result.action === "errors" ? result.errors : {};
    } catch (error) {
      this.page.fail(error);
    }
    this.sending = "";
    await this.page.refresh();
    this.dialog.querySelector(".is-wrong :is(input, select, textarea)")?.focus();
  }

  async close() {
    if (!this.view) return;
    this.page.failure = "";
    try {
      await post("/api/slack/close", { As: this.as, View: this.view.id });
    } catch (error) {
      this.page.fail(error);
    }
    this.page.refresh();
  }
}
