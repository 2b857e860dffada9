// What happened to a name, from its records.
import { isPrefix } from "../../../core/backend.ts";
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { checkName, shown } from "../../../core/naming/names.ts";
import type { LogEntry, LogOptions } from "../../../core/registry/log.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { asGeneration, readRecord, type VersionHead, versionHeads } from "../../cell/heads.ts";
import { firstSavedAt } from "../../cell/since.ts";
import { aliasesFolder, cellOf, parseCellKey } from "../../format/layout.ts";
import { type Context, knownContext } from "../context.ts";
import { readCell } from "../resolve.ts";
import { deletionOf } from "./past.ts";

/** A listed entry with events, none of which is newer than the entry. */
interface Source {
  /** When the store received it, milliseconds. */
  modifiedAt: number;
  /** Its rank among events of the same millisecond: higher is newer. */
  order: number;
  /** Reads its events. */
  read(): Promise<LogEntry[]> | LogEntry[];
}

/** Some stores report whole seconds. */
const CLOCK_STEP_MS = 1_000;
/** Minimum number of records to read before checking whether they are enough. */
const MIN_BATCH = 16;

/** What `logOf` of `registry/tools.ts` does. */
export async function logOf(
  registry: Registry,
  name: string,
  options: LogOptions,
): Promise<LogEntry[]> {
  const { limit = Infinity, signal } = options;
  checkName(name);
  const { service } = registry;
  if (service?.log !== undefined) {
    return await Array.fromAsync(service.log(name, { limit, signal }));
  }
  const context = knownContext(registry);
  const sources = await Array.fromAsync(
    context === undefined
      ? sourcesByContract(registry, name, options)
      : sourcesOf(context, name, signal),
  );
  if (sources.length === 0) throw noSuchName(registry, name);
  return await newestOf(sources, limit);
}

/** Reads the newest sources until the newest events are certain: an event is never newer than its object in the store. */
async function newestOf(sources: Source[], limit: number): Promise<LogEntry[]> {
  sources.sort((a, b) => b.modifiedAt - a.modifiedAt);
  let found: { entry: LogEntry; order: number }[] = [];
  const batch = Math.max(MIN_BATCH, limit);
  for (let at = 0; at < sources.length; at += batch) {
    const last = found.at(-1);
    if (
      found.length >= limit && last!.entry.at.getTime() > sources[at].modifiedAt + CLOCK_STEP_MS
    ) break;
    await forEachAtOnce(sources.slice(at, at + batch), async ({ order, read }) => {
      for (const entry of await read()) found.push({ entry, order });
    });
    found.sort((a, b) =>
      b.entry.at.getTime() - a.entry.at.getTime() || RANKS[b.entry.event] - RANKS[a.entry.event] ||
      b.order - a.order
    );
    found = found.slice(0, limit);
  }
  return found.map(({ entry }) => entry);
}

/** The order of what happened in one millisecond: a version is saved before an alias names it, and deleted last. */
const RANKS: Record<LogEntry["event"], number> = { saved: 0, aliased: 1, unaliased: 1, deleted: 2 };

async function* sourcesOf(
  context: Context,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<Source> {
  let order = 0;
  for await (const listed of versionHeads(context, name, { deleted: true, signal })) {
    const read = () =>
      listed.head.dead
        ? readDeletion(context, name, listed, signal)
        : readSave(context, name, listed, signal);
    yield { modifiedAt: listed.head.modifiedAt, order: --order, read };
  }
  for await (const entry of context.backend.list(aliasesFolder(name), { signal })) {
    const listed = isPrefix(entry) ? undefined : asGeneration(entry);
    const alias = listed && parseCellKey(listed.key)?.label;
    if (listed === undefined || alias === undefined) continue;
    const read = () => readChange(context, { name, alias, key: listed.key }, signal);
    yield { modifiedAt: listed.modifiedAt, order: listed.generation, read };
  }
}

async function readSave(
  context: Context,
  name: string,
  { version: { canonical }, head }: VersionHead,
  signal?: AbortSignal,
): Promise<LogEntry[]> {
  try {
    const located = await readCell(context, cellOf(head.key), { head, signal });
    if (located === undefined) return []; // deleted since it was listed
    const { version, createdAt, size, commit } = located.record;
    const at = new Date(createdAt);
    const first = firstSavedAt(located.record);
    return [
      { event: "saved", name, version, at, size, commit },
      ...(first !== undefined && first < at
        ? [{ event: "saved", name, version, at: first } as const]
        : []),
    ];
  } catch (error) {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    return [{ event: "saved", name, version: canonical, at: new Date(head.modifiedAt) }];
  }
}

async function readDeletion(
  context: Context,
  name: string,
  { version: { canonical: version }, head }: VersionHead,
  signal?: AbortSignal,
): Promise<LogEntry[]> {
  const record = (await readRecord(context, head.key, signal))?.record;
  if (record?.kind !== "deleted") return []; // removed since it was listed
  const { deletedAt, savedAt } = deletionOf(record);
  return [
    { event: "deleted", name, version, at: deletedAt },
    ...(savedAt === undefined ? [] : [{ event: "saved", name, version, at: savedAt } as const]),
  ];
}

async function readChange(
  context: Context,
  { name, alias, key }: { name: string; alias: string; key: string },
  signal?: AbortSignal,
): Promise<LogEntry[]> {
  const record = (await readRecord(context, key, signal))?.record;
  if (record === undefined) return []; // removed since it was listed
  const { createdAt, commit } = record;
  const told = { name, alias, at: new Date(createdAt), commit };
  return [
    record.kind === "alias"
      ? { event: "aliased", version: record.version, ...told }
      : { event: "unaliased", ...told },
  ];
}

/** Returns events that every registry can provide: those of its present versions and aliases. */
async function* sourcesByContract(
  registry: Registry,
  name: string,
  { limit, signal }: LogOptions,
): AsyncGenerator<Source> {
  let order = 0;
  for await (const { version, modifiedAt } of registry.versions(name, { signal })) {
    const read = () => readInfo(registry, { name, version, modifiedAt }, { signal });
    yield { modifiedAt: modifiedAt.getTime(), order: --order, read };
  }
  for (const alias of Object.keys(await registry.aliases(name, { signal }))) {
    let order = 0;
    for await (const change of registry.history(name, alias, { limit, signal })) {
      const { version, createdAt: at, changedAt, commit } = change;
      const event = version === undefined ? "unaliased" : "aliased";
      const entry: LogEntry = {
        event,
        name,
        ...(version === undefined ? {} : { version }),
        alias,
        at,
        commit,
      };
      yield {
        modifiedAt: Math.max(changedAt.getTime(), at.getTime()),
        order: --order,
        read: () => [entry],
      };
    }
  }
}

async function readInfo(
  registry: Registry,
  { name, version, modifiedAt }: { name: string; version: string; modifiedAt: Date },
  options: SignalOptions,
): Promise<LogEntry[]> {
  try {
    const { createdAt, size, commit } = await registry.info(`${name}@${version}`, options);
    return [{ event: "saved", name, version, at: createdAt, size, commit }];
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return []; // deleted since it was listed
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    return [{ event: "saved", name, version, at: modifiedAt }];
  }
}

function noSuchName({ location }: Registry, name: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find",
    subject: shown(name),
    state: "nothing was ever saved under it",
    hint: "Check the spelling; registry.names() lists the names that there are.",
    hints: {
      cli: "Check the spelling; holdfast ls lists the names that there are.",
      http: "Check the spelling; GET /names lists the names that there are.",
    },
    backend: location,
  });
}
