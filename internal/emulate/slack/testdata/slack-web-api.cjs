// Slack's own @slack/web-api, unmodified, over every method of the emulator: it works,
// it fails with every error that Slack documents for it, and 429 is waited out.
'use strict';
const assert = require('node:assert/strict');
const { WebClient, LogLevel, ErrorCode } = require('@slack/web-api');

const { SLACK_API, SLACK_CONTROL, BOT_TOKEN, OBSERVER_TOKEN, APP_TOKEN, CONFIG_TOKEN } = process.env;
const documented = JSON.parse(process.env.DOCUMENTED); // errors by method
const common = process.env.COMMON.split(' ');

const quiet = { slackApiUrl: SLACK_API, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, logLevel: LogLevel.ERROR,
  logger: { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel() { return LogLevel.ERROR; }, setName() {} } };
const bot = new WebClient(BOT_TOKEN, quiet);
const eyes = new WebClient(OBSERVER_TOKEN, quiet);
const app = new WebClient(APP_TOKEN, quiet);
const config = new WebClient(CONFIG_TOKEN, quiet);
const worked = new Set();

const caller = (method) => ({ 'apps.connections.open': app, 'apps.manifest.validate': config }[method] || bot);

async function works(client, method, args, check) {
  const answer = await method.split('.').reduce((o, k) => o[k], client)(args);
  assert.equal(answer.ok, true, method);
  if (check) assert.ok(check(answer), `${method}: ${JSON.stringify(answer)}`);
  worked.add(method);
  console.log(`called ${method}`);
  return answer;
}

async function fails(client, method, args, code) {
  try {
    await client.apiCall(method, args);
  } catch (e) {
    const got = e.code === ErrorCode.RateLimitedError ? 'ratelimited' : e.data && e.data.error;
    assert.equal(got, code, `${method} ${JSON.stringify(args)}: ${e}`);
    console.log(`called ${method}:${code}`);
    return e;
  }
  assert.fail(`${method} ${JSON.stringify(args).slice(0, 200)} worked; it must answer ${code}`);
}

async function put(settings) {
  const r = await fetch(SLACK_CONTROL, { method: 'PUT', body: JSON.stringify({ settings }) });
  assert.equal(r.status, 200, await r.text());
}


const plain = (text) => ({ type: 'plain_text', text });
const modal = (more) => ({ type: 'modal', title: plain('Ask'), submit: plain('Send'), blocks: [
  { type: 'input', block_id: 'why', label: plain('Why'), element: { type: 'plain_text_input', action_id: 'text' } }], ...more });
const home = { type: 'home', blocks: [{ type: 'divider' }] };
const trigger = async () => (await (await fetch(process.env.TRIGGER)).text());

