// Slack's own schema of app manifests, asked by ajv about the manifest that fedbot prints.
const fs = require("fs");
const path = require("path");
const Ajv = require("ajv");

const manifest = JSON.parse(fs.readFileSync(process.env.MANIFEST, "utf8"));
for (const version of ["1.0.0", "2.0.0"]) {
  const schema = JSON.parse(fs.readFileSync(path.join(process.env.FEDBOT_SLACK_FACTS, `manifest.schema.${version}.json`), "utf8"));
  const valid = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  if (!valid(manifest)) {
    console.error(version, JSON.stringify(valid.errors, null, 2));
    process.exit(1);
  }
  // It must be able to say no, or its yes means nothing.
  const wrong = structuredClone(manifest);
  wrong.features.slash_commands[0].command = "federate";
  wrong.display_information.name = "x".repeat(36);
  if (valid(wrong)) {
    console.error(version, "takes a command without its slash and a name of 36 characters");
    process.exit(1);
  }
  console.log(`called manifest.schema.${version}`);
}
