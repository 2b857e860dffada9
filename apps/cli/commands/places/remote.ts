import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { readRemotes } from "../../../../registry/places/mod.ts";
import type { Remote } from "../../../../registry/places/mod.ts";
import { alreadyExists } from "../../../../core/errors.ts";
import { findRegistry } from "../../places/find_registry.ts";
import { checkRemoteName, setRemote } from "../../places/set_remote.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { invalid, notFound, shellWord } from "../../terminal/hints.ts";
import { inOrder, printTable } from "../../program/print_table.ts";

const remoteAdd: Command = defineCommand(
  {
    name: "remote add",
    summary: "Name a registry, for use as -r team and @team/my:model.",
    details:
      "Names are stored in ~/.config/holdfast/config.json ($XDG_CONFIG_HOME), for you only and " +
      "without secrets: for a service it stores the path of --token-file. Nothing is opened.",
    args: [
      { usage: "<name>", text: "a word, such as team" },
      { usage: "<where>", text: "a folder or URL", completes: "place" },
    ],
    options: [{ flags: "-f, --force", text: "replace another registry with this name" }],
    examples: [
      ["holdfast remote add team s3://bucket/models", "then: holdfast ls -r team"],
      ["holdfast load @team/my:model@production", "use it"],
      ["holdfast remote add work https://models.example --token-file ~/.work-token", "a service"],
    ],
    async run([name, where], { force = false }, context) {
      const { io, shared } = context;
      checkRemoteName(name);
      const { registries } = readRemotes({ system: io.system });
      if (Object.hasOwn(registries, name) && !force) {
        const state = `the name is used for ${registries[name]?.location}`;
        const hint = "Use another name, or add --force.";
        throw alreadyExists(`name a registry ${name}`, undefined, state, { hint });
      }
      const { location, kind } = findRegistry(where, io);
      const tokenFile = shared.tokenFile === undefined
        ? undefined
        : resolve(io.cwd, shared.tokenFile);
      if (tokenFile !== undefined && kind !== "service") {
        throw invalid(
          "store a token file for this registry",
          "it is not a service",
          "Omit --token-file. Bucket credentials come from the environment; see: holdfast doctor --no-probe",
        );
      }
      const remote: Remote = tokenFile === undefined ? { location } : { location, tokenFile };
      const file = setRemote(name, remote, { system: io.system });
      await context.done({ name, ...remote, file }, `${name} is ${location}`);
      if (shared.json) return;
      if (kind === "folder" && await stat(location).catch(() => undefined) === undefined) {
        await context.note(`It does not exist yet. Create it: holdfast init @${shellWord(name)}`);
      } else await context.note(`Next: holdfast ls -r ${shellWord(name)}`);
    },
  },
);

const remoteLs: Command = defineCommand({
  name: "remote ls",
  summary: "List the named registries.",
  args: [],
  options: [],
  examples: [
    ["holdfast remote ls", "names and locations"],
    ["holdfast remote ls --json | jq -r .location", "for programs"],
  ],
  async run(_args, _options, context) {
    const { file, registries } = readRemotes({ system: context.io.system });
    const remotes = Object.entries(registries);
    const { json, quiet } = context.shared;
    const sorted = json ? remotes : inOrder(remotes, ([name]) => name);
    const rows = sorted.map(([name, remote]) => ({
      json: { name, ...remote },
      cells: quiet ? [name] : [name, remote.location, remote.tokenFile ?? ""],
    }));
    const columns = quiet || rows.length === 0
      ? undefined
      : ["NAME", { title: "WHERE", shrinks: true }, { title: "TOKEN FILE", shrinks: true }];
    await printTable(context, columns, rows);
    if (rows.length > 0) return;
    const where = file === undefined ? "" : ` in ${file}`;
    await context.note(`No named registries${where}. Add one: holdfast remote add NAME LOCATION`);
  },
});

const remoteRm: Command = defineCommand({
  name: "remote rm",
  summary: "Remove the name of a registry. The registry stays.",
  args: [{ usage: "<name>", text: "its name", completes: "remote" }],
  options: [],
  examples: [
    ["holdfast remote rm team", "the registry itself stays"],
    ["holdfast remote rm @team --quiet", "the same"],
  ],
  async run([given], _options, context) {
    const { io } = context;
    const name = given.replace(/^@/, "");
    const { registries } = readRemotes({ system: io.system });
    const location = Object.hasOwn(registries, name) ? registries[name]?.location : undefined;
    if (location === undefined) {
      const hint = "See what exists: holdfast remote ls";
      throw notFound(`remove the name ${JSON.stringify(name)}`, "no such name", hint);
    }
    setRemote(name, undefined, { system: io.system });
    await context.done({ name, location }, `Removed ${name}, which was ${location}`);
  },
});

/** The commands of remotes, in the order of the help. */
export const remotes: readonly Command[] = [
  remoteAdd,
  remoteLs,
  remoteRm,
];
