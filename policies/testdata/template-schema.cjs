// Holds templates against the JSON Schema of their format with ajv. TEMPLATES names a
// file of the schema, of templates that it must take and of others that it must not.
const assert = require('node:assert');
const fs = require('node:fs');
const Ajv = require('ajv/dist/2020');

const { schema, good, bad } = JSON.parse(fs.readFileSync(process.env.TEMPLATES, 'utf8'));
const ajv = new Ajv({ strict: true, allErrors: true, formats: { regex: true } });
assert(ajv.validateSchema(schema), JSON.stringify(ajv.errors));
const valid = ajv.compile(schema);
for (const [name, template] of Object.entries(good)) {
  assert(valid(template), `${name}: ${JSON.stringify(valid.errors)}`);
  console.log(`called validate ${name}`);
}
for (const [name, template] of Object.entries(bad)) assert(!valid(template), `${name} was taken`);
