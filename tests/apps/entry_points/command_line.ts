// Commands with --json, in this process.
import { assertEquals } from "@std/assert";
import { holdfast } from "../captured_io.ts";
import { type EntryPoint, type Location, Refused } from "./entry_point.ts";
import { shownAnnotations, shownInfo, shownLog } from "./registries.ts";

type Row = Record<string, never>;

export const commandLine: EntryPoint = {
  needsStore: true,
  without: {
    range: "cat writes whole files",
    "save.ifCommit": "the version of a save is new",
    "delete.ifCommit": "rm deletes what it has shown",
    "versions.after": "versions --limit is enough for people",
    "history.after": "all changes are shown",
    "history.limit": "all changes are shown",
    "search.limit": "see versions.limit",
    pages: "output is not paged",
    addPart: "programs write drafts",
    commitDraft: "programs write drafts",
    discardDraft: "programs write drafts",
    draftInfo: "programs write drafts",
    finishRun: "it finishes runs with files",
  },
  operations: {
    async save(at, { name, text, value, metadata, version, inputs = [], ...more }) {
      const { bump, share, alias, onConflict, idempotencyKey, skipIfUnchanged, compress } = more;
      const [saved] = await run(at, [
        ...["save", ...option("version", version), "--as", value === undefined ? "text" : "json"],
        ...membersOf(metadata).map(([key, json]) => `-m${key}:=${json}`),
        ...inputs.flatMap((input) => ["--input", input]),
        ...option("bump", bump),
        ...option("share", share),
        ...option("alias", alias),
        ...option("on-conflict", onConflict),
        ...option("idempotency-key", idempotencyKey),
        ...option("compress", compress),
        ...(skipIfUnchanged ? ["--skip-if-unchanged"] : []),
        ...["--", name, "-"],
      ], { stdin: value ?? text });
      return { version: saved.version, skipped: saved.skipped };
    },
    async copy(at, { ref, to, onConflict }) {
      const [saved] = await run(at, ["copy", ...option("on-conflict", onConflict), "--", ref, to]);
      return { version: saved.version, skipped: saved.skipped };
    },
    async setAlias(at, { name, alias, version, expected }) {
      const only = expected === undefined ? [] : ["--expected", expected ?? "none"];
      await run(at, ["alias", ...only, "--", name, alias, version]);
    },
    async rollbackAlias(at, { name, alias }) {
      const [{ version, was }] = await run(at, ["alias", "--rollback", "--", name, alias]);
      return { version, was };
    },
    deleteAlias: (at, { name, alias }) =>
      orMissing(run(at, ["alias", "--delete", "--", name, alias])),
    async undelete(at, { ref }) {
      const [{ restored }] = await run(at, ["undelete", "--", ref]);
      return (restored as { version: string }[])[0].version;
    },
    delete(at, { ref, allVersions, force }) {
      const flags = [...(allVersions ? ["--all"] : []), ...(force ? ["--force"] : [])];
      return orMissing(run(at, ["rm", "--yes", ...flags, "--", ref]));
    },
    async annotate(at, { ref, notes, labels, ifRevision }) {
      const [found] = await run(at, [
        "note",
        ...Object.entries(labels ?? {}).flatMap(([key, value]) =>
          value === null ? ["--unlabel", key] : ["--label", `${key}:=${JSON.stringify(value)}`]
        ),
        ...(notes === null ? ["--clear"] : []),
        ...option("if-revision", ifRevision),
        ...["--", ref, ...(typeof notes === "string" ? [notes] : [])],
      ]);
      return shownAnnotations(found);
    },
    async setRule(at, { pattern, keepLast, protect }) {
      const flags = [...option("keep-last", keepLast), ...(protect ? ["--protect"] : [])];
      await run(at, ["rules", "set", ...flags, "--", pattern]);
      return await run(at, ["rules", "ls"]);
    },
    async removeRule(at, { pattern }) {
      await run(at, ["rules", "rm", "--", pattern]);
      return await run(at, ["rules", "ls"]);
    },
    async prune(at) {
      const rows = await run(at, ["prune", "--rules", "--yes"]);
      const deleted = rows.filter(({ name }) => name !== undefined); // without the report at the end
      return deleted.map(({ name, version }) => `${name}@${version}`);
    },
    async publish(at, { name, members, version, alias }) {
      const flags = [...option("version", version), ...option("alias", alias)];
      const given = Object.entries(members).map((pair) => pair.join("="));
      const [saved] = await run(at, ["publish", ...flags, "--", name, ...given]);
      return { version: saved.version, skipped: saved.skipped };
    },
    async members(at, { ref }) {
      const rows = await run(at, ["members", "--", ref], { fails: [1] });
      return rows.map(({ member, ref, state }) => [member, ref, state]);
    },
    async load(at, { ref, asOf }) {
      const [info] = await run(at, ["info", ...option("as-of", asOf), "--", ref]);
      const bytes = await output(at, ["cat", ...option("as-of", asOf), "--", ref]);
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      const { metadata, materializer: { id } } = info as unknown as {
        metadata: unknown;
        materializer: Row;
      };
      if (id !== "text") return { value: JSON.parse(text), metadata };
      const loaded = await output(at, ["load", ...option("as-of", asOf), "--", ref]);
      assertEquals(loaded, bytes, "load and cat differ");
      return { text, metadata };
    },
    info: async (at, { ref, asOf }) =>
      shownInfo((await run(at, ["info", ...option("as-of", asOf), "--", ref]))[0]),
    async names(at, { prefix, ...options }) {
      const flags = Object.entries(options).flatMap(([name, value]) => option(name, value));
      const rows = await run(at, ["ls", ...flags, "--", ...(prefix === undefined ? [] : [prefix])]);
      return rows.map(({ name }) => name);
    },
    async versions(at, { name, ...options }) {
      const flags = Object.entries(options).flatMap(([name, value]) => option(name, value));
      return (await run(at, ["versions", ...flags, "--", name])).map(({ version }) => version);
    },
    aliases: async (at, { name }) =>
      Object.fromEntries(
        (await run(at, ["alias", "--", name])).map(({ alias, version }) => [alias, version]),
      ),
    history: async (at, { name, alias }) =>
      (await run(at, ["alias", "--history", "--", name, alias])).map(({ version }) => version),
    log: async (at, { name, limit }) =>
      shownLog(await run(at, ["log", ...option("limit", limit), "--", name])),
    async annotations(at, { ref }) {
      const [found] = await run(at, ["note", "--", ref]);
      return found === null ? null : shownAnnotations(found);
    },
    async rules(at, { name }) {
      const [{ rule, others }] = await run(at, ["rules", "test", "--", name]);
      return rule === null ? [] : [rule, ...others as unknown[]];
    },
    search: async (at, { name, query }) =>
      (await run(at, ["versions", "--where", query, "--", name])).map(({ version }) => version),
  },
};