async function messages() {
  const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*Requester* asks' } },
    { type: 'actions', elements: [{ type: 'button', action_id: 'request_approve', text: plain('Approve'), value: 'F-1' }] }];
  const metadata = { event_type: 'request', event_payload: { id: 'F-1' } };
  const channel = 'C0001';
  const posted = await works(bot, 'chat.postMessage', { channel, text: 'twin', blocks, metadata },
    (a) => a.message.blocks[0].block_id && a.message.metadata.event_type === 'request');
  const { ts } = posted;
  const reply = await bot.chat.postMessage({ channel, text: 'reply', thread_ts: ts });
  await works(bot, 'chat.update', { channel, ts, text: 'edited', blocks }, (a) => a.text === 'edited');
  await works(bot, 'chat.getPermalink', { channel, message_ts: reply.ts }, (a) => a.permalink.includes('thread_ts='));
  await works(bot, 'chat.postEphemeral', { channel, user: 'U0REQ', text: 'psst' }, (a) => a.message_ts);
  await works(eyes, 'conversations.history', { channel, include_all_metadata: true },
    (a) => a.messages.length === 1 && a.messages[0].reply_count === 1 && a.messages[0].metadata.event_payload.id === 'F-1');
  await works(eyes, 'conversations.replies', { channel, ts }, (a) => a.messages.length === 2);
  await works(bot, 'chat.delete', { channel, ts: reply.ts });
  for (let i = 0; i < 3; i += 1) await bot.chat.postMessage({ channel: 'G0004', text: `page ${i}` });
  const seen = [];
  for await (const page of eyes.paginate('conversations.history', { channel: 'G0004', limit: 2 })) seen.push(...page.messages.map((m) => m.text));
  assert.deepEqual(seen, ['page 2', 'page 1', 'page 0']);

  const long = [{ type: 'section', text: plain('x'.repeat(3001)) }];
  for (const [method, args, code] of [
    ['chat.postMessage', { channel: 'C404', text: 'x' }, 'channel_not_found'],
    ['chat.postMessage', { channel: 'C0002', text: 'x' }, 'not_in_channel'],
    ['chat.postMessage', { channel: 'C0005', text: 'x' }, 'is_archived'],
    ['chat.postMessage', { channel }, 'no_text'],
    ['chat.postMessage', { text: 'x' }, 'invalid_arguments'],
    ['chat.postMessage', { channel, text: 'x', blocks: long }, 'invalid_blocks'],
    ['chat.postMessage', { channel, text: 'x', blocks: Array(51).fill({ type: 'divider' }) }, 'invalid_blocks'],
    ['chat.postMessage', { channel, text: 'x', blocks: 'none' }, 'invalid_blocks_format'],
    ['chat.postMessage', { channel, text: 'x', metadata: { event_type: 'x' } }, 'invalid_metadata_schema'],
    ['chat.postMessage', { channel, text: 'x', metadata: { event_type: 'x', event_payload: { a: 'x'.repeat(17000) } } }, 'metadata_too_large'],
    ['chat.postMessage', { channel, text: 'x', attachments: Array(101).fill({ text: 'x' }) }, 'too_many_attachments'],
    ['chat.postMessage', { channel, text: 'x', markdown_text: '*x*' }, 'markdown_text_conflict'],
    ['chat.postEphemeral', { channel, user: 'U0ULTRA', text: 'x' }, 'user_not_in_channel'],
    ['chat.postEphemeral', { channel, user: 'U0REQ', text: 'x'.repeat(40001) }, 'msg_too_long'],
    ['chat.update', { channel, ts: '1.2', text: 'x' }, 'message_not_found'],
    ['chat.delete', { channel, ts: '1.2' }, 'message_not_found'],
    ['chat.getPermalink', { channel, message_ts: '1.2' }, 'message_not_found'],
  ]) await fails(bot, method, args, code);
  await fails(eyes, 'conversations.replies', { channel, ts: '1.2' }, 'thread_not_found');
  await fails(eyes, 'conversations.history', { channel, cursor: 'no' }, 'invalid_cursor');
  const e = await fails(bot, 'chat.postMessage', { channel, text: 'x', blocks: long }, 'invalid_blocks');
  assert.match(e.data.response_metadata.messages.join(), /json-pointer:\/blocks\/0\/text/);
}

