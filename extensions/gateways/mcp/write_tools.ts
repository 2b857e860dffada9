// Tools that save versions and change what refers to them.
import * as v from "npm:valibot@^1.5";
import { invalid, orMissing } from "../../../core/kernel.ts";
import { fromBase64, passThrough, schema } from "../../../apps/server/extending.ts";
import { annotate } from "../../../registry/mod.ts";
import { pathBelow } from "./root_folder.ts";
import { defineTool, text, type Tool } from "./tool.ts";

const MOST_TEXT = 8 * 1024 * 1024;

const INPUTS = "Refs that it was made from; recorded as the versions that they mean now";

const SAVE = {
  name: text("The artifact, such as team:report; created if new"),
  version: v.optional(text("Default: the next, such as 3.0.0 after 2.0.0")),
  alias: v.optional(text("An alias, such as production, to point to the new version")),
  metadata: v.optional(
    v.pipe(schema.JsonObject, v.description("Facts to search by; fixed once saved")),
  ),
  inputs: v.optional(
    v.pipe(v.array(v.string()), v.maxLength(1000), v.description(INPUTS)),
  ),
  key: v.optional(
    text("An id of this save, unique within the name; repeated calls with it save only once"),
  ),
};

const FILE = v.strictObject({
  path: text("Relative path", 4096),
  text: v.optional(text("Text content; otherwise pass base64", MOST_TEXT)),
  base64: v.optional(text("Binary content", MOST_TEXT)),
});

const CONTENT = {
  text: v.optional(text("A string", MOST_TEXT)),
  json: v.optional(v.pipe(v.unknown(), v.description("An object, list, number, boolean or null"))),
  files: v.optional(
    v.pipe(v.array(FILE), v.minLength(1), v.maxLength(1000), v.description("Several files")),
  ),
  local: v.optional(text("A file or folder on disk, relative to the root of the server", 4096)),
};

/** Returns the tool that saves. Only a server with a root reads local paths. */
function saveVersion(root?: string): Tool {
  const { local: _, ...others } = CONTENT;
  const content: typeof CONTENT = root === undefined ? { ...others } as typeof CONTENT : CONTENT;
  return defineTool({
    name: "save_version",
    description: "Saves content as a new version; earlier versions stay. Pass exactly one of " +
      `${Object.keys(content).join(", ")}. To undo it, save the former content again or point an ` +
      "alias to a former version.",
    kind: "write",
    hints: { destructiveHint: false, idempotentHint: false },
    input: v.strictObject({ ...SAVE, ...content }),
    output: { string: "ref version digest", number: "size", boolean: "skipped" },
    async run(
      { name, version, alias, inputs, key, metadata, ...given },
      { registry, client, signal },
    ) {
      const contents = Object.values(given).filter((value) => value !== undefined);
      if (contents.length !== 1) {
        const state = `got ${contents.length} contents instead of one`;
        const hint = `Pass exactly one of ${Object.keys(content).join(", ")}.`;
        throw invalid("save", JSON.stringify(name), state, { hint });
      }
      if (typeof given.json === "string") {
        // Many clients send the text of a value: saved as it is, it would be a string for ever.
        const hint = "Pass the value itself as `json`, not its text; pass a string as `text`.";
        throw invalid("save", JSON.stringify(name), "`json` is a string", { hint });
      }
      const { files, local } = given;
      const value = local === undefined ? contents[0] : await pathBelow(root!, local);
      const saved = await registry.save(name, files === undefined ? value : undefined, {
        version,
        alias,
        inputs,
        idempotencyKey: key,
        onConflict: "fail",
        signal,
        metadata: { ...metadata, savedBy: { ...client, via: "mcp" } },
        // A string is never a path of the server.
        as: files === undefined ? registry.materializers.forValue(value) : passThrough(
          { id: "folder", formatVersion: 1 },
          files.map((file) => ({ path: file.path, content: contentOf(file) })),
        ),
      });
      const { digest, size, skipped } = saved;
      const ref = `${saved.name}@${saved.version}`;
      return { ref, version: saved.version, digest, size, skipped };
    },
  });
}