/** Runs a command. Returns its lines of JSON. */
async function run(at: Location, args: string[], given: Given = {}): Promise<Row[]> {
  const text = new TextDecoder().decode(await output(at, ["--json", ...args], given)).trim();
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line));
}

interface Given {
  stdin?: string;
  /** Exit codes of a result. */
  fails?: number[];
}

async function output({ store, cwd }: Location, args: string[], { stdin, fails }: Given = {}) {
  const { location, env } = store!;
  const { code, err, bytes } = await holdfast(["-r", location, ...args], { cwd, env, stdin });
  if (code === 0 || fails?.includes(code) && err === "") return bytes;
  const last = err.trim().split("\n").at(-1)!;
  throw new Refused(last.startsWith("{") ? JSON.parse(last).error.code : last, err);
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${value}`];
}

/** True, or false where the library answers false and a command fails. */
async function orMissing(running: Promise<unknown>): Promise<boolean> {
  try {
    await running;
    return true;
  } catch (error) {
    if (error instanceof Refused && error.code === "NotFound") return false;
    throw error;
  }
}

/** The members of an object; the digits of a single one stay as they are written. */
function membersOf(text: string): [key: string, json: string][] {
  const members = Object.entries(JSON.parse(text));
  if (members.length !== 1) return members.map(([key, value]) => [key, JSON.stringify(value)]);
  const [[key]] = members;
  return [[key, text.slice(JSON.stringify(key).length + 2, -1)]];
}
