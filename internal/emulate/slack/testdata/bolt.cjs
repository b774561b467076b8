// A small app written with Slack's own @slack/bolt, unmodified, over HTTP or Socket
// Mode; people use it, and what they see is what it said.
'use strict';
const assert = require('node:assert/strict');
const { App, LogLevel } = require('@slack/bolt');

const { SLACK_API, SLACK_CLIENT, VERIFY, BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, PORT } = process.env;
const logger = { debug() {}, info() {}, warn() {}, error: (...m) => console.error(...m), setLevel() {}, getLevel: () => LogLevel.ERROR, setName() {} };
const clientOptions = { slackApiUrl: SLACK_API };
const app = new App(PORT
  ? { token: BOT_TOKEN, signingSecret: SIGNING_SECRET, clientOptions, logger }
  : { token: BOT_TOKEN, appToken: APP_TOKEN, socketMode: true, clientOptions, logger });

const way = PORT ? 'http' : 'socket';
const called = (name) => console.log(`called ${way}:${name}`);
const plain = (text) => ({ type: 'plain_text', text });
const card = (text) => [{ type: 'section', block_id: 'card', text: { type: 'mrkdwn', text } },
  { type: 'actions', block_id: 'decide', elements: [{ type: 'button', action_id: 'approve', text: plain('Approve'), value: 'F-1' }] }];

app.command('/federate', async ({ command, ack, client, respond }) => {
  if (command.text === 'help') { await ack({ response_type: 'in_channel', text: 'Ask away.' }); return; }
  if (command.text === 'text') { await ack('Just words.'); return; }
  await ack();
  if (command.text === 'later') { await respond({ text: 'Here it is.', response_type: 'ephemeral' }); return; }
  await client.views.open({ trigger_id: command.trigger_id, view: { type: 'modal', callback_id: 'ask', title: plain('Ask'), submit: plain('Send'),
    private_metadata: command.channel_id, blocks: [
      { type: 'input', block_id: 'why', label: plain('Why'), element: { type: 'plain_text_input', action_id: 'text' } },
      { type: 'input', block_id: 'where', label: plain('Project'), element: { type: 'external_select', action_id: 'project', min_query_length: 1 } },
      { type: 'actions', block_id: 'more', elements: [{ type: 'button', action_id: 'deeper', text: plain('More') }] }] } });
});
app.options('project', async ({ options, ack }) => {
  await ack({ options: ['Web Shop', 'Data Lake'].filter((n) => n.toLowerCase().includes(options.value)).map((n) => ({ text: plain(n), value: n })) });
});
app.action('deeper', async ({ ack, body, client }) => {
  await ack();
  await client.views.push({ trigger_id: body.trigger_id, view: { type: 'modal', callback_id: 'deep', notify_on_close: true, title: plain('Deeper'), blocks: [{ type: 'divider' }] } });
});
const closed = [];
app.view({ callback_id: 'deep', type: 'view_closed' }, async ({ ack, view }) => { await ack(); closed.push(view.id); });
app.view('ask', async ({ ack, view, client, body }) => {
  const { values } = view.state;
  if (values.why.text.value.length < 5) { await ack({ response_action: 'errors', errors: { why: 'Say more.' } }); return; }
  await ack();
  const project = values.where.project.selected_option.value;
  await client.chat.postMessage({ channel: view.private_metadata, text: 'A request', blocks: card(`<@${body.user.id}> asks for *${project}*`),
    metadata: { event_type: 'request', event_payload: { project } } });
});
app.action({ block_id: 'decide', action_id: 'approve' }, async ({ ack, body, client, respond }) => {
  await ack();
  if (body.user.id === 'U0REQ') { await respond({ text: 'Not your own.', response_type: 'ephemeral', replace_original: false }); return; }
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: 'Approved', blocks: [{ type: 'section', text: plain(`Approved by ${body.user.id}`) }] });
});
app.event('app_home_opened', async ({ event, client }) => {
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'header', text: plain('Yours') }] } });
});

