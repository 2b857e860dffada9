// The library, and the client of a service.
import { openHttpRegistry } from "../../../apps/client.ts";
import { parseExactJson } from "../../../core/text/json_text.ts";
import { decodeJson } from "../../../materializers/json/decode_json.ts";
import { encodeJson } from "../../../materializers/json/encode_json.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { logOf, type Registry } from "../../../mod.ts";
import { annotate, annotationsOf } from "../../../registry/mod.ts";
import { changeRules, pruneByRules, readRules } from "../../../registry/maintenance.ts";
import type { Arguments, EntryPoint, Location, Operation, Operations } from "./entry_point.ts";

type Method<Name extends Operation> = (
  registry: Registry,
  given: Arguments[Name],
) => Promise<unknown>;

const METHODS: { [Name in Exclude<Operation, "search">]: Method<Name> } = {
  async save(registry, { name, text, value, metadata, alias, ...options }) {
    const content = value === undefined ? text : decodeJson(JSON.parse(value), new Map());
    const own = parseExactJson(metadata) as Record<string, never>;
    const { version, skipped } = await registry.save(name, content, { ...options, metadata: own });
    if (alias !== undefined) await registry.setAlias(name, alias, version);
    return { version, skipped };
  },
  async copy(registry, { ref, to, ...options }) {
    const { version, skipped } = await registry.copy(ref, to, options);
    return { version, skipped };
  },
  setAlias: (registry, { name, alias, version, ...options }) =>
    registry.setAlias(name, alias, version, options),
  deleteAlias: (registry, { name, alias }) => registry.deleteAlias(name, alias),
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
  async load(registry, { ref }) {
    const { metadata, materializer } = await registry.info(ref);
    const value = await registry.load(ref);
    if (materializer.id === "text") return { text: value, metadata };
    return { value: encodeJson(value).root, metadata };
  },
  async info(registry, { ref }) {
    return shownInfo(await registry.info(ref));
  },
  async range(registry, { ref, ...range }) {
    const [file] = (await registry.open(ref)).files();
    return await new Response(file.stream(range)).text();
  },
  names: (registry, options) => Array.fromAsync(registry.names(options)),
  versions: (registry, { name, ...options }) =>
    Array.fromAsync(registry.versions(name, options), ({ version }) => version),
  aliases: async (registry, { name }) =>
    Object.fromEntries(
      await Array.fromAsync(registry.aliases(name), ({ alias, version }) => [alias, version]),
    ),
  history: (registry, { name, alias }) =>
    Array.fromAsync(registry.history(name, alias), ({ version }) => version ?? null),
  log: async (registry, { name }) => shownLog(await Array.fromAsync(logOf(registry, name))),
  async annotations(registry, { ref }) {
    const found = await annotationsOf(registry, ref);
    return found === undefined ? null : shownAnnotations(found);
  },
  rules: async (registry, { name }) => (await readRules(registry, { name })).rules,
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

export const library = entryPoint((at, run) => at.use(run), {
  search: "programs filter what they list",
});

export const client = entryPoint(async ({ url, token }, run) => {
  await using registry = await openHttpRegistry(url, {
    token,
    materializers: createMaterializers(),
  });
  return await run(registry);
}, { search: "programs filter what they list", prune: "maintenance needs the store" });

// deno-lint-ignore no-explicit-any -- an info of any entry point
export function shownInfo(info: any): unknown {
  const { name, version, commit, digest, size, createdAt, materializer, inputs, files } = info;
  // deno-lint-ignore no-explicit-any -- the same
  const shown = files.map(({ path, size, sha256, mediaType }: any) => ({
    ...{ path, size, sha256, mediaType },
  }));
  const kind = materializer.id;
  return { name, version, commit, digest, size, createdAt, kind, inputs, files: shown };
}

// deno-lint-ignore no-explicit-any -- annotations of any entry point
export function shownAnnotations({ notes, labels, revision }: any): unknown {
  return { notes, labels, revision };
}

// deno-lint-ignore no-explicit-any -- a log of any entry point, without order: times may be equal
export function shownLog(entries: any[]): string[] {
  return entries.map(({ event, alias, version }) =>
    [event, alias, version].filter(Boolean).join(" ")
  )
    .sort();
}
