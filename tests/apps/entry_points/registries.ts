// The library, and the client of a service.
import { parseExactJson } from "../../../core/text/json_text.ts";
import { decodeJson } from "../../../materializers/json/decode_json.ts";
import { encodeJson } from "../../../materializers/json/encode_json.ts";
import { realSystem } from "../../../core/system.ts";
import {
  openRegistry,
  publishRelease,
  readLog,
  type Registry,
  resolveRelease,
} from "../../../mod.ts";
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { pruneByRules } from "../../../extensions/maintenance/pruning/mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import type { Arguments, EntryPoint, Location, Operation, Operations } from "./entry_point.ts";

type Method<Name extends Operation> = (
  registry: Registry,
  given: Arguments[Name],
) => Promise<unknown>;

const METHODS: { [Name in Exclude<Operation, "search" | "pages">]: Method<Name> } = {
  async save(registry, { name, text, value, metadata, ...options }) {
    const content = value === undefined ? text : decodeJson(JSON.parse(value), new Map());
    const own = parseExactJson(metadata) as Record<string, never>;
    const { version, skipped } = await registry.save(name, content, { ...options, metadata: own });
    return { version, skipped };
  },
  async copy(registry, { ref, to, ...options }) {
    const { version, skipped } = await registry.copy(ref, to, options);
    return { version, skipped };
  },
  setAlias: (registry, { name, alias, version, ...options }) =>
    registry.setAlias(name, alias, version, options),
  async rollbackAlias(registry, { name, alias }) {
    const { version, was = null } = await registry.rollbackAlias(name, alias);
    return { version, was };
  },
  deleteAlias: (registry, { name, alias }) => registry.deleteAlias(name, alias),
  undelete: async (registry, { ref }) => (await registry.undelete(ref)).version,
  delete: (registry, { ref, ...options }) => registry.delete(ref, options),
  async annotate(registry, { ref, ifRevision, ...change }) {
    const given = change as Parameters<typeof annotate>[2];
    return shownAnnotations(await annotate(registry, ref, given, { ifRevision }));
  },
  setRule: async (registry, set) => (await changeRules(registry, { set })).rules,
  removeRule: async (registry, { pattern }) =>
    (await changeRules(registry, { remove: pattern })).rules,
  async prune(registry) {
    const { deleted } = await pruneByRules(registry);
    return deleted.map(({ name, version }) => `${name}@${version}`);
  },
  async publish(registry, { name, members, ...options }) {
    const { version, skipped } = await publishRelease(registry, name, members, options);
    return { version, skipped };
  },
  async addPart(registry, { name, draft: id, part, path, text }) {
    const draft = await registry.openDraft(name, { id });
    return await draft.addPart(part, [{ path, content: new TextEncoder().encode(text) }]);
  },
  async commitDraft(registry, { name, draft: id, ...options }) {
    const { version, skipped } = await (await registry.openDraft(name, { id })).commit(options);
    return { version, skipped };
  },
  discardDraft: async (registry, { name, draft: id }) =>
    await (await registry.openDraft(name, { id })).discard(),
  async finishRun(registry, { name, run: id, text }) {
    const run = await openRun(registry, name, { id });
    run.log({ loss: 0.5 });
    const { version, skipped } = await run.finish(text);
    return { version, skipped };
  },
  async load(registry, { ref, asOf }) {
    const options = { asOf: asOf === undefined ? undefined : new Date(asOf) };
    const { metadata, materializer } = await registry.info(ref, options);
    const value = await registry.load(ref, options);
    if (materializer.id === "text") return { text: value, metadata };
    return { value: encodeJson(value).root, metadata };
  },
  async info(registry, { ref, asOf }) {
    const options = { asOf: asOf === undefined ? undefined : new Date(asOf) };
    return shownInfo(await registry.info(ref, options));
  },
  async range(registry, { ref, ...range }) {
    const file = (await registry.open(ref)).file();
    return await new Response(file.stream(range)).text();
  },
  names: (registry, options) => Array.fromAsync(registry.names(options)),
  versions: (registry, { name, ...options }) =>
    Array.fromAsync(registry.versions(name, options), ({ version }) => version),
  aliases: async (registry, { name }) =>
    Object.fromEntries(
      await Array.fromAsync(registry.aliases(name), ({ alias, version }) => [alias, version]),
    ),
  history: (registry, { name, alias, ...options }) =>
    Array.fromAsync(registry.history(name, alias, options), ({ version }) => version ?? null),
  log: async (registry, { name, ...options }) =>
    shownLog(await Array.fromAsync(readLog(registry, name, options))),
  async annotations(registry, { ref }) {
    const found = await readAnnotations(registry, ref);
    return found === undefined ? null : shownAnnotations(found);
  },
  rules: async (registry, { name }) => (await readRules(registry, { name })).rules,
  members: async (registry, { ref }) =>
    shownMembers(await resolveRelease(registry, ref, { partial: true })),
  draftInfo: async (registry, { name, draft: id }) =>
    shownDraft(await (await registry.openDraft(name, { id })).info()),
};

type Use = <T>(at: Location, run: (registry: Registry) => Promise<T>) => Promise<T>;

function entryPoint(use: Use, without: EntryPoint["without"]): EntryPoint {
  const methods = Object.entries(METHODS).filter(([name]) => !(name in without));
  const operations = methods.map(([name, method]) => [
    name,
    (at: Location, given: never) => use(at, (registry) => method(registry, given)),
  ]);
  return { operations: Object.fromEntries(operations) as Partial<Operations>, without };
}

const PROGRAMS = {
  search: "programs filter what they list",
  pages: "programs iterate over lists",
};

export const library = entryPoint((at, run) => at.use(run), PROGRAMS);

export const client = entryPoint(async ({ url, token }, run) => {
  const system = { ...realSystem, env: (name: string) => name === "HOLDFAST_TOKEN" ? token : "" };
  await using registry = await openRegistry(url, { system });
  return await run(registry);
}, { ...PROGRAMS, prune: "maintenance needs the store" });

// deno-lint-ignore no-explicit-any -- an info of any entry point
export function shownInfo(info: any): unknown {
  const { name, version, commit, digest, size, createdAt, materializer, inputs, files } = info;
  // deno-lint-ignore no-explicit-any -- the same
  const shown = files.map(({ path, size, sha256, mediaType }: any) => ({
    path,
    size,
    sha256,
    mediaType,
  }));
  const kind = materializer.id;
  return { name, version, commit, digest, size, createdAt, kind, inputs, files: shown };
}

// deno-lint-ignore no-explicit-any -- annotations of any entry point
export function shownAnnotations({ notes, labels, revision }: any): unknown {
  return { notes, labels, revision };
}

// deno-lint-ignore no-explicit-any -- a log of any entry point
export function shownLog(entries: any[]): string[] {
  return entries.map(({ event, alias, version }) =>
    [event, alias, version].filter(Boolean).join(" ")
  );
}

// deno-lint-ignore no-explicit-any -- a release of any entry point
export function shownMembers({ members }: any): unknown {
  // deno-lint-ignore no-explicit-any -- the same
  const shown = Object.entries<any>(members).map(([key, { ref, state }]) => [key, ref, state]);
  return shown;
}

// deno-lint-ignore no-explicit-any -- a draft of any entry point
export function shownDraft({ state, version, parts }: any): unknown {
  return { state, version, parts: parts.map(({ part }: { part: string }) => part) };
}
