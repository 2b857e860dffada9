import { resolve } from "node:path";
import { invalid, notFound } from "../../terminal/hints.ts";
import { defineCommand } from "../../program/command.ts";
import type { Command, CommandContext, OptionDefinition } from "../../program/command.ts";
import {
  changeToken,
  createToken,
  removeToken,
  rotateToken,
} from "../../../server/access/change_tokens.ts";
import { readTokens } from "../../../server/access/token_file.ts";
import { readTokenUses, type TokenUse } from "../../../server/access/token_uses.ts";
import { printTable } from "../../program/print_table.ts";
import { formatTime, parseDuration } from "../../terminal/units.ts";
import { shellWord } from "../../../../core/text/shell_word.ts";

const ID = { usage: "<id>", text: "its id, from token ls" } as const;

const FILE = {
  flags: "--tokens <file>",
  text: "the file of tokens",
  completes: "file",
} as const satisfies OptionDefinition;

const tokenCreate: Command = defineCommand({
  name: "token create",
  summary: "Create a token for the service, and print it once.",
  details:
    "The file stores only its hash, so it cannot be printed again. A running service accepts it " +
    "at once. Scopes: read:NAME, save:NAME (new versions), move:NAME (aliases, releases), " +
    "promote:NAME (protected aliases too), delete:NAME, write:NAME (save, move and delete), " +
    "metrics, admin. A * at the end matches anything.",
  args: [{ usage: "[note]", text: "its purpose" }],
  options: [
    FILE,
    {
      flags: "--scope <scope>",
      text: 'a right: "read:team/*", "save:models:*", metrics, admin',
      repeat: true,
    },
    {
      flags: "--expires <duration>",
      text: "lifetime, such as 90d (default: unlimited)",
      parse: parseDuration,
    },
  ],
  examples: [
    ['holdfast token create ci --tokens t.json --scope "read:*" --expires 90d', "for CI"],
    ["holdfast token create --tokens tokens.json --scope admin", "a first token"],
  ],
  whenUnread: "fail",
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
    await context.note(`Token ${stored.id}: copy it now, it is not shown again`);
  },
});

const tokenSet: Command = defineCommand({
  name: "token set",
  summary: "Change the scopes, note or expiry of a token; its secret stays.",
  details: "A running service follows within a second. --scope replaces all scopes.",
  args: [ID],
  options: [
    FILE,
    { flags: "--scope <scope>", text: "a right; replaces the present ones", repeat: true },
    { flags: "--note <note>", text: "its purpose: the author of its changes" },
    {
      flags: "--expires <duration>",
      text: "lifetime from now, such as 90d, or never",
      parse: (text: string) => text === "never" ? Infinity : parseDuration(text),
    },
  ],
  examples: [
    ['holdfast token set 3f9c2a71b0de --tokens t.json --scope "save:models:*"', "fewer rights"],
    ["holdfast token set 3f9c2a71b0de --tokens t.json --expires 90d", "for longer"],
  ],
  async run([id], flags, context) {
    const { scope: scopes, note, expires: expiresInMs } = flags;
    if (scopes === undefined && note === undefined && expiresInMs === undefined) {
      const hint = "Add --scope, --note or --expires.";
      throw invalid(`change token ${id}`, "no change is given", hint);
    }
    const { system } = context.io;
    const options = { scopes, note, expiresInMs, system };
    const { sha256: _, previous: __, ...shown } = await changeToken(
      fileOf(flags, context),
      id,
      options,
    );
    const ending = ends(shown.expiresAt, system.now());
    await context.result(shown, `${id}: ${shown.scopes.join(" ")}, expires ${ending}`);
  },
});

