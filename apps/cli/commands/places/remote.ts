// `holdfast remote add`, `holdfast remote ls`, `holdfast remote rm`
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  checkRemoteName,
  readRemotes,
  type Remote,
  setRemote,
} from "../../../../registry/places/mod.ts";
import type { RegistryError } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import { findRegistry } from "../../places/find_registry.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { shellWord } from "../../program/hints.ts";
import { inOrder, printTable } from "../../terminal/print_table.ts";

export const remoteAdd: Command = defineCommand<[name: string, where: string], { force?: boolean }>(
  {
    name: "remote add",
    summary: "Give a registry a name of yours: -r team, @team/my:model.",
    details:
      "Names are in ~/.config/holdfast/config.json ($XDG_CONFIG_HOME), for you alone. It holds no secrets: of a service it " +
      "names the file that --token-file says, keys of buckets stay where they are. Nothing is opened.",
    args: [
      { usage: "<name>", text: "a word, such as team" },
      { usage: "<where>", text: "a folder or URL", completes: "place" },
    ],
    options: [{ flags: "-f, --force", text: "in place of another registry with this name" }],
    examples: [
      ["holdfast remote add team s3://bucket/models", "then: holdfast ls -r team"],
      ["holdfast load @team/my:model@production", "of that registry"],
      ["holdfast remote add work https://models.example --token-file ~/.work-token", "a service"],
    ],
    async run([name, where], { force = false }, context) {
      const { io, shared } = context;
      checkRemoteName(name);
      const { registries } = readRemotes({ system: io.system });
      if (Object.hasOwn(registries, name) && !force) {
        throw fault({
          code: "AlreadyExists",
          action: "name a registry",
          subject: name,
          state: `that is ${registries[name].location}`,
          hint: "Take another name, or add --force.",
        });
      }
      const { location, kind } = findRegistry(where, io);
      const tokenFile = shared.tokenFile === undefined
        ? undefined
        : resolve(io.cwd, shared.tokenFile);
      if (tokenFile !== undefined && kind !== "service") throw noService();
      const remote: Remote = tokenFile === undefined ? { location } : { location, tokenFile };
      const file = setRemote(name, remote, { system: io.system });
      await context.done({ name, ...remote, file }, `${name} is ${location}`);
      if (shared.json) return;
      if (kind === "folder" && await stat(location).catch(() => undefined) === undefined) {
        await context.note(`There is nothing yet. Create it: holdfast init @${shellWord(name)}`);
      } else await context.note(`Next: holdfast ls -r ${shellWord(name)}`);
    },
  },
);

function noService(): RegistryError {
  return fault({
    code: "Invalid",
    action: "keep a token file for this registry",
    state: "it is behind no service",
    hint:
      "Leave --token-file out. Keys of buckets are found by the environment, see: holdfast status",
  });
}

export const remoteLs: Command = defineCommand<[]>({
  name: "remote ls",
  summary: "List the registries that have names.",
  args: [],
  options: [],
  examples: [
    ["holdfast remote ls", "and where they are"],
    ["holdfast remote ls --json | jq -r .location", "for programs"],
  ],
  async run(_args, _options, context) {
    const { file, registries } = readRemotes({ system: context.io.system });
    const remotes = Object.entries(registries);
    const rows = (context.shared.json ? remotes : inOrder(remotes, ([name]) => name)).map((
      [name, remote],
    ) => ({
      json: { name, ...remote },
      cells: context.shared.quiet ? [name] : [name, remote.location, remote.tokenFile ?? ""],
    }));
    const columns = context.shared.quiet || rows.length === 0
      ? undefined
      : ["NAME", { title: "WHERE", shrinks: true }, { title: "TOKEN FILE", shrinks: true }];
    await printTable(context, columns, rows);
    if (rows.length > 0) return;
    await context.note(
      `No registry has a name${
        file === undefined ? "" : ` in ${file}`
      }. Give one: holdfast remote add NAME PLACE`,
    );
  },
});

export const remoteRm: Command = defineCommand<[name: string]>({
  name: "remote rm",
  summary: "Forget the name of a registry; the registry stays.",
  args: [{ usage: "<name>", text: "its name", completes: "remote" }],
  options: [],
  examples: [
    ["holdfast remote rm team", "the registry itself stays as it is"],
    ["holdfast remote rm @team --quiet", "the same"],
  ],
  async run([given], _options, context) {
    const { io } = context;
    const name = given.replace(/^@/, "");
    const { registries } = readRemotes({ system: io.system });
    if (!Object.hasOwn(registries, name)) {
      throw fault({
        code: "NotFound",
        action: "forget the registry",
        subject: JSON.stringify(name),
        state: "none has this name",
        hint: "See what there is: holdfast remote ls",
      });
    }
    setRemote(name, undefined, { system: io.system });
    const { location } = registries[name];
    await context.done({ name, location }, `${name} is no name any more; it was ${location}`);
  },
});
