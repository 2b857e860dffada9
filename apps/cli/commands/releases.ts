import { publishRelease, resolveRelease } from "../../../mod.ts";
import { type Command, defineCommand, REF_ARGUMENT } from "../program/command.ts";
import { invalid, lookUp, withHints } from "../terminal/hints.ts";
import { checkNewAlias } from "../program/refusals.ts";
import { printTable } from "../program/print_table.ts";
import { formatCount } from "../terminal/units.ts";
import { parseEntry } from "../values/metadata.ts";

export const publish: Command = defineCommand({
  name: "publish",
  summary: "Publish several versions as one release.",
  details:
    "Saves a version that names the exact version of each member. An alias on it moves them " +
    "together, and alias --rollback moves them back. Read a member as NAME@VERSION/MEMBER. " +
    "rm and prune keep the members while the release exists.",
  args: [
    { usage: "<name>", text: "the release", completes: "name" },
    { usage: "<members...>", text: "member=ref, such as model=vision:resnet@production" },
  ],
  options: [
    { flags: "--version <version>", text: "the version of the release (default: the next one)" },
    { flags: "-a, --alias <alias>", text: "point this alias to it" },
    {
      flags: "-m, --metadata <key=value>",
      text: "your own metadata; key:=JSON for numbers",
      parse: parseEntry,
      repeat: true,
    },
  ],
  examples: [
    ["holdfast publish serving model=vision:resnet tokenizer=text:bpe@7", "two members"],
    ["holdfast publish serving model=vision:resnet@^2 --alias production", "and take it live"],
    ["holdfast load serving@production/model", "read a member"],
    ["holdfast alias serving production --rollback", "back to the release before"],
  ],
  async run([name, given], { version, alias, metadata = [] }, context) {
    const { signal } = context.io;
    const members = Object.fromEntries(given.map(parseMember));
    if (alias !== undefined) checkNewAlias(alias); // before anything is saved
    const registry = await context.open({ write: true });
    const options = { version, alias, metadata: Object.fromEntries(metadata), signal };
    const saved = await publishRelease(registry, name, members, options);
    const ref = `${saved.name}@${saved.version}`;
    const of = formatCount(Object.keys(members).length, "member");
    const also = alias === undefined ? "" : `, ${saved.name}@${alias} is ${saved.version}`;
    await context.done({ ...saved, alias, members }, `Published ${ref} (${of})${also}`, ref);
  },
});

function parseMember(text: string): [member: string, ref: string] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  const state = "expected member=ref";
  throw invalid(
    `read member ${JSON.stringify(text)}`,
    state,
    "Write model=vision:resnet@production",
  );
}

export const members: Command = defineCommand({
  name: "members",
  summary: "Show the members of a release.",
  details: "Exit code 1 if a member was deleted or overwritten.",
  args: [REF_ARGUMENT],
  options: [],
  examples: [
    ["holdfast members serving@production", "its exact versions"],
    ["holdfast diff serving@1 serving@2", "compare two releases, member by member"],
  ],
  async run([ref], _flags, context) {
    const registry = await context.open();
    const { signal } = context.io;
    const resolving = resolveRelease(registry, ref, { partial: true, signal });
    const { members } = await withHints(resolving, lookUp(ref));
    const rows = Object.entries(members).map(([member, { ref, digest, state }]) => ({
      json: { member, ref, digest, state },
      cells: [member, ref, state, digest.slice(0, 12)],
    }));
    await printTable(context, ["MEMBER", "VERSION", "STATE", "DIGEST"], rows);
    return rows.every(({ json }) => json.state === "present") ? 0 : 1;
  },
});
