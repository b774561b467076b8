// What exists, as a list of objects: who each one is, what it is in words, and
// which documents it has. Nothing here touches the page.

const own = new Set(["fedbot-writer", "fedbot-reader"]);
const holdName = "fedbot-hold";

/* groupsOf is everything that exists: one group an account and one a project. */
export function groupsOf(state) {
  const groups = state.aws.accounts.map((a) => account(a, state)).filter((g) => g.rows.length);
  for (const o of state.azure_devops.organizations) groups.push(...o.projects.map((p) => project(p, o, state)));
  return groups;
}

function account(a, state) {
  const providers = a.providers.map((p) => provider(p, a, state));
  const roles = a.roles.filter((r) => !own.has(r.name)).map((r) => role(r, a, state));
  const rows = [
    ...(providers.length || !a.roles.length ? providers : [{ kind: "OIDC provider", none: "none yet" }]),
    ...(roles.length || !a.roles.length ? roles : [{ kind: "Roles", none: "none but fedbot's own two" }]),
    ...a.buckets.map((b) => bucket(b, a)),
    ...a.functions.map((f) => ({ key: `function ${f.arn}`, kind: "Function", name: f.name, what: `${f.code_size} bytes of code`, mark: f.code_sha256, documents: [facts("Facts", f)] })),
    ...a.tables.map((t) => ({ key: `table ${t.arn}`, kind: "Table", name: t.name, what: count(t.items, "item"), mark: t.items, documents: [facts("Facts", t)] })),
  ];
  const ours = [...a.roles.filter((r) => own.has(r.name)).map((r) => role(r, a, state)), ...a.policies.map((p) => policy(p))];
  return { key: a.id, title: `AWS ${a.alias || a.name}`, about: `${a.id}, ${a.kind}`, rows, ours };
}

const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

function facts(name, object, say) {
  return { name, value: object, say };
}

function provider(p, a, state) {
  const users = state.federations.filter((f) => f.provider === p.arn && f.state !== "closed").map((f) => f.id);
  const made = (p.tags ?? []).length ? "made by fedbot" : "hand-made";
  return {
    key: p.arn, kind: "OIDC provider", name: p.url, tail: 8, what: users.length ? `${made}, used by ${users.join(", ")}` : made,
    mark: JSON.stringify([p.client_ids, p.thumbprints, p.tags]), uses: users.length, documents: [facts("Provider", { Url: p.url, ClientIDList: p.client_ids, ThumbprintList: p.thumbprints ?? [], Tags: p.tags ?? [] }, "provider")],
  };
}

function role(r, a, state) {
  const inline = Object.entries(r.inline ?? {}).sort();
  const hold = inline.find(([name]) => name === holdName);
  const rest = inline.filter(([name]) => name !== holdName);
  const documents = [facts("Trust policy", parse(r.trust), "trust")];
  if (hold) documents.push(facts("Hold", parse(hold[1]), "hold"));
  documents.push(...rest.map(([name, text], i) => facts(rest.length === 1 ? "Permissions" : `Permissions ${i + 1}: ${name}`, parse(text), "permissions")));
  if (!rest.length && !r.attached) documents.push({ name: "Permissions, none", text: "This role has no permissions policy: it can sign in, and do nothing." });
  documents.push(facts("Facts", { Arn: r.arn, RoleId: r.id, Description: r.description, MaxSessionDuration: r.max_session, PermissionsBoundary: r.boundary, AttachedPolicies: r.attached, Tags: tags(r.tags) }, "role"));
  return {
    key: `role ${r.arn}`, kind: "Role", name: r.name, tail: 13, what: whatRole(r, a, state, Boolean(hold)), documents,
    mark: JSON.stringify([r.id, r.trust, r.boundary, r.inline, r.attached, r.tags, r.max_session]),
  };
}

const tags = (list) => Object.fromEntries((list ?? []).map((t) => [t.key, t.value]));

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function whatRole(r, a, state, held) {
  if (r.name === "fedbot-writer") return "fedbot's own: makes roles, under its path and boundary only";
  if (r.name === "fedbot-reader") return "fedbot's own: reads, changes nothing";
  const f = state.federations.find((f) => f.role === r.name && f.account_id === a.id);
  if (f) return whatFederation(f, state, held);
  if (r.path.startsWith("/ado-federation/")) return "under fedbot's path, but no federation claims it";
  return wide(r, state) ?? "hand-made";
}

