// One name: its versions, aliases and changes.
import type { OnWire } from "../../../core/kinds.ts";
import type { LogEntry as LoggedChange } from "../../../core/registry/log.ts";
import { type ListedVersion, namePath } from "./artifacts.ts";
import type { Beginning, Service, ServiceError } from "./service.ts";

export interface Alias {
  readonly alias: string;
  readonly version: string;
}

export type LogEntry = Omit<OnWire<LoggedChange>, "name">;

export interface NameSummary {
  readonly name: string;
  readonly versions: readonly ListedVersion[];
  /** The beginning of the next page; absent at the end. */
  readonly next?: string;
  readonly aliases: readonly Alias[];
}

const PAGE = 100;
const FACTS = "size,createdAt,materializer,files.length,annotations";

interface VersionsPage {
  readonly items: readonly ListedVersion[];
  readonly next?: string;
}

export async function readName(
  service: Service,
  name: string,
  { limit = PAGE, signal }: { limit?: number; signal?: AbortSignal } = {},
): Promise<NameSummary> {
  const path = namePath(name);
  const query = { fields: `${FACTS},metadata`, limit };
  const [{ items, next }, aliases] = await Promise.all([
    service.json<VersionsPage>(`${path}/versions`, { query, signal }),
    service.list<Alias>(`${path}/aliases`, { signal }),
  ]);
  return { name, versions: items, next, aliases };
}

/** Returns a value that differs when there is another newest version, or an alias has changed. */
export function stateOf({ versions: [newest], aliases }: NameSummary): string {
  return JSON.stringify([newest?.version, newest?.modifiedAt, aliases]);
}

/** Reads the versions after those of a summary. `onItems` receives all so far after each page. */
export async function readVersions(
  service: Service,
  { name, versions, next }: NameSummary,
  { metadata, whole, limit, signal, onItems }: {
    /** Keys as `metadata.accuracy`; `metadata` for all of them. */
    metadata: readonly string[];
    /** Number of the newest versions that are read with all their metadata. */
    whole: number;
    limit: number;
    signal: AbortSignal;
    onItems: (items: readonly ListedVersion[]) => void;
  },
): Promise<Beginning<ListedVersion>> {
  const all = [...versions];
  let after = next;
  while (after !== undefined && all.length < limit) {
    const isWhole = all.length < whole;
    const fields = [FACTS, ...isWhole ? ["metadata"] : metadata].join();
    const rest = (isWhole ? Math.min(whole, limit) : limit) - all.length;
    const query = { fields, after, limit: Math.min(rest, 1000) };
    const path = `${namePath(name)}/versions`;
    const page: VersionsPage = await service.json<VersionsPage>(path, { query, signal });
    all.push(...page.items);
    onItems(all);
    after = page.next;
  }
  return { items: all, isCut: after !== undefined };
}

export function aliasesOf({ aliases }: NameSummary, version: string): string[] {
  return aliases.filter((each) => each.version === version).map(({ alias }) => alias);
}

/** Aliases of some names. */
export interface AliasesOfNames {
  /** By the ref that they point to. */
  readonly byRef: ReadonlyMap<string, readonly string[]>;
  /** Why those of other names could not be read, by name. */
  readonly errors: ReadonlyMap<string, unknown>;
}

/** Reads the aliases of names. A name that does not exist has none. */
export async function readAliases(
  service: Service,
  names: readonly string[],
  signal: AbortSignal,
): Promise<AliasesOfNames> {
  const errors = new Map<string, unknown>();
  const all = await Promise.all(names.map(async (name) => {
    try {
      const aliases = await service.list<Alias>(`${namePath(name)}/aliases`, { signal });
      return aliases.map(({ alias, version }) => ({ alias, ref: `${name}@${version}` }));
    } catch (error) {
      signal.throwIfAborted();
      if ((error as Partial<ServiceError>).status !== 404) errors.set(name, error);
      return [];
    }
  }));
  const groups = Map.groupBy(all.flat(), ({ ref }) => ref);
  const byRef = new Map([...groups].map(([ref, own]) => [ref, own.map(({ alias }) => alias)]));
  return { byRef, errors };
}