async function act(name, body) {
  const r = await fetch(SLACK_CLIENT + name, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const answer = await r.json();
  assert.equal(answer.ok, true, `${name}: ${JSON.stringify(answer)}`);
  return answer.result;
}
const sees = async (user) => act('snapshot', { user });
const posts = async (user) => (await sees(user)).channels.find((c) => c.id === 'C0001').messages;
async function until(what, find) {
  for (let i = 0; i < 500; i += 1) {
    const found = await find();
    if (found) return found;
    await new Promise((r) => { setTimeout(r, 10); });
  }
  return assert.fail(`it never came to this: ${what}`);
}
const command = (text) => act('command', { user: 'U0REQ', channel: 'C0001', text });

(async () => {
  await app.start(PORT ? Number(PORT) : undefined);
  if (PORT) {
    assert.equal((await fetch(VERIFY)).status, 200);
    called('url_verification');
    const forged = await fetch(`http://127.0.0.1:${PORT}/slack/events`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json',
      'X-Slack-Signature': 'v0=00', 'X-Slack-Request-Timestamp': String(Math.floor(Date.now() / 1000)) } });
    assert.equal(forged.status, 401);
  }
  assert.deepEqual(await command('help').then((r) => [r.type, r.text]), ['in_channel', 'Ask away.']);
  assert.deepEqual(await command('text').then((r) => [r.type, r.text]), ['ephemeral', 'Just words.']);
  assert.ok((await posts('U0APP')).some((m) => m.text === 'Ask away.'));
  assert.ok(!(await posts('U0APP')).some((m) => m.text === 'Just words.'));
  called('command');
  await command('later');
  await until('respond', async () => (await posts('U0REQ')).some((m) => m.text === 'Here it is.' && m.ephemeral));
  called('respond');

  await command('request');
  const view = await until('a modal', async () => (await sees('U0REQ')).modals[0]);
  await act('press_in_view', { user: 'U0REQ', view_id: view.id, block_id: 'more', action_id: 'deeper', value: '' });
  const deep = await until('a second modal', async () => (await sees('U0REQ')).modals[1]);
  await act('close', { user: 'U0REQ', view_id: deep.id });
  assert.deepEqual(closed, [deep.id]);
  called('view_closed');
  const offered = await act('options', { user: 'U0REQ', view_id: view.id, block_id: 'where', action_id: 'project', value: 'shop' });
  assert.deepEqual(offered.map((o) => o.text), ['Web Shop']);
  called('options');
  const submit = (why) => act('submit', { user: 'U0REQ', view_id: view.id, state: { why: { text: why }, where: { project: 'Web Shop' } } });
  assert.deepEqual((await submit('no')).errors, { why: 'Say more.' });
  assert.equal((await submit('because of that')).action, 'close');
  const post = await until('a card', async () => (await posts('U0APP')).find((m) => m.text === 'A request'));
  assert.equal(post.metadata.event_payload.project, 'Web Shop');
  called('view_submission');

  const press = (user) => act('press', { user, channel: 'C0001', ts: post.ts, block_id: 'decide', action_id: 'approve' });
  await press('U0REQ');
  await until('a refusal', async () => (await posts('U0REQ')).some((m) => m.text === 'Not your own.' && m.ephemeral));
  await press('U0APP');
  const after = await until('an edit', async () => (await posts('U0REQ')).find((m) => m.ts === post.ts && m.edited));
  assert.equal(after.blocks[0].text.text, 'Approved by U0APP');
  called('action');

  await act('open_home', { user: 'U0REQ' });
  const home = await until('a home tab', async () => (await sees('U0REQ')).home);
  assert.equal(home.blocks[0].text.text, 'Yours');
  called('event');
  process.exit(0);
})().catch((e) => { console.error(e); process.exit(1); });