function whatFederation(f, state, held) {
  const there = state.azure_devops.organizations.some((o) => o.projects.some((p) => p.name === f.project && p.connections.some((c) => c.name === f.connection)));
  if (f.quarantine) return `${f.id}, quarantined: can do nothing`;
  if (held) return `${f.id}, held: can do nothing yet`;
  if (f.state === "active" && !there) return `${f.id}, stale: its connection is gone`;
  if (f.findings?.length) return `${f.id}, ${f.state}, ${count(f.findings.length, "finding")}`;
  return `${f.id}, ${f.state}`;
}

/* wide says when a trust policy lets in more than one connection. */
function wide(r, state) {
  for (const o of state.azure_devops.organizations) {
    if (r.trust.includes(`sc://${o.name}/*`)) return `hand-made, trusts all of ${o.name}`;
  }
  return null;
}

function policy(p) {
  return { key: p.arn, kind: "Policy", name: p.name, what: p.name === "boundary" ? "the most that any role of fedbot's can ever do" : "managed policy",
    mark: p.document + p.default, documents: [facts("Document", parse(p.document), "permissions")] };
}

function bucket(b, a) {
  return { key: `bucket ${b.name}`, kind: "Bucket", name: b.name, what: count(b.keys.length, "file"), mark: b.keys.join("\n"), button: "Files",
    documents: [{ name: "Files", text: b.keys.join("\n") || "No files." }] };
}

function project(p, o, state) {
  const connections = p.connections.map((c) => connection(c, p));
  const names = p.pipelines.map((l) => l.name);
  const rows = [
    ...(connections.length ? connections : [{ kind: "Connections", none: "none" }]),
    { kind: "Pipelines", none: names, list: true },
    ...p.runs.slice(0, 3).map((r) => run(r, p)),
  ];
  return { key: p.id, title: `Azure DevOps ${o.name}`, about: `project ${p.name}`, rows, ours: [] };
}

function connection(c, p) {
  const named = c.pipelines.map((id) => p.pipelines.find((l) => l.id === id)?.name ?? `pipeline ${id}`);
  const about = {
    Type: c.type, UseOIDC: c.oidc, HoldsKey: c.keys, AssumeRoleArn: c.role || undefined, Subject: c.oidc ? c.subject : undefined,
    Pipelines: c.all ? "all" : named, SharedWithOtherProjects: c.shared, Description: c.description || undefined, Id: c.id,
  };
  const documents = [facts("Connection", about, "connection")];
  if (c.checks.length) documents.push(facts(`Checks, ${c.checks.length}`, c.checks.map((x) => ({ Kind: x.kind, Settings: parse(x.settings) })), "checks"));
  return { key: `connection ${c.id}`, kind: "Connection", name: c.name, what: whatConnection(c, named), documents,
    mark: JSON.stringify([c.name, c.role, c.oidc, c.keys, c.shared, c.disabled, c.all, c.pipelines, c.checks]) };
}

function whatConnection(c, named) {
  if (c.deleting) return "is being removed";
  if (c.keys) return "holds a key";
  const who = c.all ? "every pipeline may use it" : named.length ? `for ${named.join(", ")}` : "no pipeline may use it yet";
  return c.checks.length ? `${who}; ${count(c.checks.length, "check")}` : who;
}

function run(r, p) {
  const name = p.pipelines.find((l) => l.id === r.pipeline)?.name ?? `pipeline ${r.pipeline}`;
  const state = r.result || (r.waiting ? `waits for ${r.waiting.replace(/^waits for /, "")}` : r.state === "inProgress" ? "runs now" : r.state);
  return { key: `run ${r.id}`, kind: `Run ${r.id}`, name, what: state, mark: String(r.id), button: "Log", queued: r.queued,
    documents: [{ name: "Last lines of the log", text: r.log.join("\n") || "Nothing yet." }] };
}