async function people() {
  await works(bot, 'auth.test', {}, (a) => a.bot_id && a.response_metadata.scopes.includes('chat:write'));
  await works(bot, 'users.info', { user: 'U0REQ' }, (a) => a.user.profile.email && !a.user.is_restricted);
  await works(bot, 'users.list', { limit: 3 }, (a) => a.members.length === 3 && a.response_metadata.next_cursor);
  await works(bot, 'users.lookupByEmail', { email: 'approver@contoso.example' }, (a) => a.user.id === 'U0APP');
  await works(bot, 'usergroups.list', { include_users: true }, (a) => a.usergroups[0].users.includes('U0APP'));
  await works(bot, 'usergroups.users.list', { usergroup: 'S0001' }, (a) => a.users.includes('U0APP'));
  await works(bot, 'conversations.list', { types: 'public_channel,private_channel' }, (a) => a.channels.length > 1);
  await works(bot, 'conversations.info', { channel: 'C0001' }, (a) => a.channel.is_ext_shared && a.channel.is_member);
  await works(bot, 'conversations.members', { channel: 'C0001' }, (a) => a.members.includes('U0FAR'));
  await works(bot, 'conversations.open', { users: 'U0REQ' }, (a) => a.channel.id.startsWith('D'));
  for (const [method, args, code] of [
    ['users.info', { user: 'U404' }, 'user_not_found'], ['users.info', { user: 'U0HIDDEN' }, 'user_not_visible'],
    ['users.lookupByEmail', { email: 'nobody@contoso.example' }, 'users_not_found'],
    ['usergroups.users.list', { usergroup: 'S404' }, 'no_such_subteam'],
    ['conversations.open', { users: 'U0GONE' }, 'user_disabled'], ['conversations.open', { users: 'U0HIDDEN' }, 'user_not_visible'],
    ['conversations.info', { channel: 'G0003' }, 'channel_not_found'],
    ['conversations.list', { types: 'imaginary' }, 'invalid_types'],
    ['conversations.list', { types: 'im' }, 'missing_scope'],
    ['conversations.history', { channel: 'C0001' }, 'missing_scope'],
    ['users.list', { limit: 5000 }, 'invalid_arguments'],
  ]) await fails(bot, method, args, code);
  await fails(new WebClient('xoxb-unknown', quiet), 'auth.test', {}, 'invalid_auth');
  await fails(new WebClient(undefined, quiet), 'auth.test', {}, 'not_authed');
  await fails(bot, 'apps.connections.open', {}, 'not_allowed_token_type');
  await fails(app, 'chat.postMessage', { channel: 'C0001', text: 'x' }, 'not_allowed_token_type');
  await fails(eyes, 'chat.postMessage', { channel: 'C0001', text: 'x' }, 'missing_scope');
  await fails(bot, 'chat.whisper', {}, 'unknown_method');
}

async function views() {
  const first = await trigger();
  const open = await works(bot, 'views.open', { trigger_id: first, view: modal() }, (a) => a.view.hash && a.view.root_view_id === a.view.id);
  await fails(bot, 'views.open', { trigger_id: first, view: modal() }, 'exchanged_trigger_id');
  await fails(bot, 'views.open', { trigger_id: '1.2.x', view: modal() }, 'invalid_trigger_id');
  await fails(bot, 'views.open', { trigger_id: await trigger(), view: modal({ title: plain('x'.repeat(25)) }) }, 'invalid_arguments');
  await fails(bot, 'views.open', { trigger_id: await trigger(), view: modal({ private_metadata: 'x'.repeat(250001) }) }, 'view_too_large');
  const id = open.view.id;
  await works(bot, 'views.update', { view_id: id, hash: open.view.hash, view: modal({ external_id: 'mine' }) }, (a) => a.view.hash !== open.view.hash);
  await fails(bot, 'views.update', { view_id: id, hash: open.view.hash, view: modal() }, 'hash_conflict');
  await fails(bot, 'views.update', { view_id: 'V404', view: modal() }, 'not_found');
  await works(bot, 'views.publish', { user_id: 'U0REQ', view: home }, (a) => a.view.type === 'home');
  await fails(bot, 'views.publish', { user_id: 'U0REQ', view: home, hash: '1.old' }, 'hash_conflict');
  await fails(bot, 'views.publish', { user_id: 'U0REQ', view: { ...home, external_id: 'mine' } }, 'duplicate_external_id');
  const within = async () => (await (await fetch(`${process.env.TRIGGER}?view=${id}`)).text());
  for (let depth = 2; depth <= 3; depth += 1) {
    await works(bot, 'views.push', { trigger_id: await within(), view: modal() }, (a) => a.view.previous_view_id);
  }
  await fails(bot, 'views.push', { trigger_id: await within(), view: modal() }, 'push_limit_reached');
  await works(bot, 'blocks.validate', { blocks: [{ type: 'divider' }] });
  await fails(bot, 'blocks.validate', { blocks: [{ type: 'wibble' }] }, 'invalid_blocks');
  await works(bot, 'api.test', { foo: 'bar' }, (a) => a.args.foo === 'bar');
  await fails(bot, 'api.test', { error: 'mine' }, 'mine');
}