const tokenRotate: Command = defineCommand({
  name: "token rotate",
  summary: "Give a token a new secret, and print it once.",
  details:
    "Id, note, scopes and expiry stay. A running service rejects the old secret within a second, " +
    "or after --keep.",
  args: [ID],
  options: [
    FILE,
    {
      flags: "--keep <duration>",
      text: "accept the old secret this long, such as 1d",
      parse: parseDuration,
    },
  ],
  examples: [
    ["holdfast token rotate 3f9c2a71b0de --tokens t.json", "a leaked token"],
    ["holdfast token rotate 3f9c2a71b0de --tokens t.json --keep 7d", "a week to replace it"],
  ],
  whenUnread: "fail",
  async run([id], flags, context) {
    const { system } = context.io;
    const options = { keepForMs: flags.keep, system };
    const { token, stored } = await rotateToken(fileOf(flags, context), id, options);
    const { sha256: _, previous, ...shown } = stored;
    const until = previous && { oldUntil: previous.expiresAt };
    await context.result({ token, ...shown, ...until }, token);
    const old = previous
      ? `the old secret is accepted until ${formatTime(new Date(previous.expiresAt))}`
      : "the old secret is no longer accepted";
    await context.note(`Token ${id}: copy it now, it is not shown again; ${old}`);
  },
});

const tokenLs: Command = defineCommand({
  name: "token ls",
  summary: "List the tokens of the service, without their secrets.",
  details:
    "USED is the last use, at most some minutes old. Services note it in TOKENS.used beside the " +
    "file; it is unknown if they may not write there.",
  args: [],
  options: [FILE],
  examples: [
    ["holdfast token ls --tokens tokens.json", "ids, scopes and expiry"],
    ["holdfast token ls --tokens tokens.json --json", "for programs, one token per line"],
  ],
  async run(_args, flags, context) {
    const file = fileOf(flags, context);
    const tokens = await readTokens(file) ?? noTokens(file);
    const uses = await readTokenUses(file);
    const now = context.io.system.now();
    const rows = tokens.map(({ sha256: _sha256, previous: _previous, ...shown }) => {
      const { id, scopes, expiresAt, note = "" } = shown;
      const lastUse = uses?.get(id);
      const used = uses === undefined
        ? "unknown"
        : lastUse === undefined
        ? "never"
        : useText(lastUse);
      return {
        json: { ...shown, lastUse },
        cells: [id, scopes.join(" "), ends(expiresAt, now), used, note],
      };
    });
    const columns = ["ID", "SCOPES", "EXPIRES", "USED", "NOTE"];
    await printTable(context, context.shared.quiet ? undefined : columns, rows);
  },
});

const tokenRm: Command = defineCommand({
  name: "token rm",
  summary: "Remove tokens. A running service rejects them within a second.",
  args: [{ usage: "<ids...>", text: "their ids, from token ls" }],
  options: [FILE],
  examples: [
    ["holdfast token rm 3f9c2a71b0de --tokens tokens.json", "a lost token"],
    ["holdfast token rm 3f9c2a71b0de 81d2e5f04a17 --tokens t.json", "several at once"],
  ],
  async run([ids], flags, context) {
    const file = fileOf(flags, context);
    const known = new Set((await readTokens(file) ?? noTokens(file)).map(({ id }) => id));
    const missing = ids.find((id) => !known.has(id));
    if (missing !== undefined) {
      const hint = `See what exists: holdfast token ls --tokens ${shellWord(file)}`;
      throw notFound(`remove token ${missing.slice(0, 12)}`, "no such id", hint);
    }
    for (const id of ids) await removeToken(file, id);
    await context.result({ removed: ids }, ids.map((id) => `Removed ${id}`).join("\n"));
  },
});

function fileOf({ tokens }: { tokens?: string }, { io }: CommandContext): string {
  if (tokens !== undefined) return resolve(io.cwd, tokens);
  const hint = "Add --tokens FILE, the same as for holdfast serve.";
  throw invalid("manage tokens", "--tokens is missing", hint);
}

function noTokens(file: string): never {
  const hint = `Create a first token: holdfast token create --tokens ${
    shellWord(file)
  } --scope admin`;
  throw notFound(`list the tokens of ${file}`, "no such file", hint);
}

function useText({ at, from }: TokenUse): string {
  return `${formatTime(new Date(at))}${from === undefined ? "" : ` from ${from}`}`;
}

function ends(expiresAt: string | undefined, nowMs: number): string {
  if (expiresAt === undefined) return "never";
  return Date.parse(expiresAt) <= nowMs ? "expired" : formatTime(new Date(expiresAt));
}

/** The commands of tokens, in the order of the help. */
export const tokens: readonly Command[] = [
  tokenCreate,
  tokenLs,
  tokenRm,
  tokenRotate,
  tokenSet,
];
