// One name: its versions, aliases and changes.
import { type ListedVersion, namePath } from "./artifacts.ts";
import type { Service } from "./service.ts";

export interface Alias {
  readonly alias: string;
  readonly version: string;
}

export interface LogEntry {
  readonly event: "saved" | "deleted" | "aliased" | "unaliased";
  readonly version?: string;
  readonly alias?: string;
  readonly at: string;
  readonly size?: number;
}

export interface NameSummary {
  readonly name: string;
  readonly versions: readonly ListedVersion[];
  /** The beginning of the next page; absent at the end. */
  readonly next?: string;
  readonly aliases: readonly Alias[];
}

const PAGE = 100;

export async function readName(
  service: Service,
  name: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<NameSummary> {
  const path = namePath(name);
  const [page, aliases] = await Promise.all([
    service.json<{ items: ListedVersion[]; next?: string }>(`${path}/versions`, {
      query: { details: true, limit: PAGE },
      signal,
    }),
    service.list<Alias>(`${path}/aliases`, { signal }),
  ]);
  return { name, versions: page.items, next: page.next, aliases };
}

/** Reads versions, newest first. `onItems` receives all so far while they arrive. */
export async function readVersions(
  service: Service,
  name: string,
  { limit, signal, onItems }: {
    limit: number;
    signal: AbortSignal;
    onItems: (items: readonly ListedVersion[]) => void;
  },
): Promise<readonly ListedVersion[]> {
  const query = { details: true, limit };
  return await service.list<ListedVersion>(`${namePath(name)}/versions`, {
    query,
    signal,
    onItems,
  });
}

export function aliasesOf({ aliases }: NameSummary, version: string): string[] {
  return aliases.filter((each) => each.version === version).map(({ alias }) => alias);
}
