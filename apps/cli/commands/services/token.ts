// `holdfast token create`, `ls` and `rm`
import { resolve } from "@std/path";
import { fault } from "../../../../core/errors.ts";
import { defineCommand } from "../../program/command.ts";
import type { Command, CommandContext, OptionDefinition } from "../../program/command.ts";
import { createToken, readTokens, removeToken } from "../../../server/access/token_file.ts";
import { printTable } from "../../terminal/print_table.ts";
import { formatTime, parseDuration } from "../../terminal/units.ts";

interface FileFlags {
  tokens?: string;
}

interface CreateFlags extends FileFlags {
  scope?: string[];
  expires?: number;
}

const FILE: OptionDefinition = {
  flags: "--tokens <file>",
  text: "the file of tokens",
  completes: "file",
};

export const tokenCreate: Command = defineCommand<[note?: string], CreateFlags>({
  name: "token create",
  summary: "Make a token for the service, and show it once.",
  details:
    "The file holds only a sum of it, so it cannot be shown again. A service that runs with --tokens takes it at " +
    "once. Scopes: read:NAME, write:NAME (a * at the end stands for anything; writing does not include reading), " +
    "metrics, admin.",
  args: [{ usage: "[note]", text: "what it is for" }],
  options: [
    FILE,
    {
      flags: "--scope <scope>",
      text: 'what it may do: "read:team/*", "write:models:*", metrics, admin',
      repeat: true,
    },
    {
      flags: "--expires <duration>",
      text: "how long it is good: 12h, 90d; else for ever",
      parse: parseDuration,
    },
  ],
  examples: [
    ['holdfast token create ci --tokens t.json --scope "read:*" --expires 90d', "for CI"],
    ["holdfast token create --tokens tokens.json --scope admin", "a first one"],
  ],
  async run([note], flags, context) {
    const { scope: scopes = [], expires: expiresInMs } = flags;
    const { token, stored } = await createToken(fileOf(flags, context), {
      scopes,
      note,
      expiresInMs,
      system: context.io.system,
    });
    const { sha256: _sha256, ...shown } = stored;
    await context.result({ token, ...shown }, token);
    await context.note(`Token ${stored.id}: it is shown this once`);
  },
});

export const tokenLs: Command = defineCommand<[], FileFlags>({
  name: "token ls",
  summary: "List the tokens of the service, without their secrets.",
  args: [],
  options: [FILE],
  examples: [
    ["holdfast token ls --tokens tokens.json", "who may do what"],
    ["holdfast token ls --tokens tokens.json --json", "the same for programs, one token a line"],
  ],
  async run(_args, flags, context) {
    const tokens = await readTokens(fileOf(flags, context)) ?? noTokens(fileOf(flags, context));
    const rows = tokens.map(({ sha256: _sha256, ...shown }) => ({
      json: shown,
      cells: [
        shown.id,
        shown.scopes.join(" "),
        ends(shown.expiresAt, context.io.system.now()),
        shown.note ?? "",
      ],
    }));
    const columns = ["ID", "SCOPES", "EXPIRES", "NOTE"];
    await printTable(context, context.shared.quiet ? undefined : columns, rows);
  },
});

export const tokenRm: Command = defineCommand<[ids: string[]], FileFlags>({
  name: "token rm",
  summary: "Remove tokens: a service that runs refuses them within a second.",
  args: [{ usage: "<ids...>", text: "their ids, as token ls shows them" }],
  options: [FILE],
  examples: [
    ["holdfast token rm 3f9c2a71b0de --tokens tokens.json", "one that got lost"],
    ["holdfast token rm 3f9c2a71b0de 81d2e5f04a17 --tokens t.json", "several at once"],
  ],
  async run([ids], flags, context) {
    const file = fileOf(flags, context);
    const there = new Set((await readTokens(file) ?? noTokens(file)).map(({ id }) => id));
    const missing = ids.filter((id) => !there.has(id));
    if (missing.length > 0) {
      throw fault({
        code: "NotFound",
        action: "remove token",
        subject: missing[0].slice(0, 12),
        state: "there is none of this id",
        hint: `See what there is: holdfast token ls --tokens ${file}`,
      });
    }
    for (const id of ids) await removeToken(file, id);
    await context.result({ removed: ids }, ids.map((id) => `Removed ${id}`).join("\n"));
  },
});

function fileOf({ tokens }: FileFlags, { io }: CommandContext): string {
  if (tokens !== undefined) return resolve(io.cwd, tokens);
  throw fault({
    code: "Invalid",
    action: "tell which tokens",
    state: "no file is given",
    hint: "Add --tokens FILE, the same as for holdfast serve.",
  });
}

function noTokens(file: string): never {
  throw fault({
    code: "NotFound",
    action: "list the tokens of",
    subject: file,
    state: "there is no such file",
    hint: `Make a first one: holdfast token create --tokens ${file} --scope admin`,
  });
}

function ends(expiresAt: string | undefined, nowMs: number): string {
  if (expiresAt === undefined) return "never";
  return Date.parse(expiresAt) <= nowMs ? "expired" : formatTime(new Date(expiresAt));
}