async function uploads() {
  const done = await bot.files.uploadV2({ channel_id: 'C0001', filename: 'plan.txt', title: 'The plan', file: Buffer.from('all of it'), initial_comment: 'here' });
  const file = done.files[0].files[0];
  assert.equal(file.title, 'The plan');
  const read = await fetch(file.url_private, { headers: { Authorization: `Bearer ${BOT_TOKEN}` } });
  assert.equal(await read.text(), 'all of it');
  const { upload_url: url, file_id: id } = await works(bot, 'files.getUploadURLExternal', { filename: 'a.txt', length: 3 });
  await fails(bot, 'files.completeUploadExternal', { files: [{ id }] }, 'file_update_failed');
  assert.equal((await fetch(url, { method: 'POST', body: 'four' })).status, 400);
  assert.equal((await fetch(url, { method: 'POST', body: 'abc' })).status, 200);
  await works(bot, 'files.completeUploadExternal', { files: [{ id, title: 'abc' }] }, (a) => a.files[0].id === id);
  await fails(bot, 'files.completeUploadExternal', { files: [{ id: 'F404' }] }, 'file_not_found');
  await fails(bot, 'files.getUploadURLExternal', { filename: 'a.txt', length: 1e9 }, 'file_upload_size_restricted');
}

// Everything else that Slack documents, brought about by the control API.
async function refusals() {
  for (const [method, own] of Object.entries(documented)) {
    const codes = [...(own ? own.split(' ') : []), ...(method === 'users.info' ? common : [])];
    if (codes.length === 0) continue;
    await put({ refuse: { [method]: codes } });
    for (const code of codes) await fails(caller(method), method, {}, code);
  }
}

async function pace() {
  await put({ rate_limits: true });
  const burst = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => bot.chat.postMessage({ channel: 'C0001', text: `burst ${i}` })));
  const late = burst.filter((r) => r.status === 'rejected').map((r) => r.reason);
  assert.ok(late.length > 0 && late.every((e) => e.code === ErrorCode.RateLimitedError && e.retryAfter >= 1), String(late));
  await bot.chat.postMessage({ channel: 'G0004', text: 'another channel has its own pace' });
  const tier = await Promise.allSettled(Array.from({ length: 25 }, () => bot.usergroups.list({})));
  assert.ok(tier.some((r) => r.status === 'rejected' && r.reason.retryAfter >= 1));
  console.log('called chat.postMessage:429');
  await put({ rate_limits: false, refuse: { 'chat.postMessage': ['ratelimited'] } });
  const patient = new WebClient(BOT_TOKEN, { ...quiet, rejectRateLimitedCalls: false, retryConfig: { retries: 2 } });
  let waited = 0;
  patient.on('rate_limited', (seconds) => { waited = seconds; });
  assert.equal((await patient.chat.postMessage({ channel: 'C0001', text: 'after a wait' })).ok, true);
  assert.equal(waited, 1);
  console.log('called chat.postMessage:retried');
}

(async () => {
  await works(app, 'apps.connections.open', {}, (a) => a.url.startsWith('ws://'));
  await works(config, 'apps.manifest.validate', { manifest: JSON.stringify({ display_information: { name: 'fedbot' } }) });
  await fails(config, 'apps.manifest.validate', { manifest: '{}' }, 'invalid_manifest');
  await messages();
  await people();
  await views();
  await uploads();
  await refusals();
  await pace();
  const unseen = Object.keys(documented).filter((m) => !worked.has(m));
  assert.deepEqual(unseen, [], 'methods of the emulator that never worked');
})().catch((e) => { console.error(e); process.exit(1); });
