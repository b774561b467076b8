// Slack's own @slack/socket-mode, unmodified: hello, pings, commands and submissions
// answered in the acknowledgement, events through a refresh, one envelope to one
// socket, the eleventh socket, and Socket Mode switched off.
'use strict';
const assert = require('node:assert/strict');
const { SocketModeClient, LogLevel } = require('@slack/socket-mode');
const { WebClient } = require('@slack/web-api');

const { SLACK_API, SLACK_CLIENT, SLACK_CONTROL, BOT_TOKEN, APP_TOKEN } = process.env;
const lines = [];
const logger = { debug: (m) => lines.push(String(m)), info() {}, warn: (m) => lines.push(String(m)), error: (m) => lines.push(String(m)),
  setLevel() {}, getLevel: () => LogLevel.DEBUG, setName() {} };
const web = new WebClient(BOT_TOKEN, { slackApiUrl: SLACK_API });
const client = (more) => new SocketModeClient({ appToken: APP_TOKEN, logger, clientPingTimeout: 600, serverPingTimeout: 5000,
  pingPongLoggingEnabled: true, clientOptions: { slackApiUrl: SLACK_API }, ...more });

async function act(name, body) {
  const r = await fetch(SLACK_CLIENT + name, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  return r.json();
}
async function put(settings) {
  const r = await fetch(SLACK_CONTROL, { method: 'PUT', body: JSON.stringify({ settings }) });
  assert.equal(r.status, 200, await r.text());
}
async function until(what, done) {
  for (let i = 0; i < 1000; i += 1) {
    if (await done()) return;
    await new Promise((r) => { setTimeout(r, 10); });
  }
  assert.fail(`it never came to this: ${what}\n${lines.slice(-20).join('\n')}`);
}
const called = (name) => console.log(`called ${name}`);
const command = (text) => act('command', { user: 'U0REQ', channel: 'C0001', text });
const plain = (text) => ({ type: 'plain_text', text });

const modal = { type: 'modal', title: plain('Ask'), submit: plain('Send'), blocks: [
  { type: 'input', block_id: 'why', label: plain('Why'), element: { type: 'plain_text_input', action_id: 'text' } },
  { type: 'input', block_id: 'where', optional: true, label: plain('Where'),
    element: { type: 'external_select', action_id: 'project', min_query_length: 1, placeholder: plain('Project') } }] };

function serve(c, seen) {
  c.on('slash_commands', async ({ ack, body, accepts_response_payload: answers }) => {
    seen.commands.push(body);
    assert.equal(answers, true);
    if (body.text === 'open') await web.views.open({ trigger_id: body.trigger_id, view: modal });
    if (body.text !== 'silent') await ack({ text: `you said ${body.text}`, response_type: 'ephemeral' });
  });
  c.on('interactive', async ({ ack, body, accepts_response_payload: answers }) => {
    seen.interactions.push(body);
    assert.equal(answers, body.type !== 'block_actions');
    if (body.type === 'block_suggestion') await ack({ options: [{ text: plain(`${body.value} shop`), value: 'shop' }] });
    else if (body.type === 'view_submission') {
      const why = body.view.state.values.why.text.value;
      await ack(why.length < 5 ? { response_action: 'errors', errors: { why: 'Say more.' } } : {});
    } else await ack();
  });
  c.on('app_home_opened', async ({ ack, body, retry_num: n, retry_reason: why }) => {
    seen.events.push({ id: body.event_id, user: body.event.user, n, why });
    await ack();
  });
}
const nothing = () => ({ commands: [], interactions: [], events: [] });

(async () => {
  assert.match((await command('nobody')).message, /dispatch_failed/);
  const c = client();
  const seen = nothing();
  serve(c, seen);
  await c.start();
  called('hello');

  const hello = await command('hello');
  assert.equal(hello.result.text, 'you said hello');
  assert.equal(seen.commands[0].command, '/federate');
  called('slash_commands');
  assert.match((await command('silent')).message, /operation_timeout/);
  assert.equal(seen.commands.length, 2, 'a command is not sent again');
  called('slash_commands:timeout');

  await command('open');
  const [view] = (await act('snapshot', { user: 'U0REQ' })).result.modals;
  const options = await act('options', { user: 'U0REQ', view_id: view.id, block_id: 'where', action_id: 'project', value: 'web' });
  assert.deepEqual(options.result.map((o) => [o.text, o.value]), [['web shop', 'shop']]);
  called('interactive:block_suggestion');
  const submit = (why) => act('submit', { user: 'U0REQ', view_id: view.id, state: { why: { text: why }, where: { project: 'shop' } } });
  assert.equal((await submit('no')).result.errors.why, 'Say more.');
  assert.equal((await submit('because of that')).result.action, 'close');
  assert.equal(seen.interactions.at(-1).view.state.values.where.project.selected_option.value, 'shop');
  called('interactive:view_submission');
  await web.chat.postMessage({ channel: 'C0001', text: 'card', blocks: [
    { type: 'actions', block_id: 'b', elements: [{ type: 'button', action_id: 'go', text: plain('Go'), value: '1' }] }] });
  const channels = (await act('snapshot', { user: 'U0APP' })).result.channels;
  const { ts } = channels.find((x) => x.id === 'C0001').messages.find((m) => m.text === 'card');
  assert.equal((await act('press', { user: 'U0APP', channel: 'C0001', ts, block_id: 'b', action_id: 'go' })).ok, true);
  assert.equal(seen.interactions.at(-1).user.id, 'U0APP');
  called('interactive:block_actions');

  assert.equal((await act('open_home', { user: 'U0REQ' })).ok, true);
  assert.deepEqual(seen.events.map((e) => [e.user, e.n]), [['U0REQ', 0]]);
  called('events_api');
  await until('pings', () => lines.filter((l) => l.includes('received ping from Slack server')).length > 1);
  called('ping');

  // The client leaves at the warning and comes back after a while. What happens in
  // between reaches it again, as a retry.
  await put({ disconnect: 'warning' });
  await until('the client left', () => lines.some((l) => l.includes('(warning)')));
  await act('open_home', { user: 'U0APP' });
  await until('the event came', () => seen.events.some((e) => e.user === 'U0APP'));
  const late = seen.events.filter((e) => e.user === 'U0APP');
  assert.equal(late.length, 1);
  assert.ok(late[0].n >= 1 && late[0].why !== '', JSON.stringify(late));
  assert.equal((await command('back')).result.text, 'you said back');
  called('disconnect:warning');

  const others = [];
  for (let i = 0; i < 9; i += 1) {
    const one = client({ autoReconnectEnabled: false });
    one.seen = nothing();
    serve(one, one.seen);
    await one.start();
    others.push(one);
  }
  const before = seen.commands.length;
  await Promise.all(Array.from({ length: 20 }, (_, i) => command(`to one ${i}`)));
  assert.deepEqual([seen.commands.length - before, ...others.map((o) => o.seen.commands.length)], Array(10).fill(2));
  called('one envelope to one socket');
  const eleventh = client({ autoReconnectEnabled: false });
  await assert.rejects(Promise.race([eleventh.start(), new Promise((_, no) => { eleventh.once('disconnected', () => no(new Error('disconnected'))); })]));
  assert.ok(lines.some((l) => l.includes('(too_many_websockets)')));
  called('disconnect:too_many_websockets');

  await put({ disconnect: 'refresh_requested' });
  await until('all left but the one that comes back', async () => (await command('again')).result?.text === 'you said again');
  assert.ok(lines.some((l) => l.includes('(refresh_requested)')));
  called('disconnect:refresh_requested');
  await c.disconnect();
  called('close');
  const last = client({ autoReconnectEnabled: false });
  await last.start();
  await put({ socket_mode: false });
  await until('link_disabled', () => lines.some((l) => l.includes('(link_disabled)')));
  called('disconnect:link_disabled');
  process.exit(0);
})().catch((e) => { console.error(e); console.error(lines.slice(-20).join('\n')); process.exit(1); });