function contentOf({ path, text, base64 }: v.InferOutput<typeof FILE>): Uint8Array {
  if ((text === undefined) === (base64 === undefined)) {
    throw invalid("save", JSON.stringify(path), "pass exactly one of `text` and `base64`");
  }
  return text === undefined ? fromBase64(path, base64!) : new TextEncoder().encode(text);
}

const setAlias: Tool = defineTool({
  name: "set_alias",
  description:
    "Points an alias such as production to a version, or removes the alias. Returns the " +
    "version it pointed to before. roll_back_alias undoes it.",
  kind: "write",
  hints: { destructiveHint: true, idempotentHint: true },
  input: v.strictObject({
    name: text("The artifact, without version"),
    alias: text("A word, such as production"),
    version: v.nullable(text("The version; null removes the alias")),
  }),
  output: { string: "ref previous" },
  async run({ name, alias, version }, { registry, signal }) {
    const [last] = await orMissing(
      Array.fromAsync(registry.history(name, alias, { limit: 1, signal })),
    ) ?? [];
    if (version === null) await registry.deleteAlias(name, alias, { signal });
    else await registry.setAlias(name, alias, version, { signal });
    return { ref: `${name}@${alias}`, previous: last?.version };
  },
});

const rollBackAlias: Tool = defineTool({
  name: "roll_back_alias",
  description: "Points an alias back to the version it pointed to before. Returns that version, " +
    "and the previous one.",
  kind: "write",
  hints: { destructiveHint: true, idempotentHint: false },
  input: v.strictObject({
    name: text("The artifact, without version"),
    alias: text("A word, such as production"),
  }),
  output: { string: "ref version previous" },
  async run({ name, alias }, { registry, signal }) {
    const { version, was } = await registry.rollbackAlias(name, alias, { signal });
    return { ref: `${name}@${alias}`, version, previous: was };
  },
});

const annotateVersion: Tool = defineTool({
  name: "annotate",
  description: "Changes the notes (text) and labels (data) of a version, or of a name. Omitted " +
    "arguments change nothing. Notes are replaced and labels merged: a label of null is removed, " +
    "and null for notes or labels removes all. Earlier values stay in the history.",
  kind: "write",
  hints: { destructiveHint: false, idempotentHint: true },
  input: v.strictObject({
    ref: text("NAME or NAME@VERSION"),
    notes: v.optional(v.nullable(v.string())),
    labels: v.optional(v.nullable(schema.JsonObject)),
  }),
  output: { string: "notes", object: "labels", number: "revision" },
  async run({ ref, notes, labels }, { registry, signal }) {
    const annotations = await annotate(registry, ref, { notes, labels }, { signal });
    return { ...annotations };
  },
});

const deleteVersion: Tool = defineTool({
  name: "delete_version",
  description:
    "Deletes one version. undelete_version restores it for a while. Set force if an alias names " +
    "it, or a release: versions that were published together.",
  kind: "delete",
  hints: { destructiveHint: true, idempotentHint: true },
  input: v.strictObject({ ref: text("NAME@VERSION"), force: v.optional(v.boolean()) }),
  output: { boolean: "deleted" },
  async run({ ref, force }, { registry, signal }) {
    return { deleted: await registry.delete(ref, { force, signal }) };
  },
});

const undeleteVersion: Tool = defineTool({
  name: "undelete_version",
  description: "Restores a deleted version, while its files are there: for a day by default.",
  kind: "delete",
  hints: { destructiveHint: false, idempotentHint: false },
  input: v.strictObject({ ref: text("NAME@VERSION") }),
  output: { string: "ref digest" },
  async run({ ref }, { registry, signal }) {
    const { name, version, digest } = await registry.undelete(ref, { signal });
    return { ref: `${name}@${version}`, digest };
  },
});

/** Returns the tools that write and delete. With a root, files below it can be saved. */
export function writeTools(root?: string): Tool[] {
  return [
    saveVersion(root),
    setAlias,
    rollBackAlias,
    annotateVersion,
    deleteVersion,
    undeleteVersion,
  ];
}
