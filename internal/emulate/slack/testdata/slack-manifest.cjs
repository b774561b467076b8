// Slack's published manifest schema, by ajv, beside the emulator's apps.manifest.validate,
// called with Slack's own client. Where they differ, the difference must be a known one.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const Ajv = require('ajv');
const { WebClient, LogLevel } = require('@slack/web-api');

const { SLACK_API, CONFIG_TOKEN, FACTS, MANIFESTS, KNOWN } = process.env;
const client = new WebClient(CONFIG_TOKEN, { slackApiUrl: SLACK_API, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const schemas = ['1.0.0', '2.0.0'].map((v) => new Ajv({ strict: false, allErrors: true, logger: false })
  .compile(JSON.parse(fs.readFileSync(path.join(FACTS, `manifest.schema.${v}.json`)))));
const published = (manifest) => schemas.every((valid) => valid(manifest));
published.errors = () => JSON.stringify(schemas.map((valid) => valid.errors));

const { http, socket } = JSON.parse(MANIFESTS);
const change = (base, edit) => { const m = structuredClone(base); edit(m); return m; };
const cases = {
  'over HTTP': http,
  'over Socket Mode': socket,
  'no name': change(socket, (m) => { delete m.display_information.name; }),
  'a name of 36 characters': change(socket, (m) => { m.display_information.name = 'x'.repeat(36); }),
  'no display information': change(socket, (m) => { delete m.display_information; }),
  'a command without its slash': change(socket, (m) => { m.features.slash_commands[0].command = 'federate'; }),
  'a command without a description': change(socket, (m) => { delete m.features.slash_commands[0].description; }),
  'a command of 33 characters': change(socket, (m) => { m.features.slash_commands[0].command = `/${'x'.repeat(32)}`; }),
  'fifty-one commands': change(socket, (m) => { m.features.slash_commands = Array(51).fill(m.features.slash_commands[0]); }),
  'an unknown key': change(socket, (m) => { m.settings.sockets = true; }),
  'a bot user without a name': change(socket, (m) => { m.features.bot_user = {}; }),
  'a word where yes or no belongs': change(socket, (m) => { m.settings.socket_mode_enabled = 'yes'; }),
  'scopes that are no list': change(socket, (m) => { m.oauth_config.scopes.bot = 'commands'; }),
  'an address that is none': change(http, (m) => { m.settings.interactivity.request_url = 'ftp://x'; }),
  'a short long description': change(socket, (m) => { m.display_information.long_description = 'x'; }),
  'an unknown scope': change(socket, (m) => { m.oauth_config.scopes.bot.push('chat:whisper'); }),
  'an unknown event': change(socket, (m) => { m.settings.event_subscriptions.bot_events.push('app_home_closed'); }),
  'an event without its scope': change(socket, (m) => { m.settings.event_subscriptions.bot_events.push('app_mention'); }),
  'bot scopes without a bot user': change(socket, (m) => { delete m.features.bot_user; }),
  'a command without the scope': change(socket, (m) => { m.oauth_config.scopes.bot = m.oauth_config.scopes.bot.filter((s) => s !== 'commands'); }),
  'HTTP without a request URL': change(http, (m) => { delete m.settings.interactivity.request_url; }),
};

(async () => {
  const differ = [];
  for (const [name, manifest] of Object.entries(cases)) {
    const theirs = published(manifest);
    const ours = await client.apps.manifest.validate({ manifest: JSON.stringify(manifest) }).then(() => true, (e) => {
      assert.equal(e.data && e.data.error, 'invalid_manifest', `${name}: ${e}`);
      assert.ok(e.data.errors[0].pointer !== undefined);
      return false;
    });
    if (theirs !== ours) {
      assert.ok(theirs, `${name}: the emulator takes what Slack's schema refuses: ${published.errors()}`);
      differ.push(name);
    }
    if (name.startsWith('over ')) assert.ok(theirs && ours, `${name}: ${published.errors()}`);
    console.log(`called apps.manifest.validate:${name}`);
  }
  assert.deepEqual(differ.sort(), JSON.parse(KNOWN).sort());
})().catch((e) => { console.error(e); process.exit(1); });
