// The evidence and findings of the checks of one registry.
import { isSaving, type LoggedOperation, type OperationLog } from "../operation_log.ts";
import type { Landing, Ledger } from "../ledger.ts";
import type { SimulatedSettings } from "../schedules/schedule.ts";
import type { Site } from "../stores/site.ts";
import { GRACE_MS, type World } from "../world.ts";

export interface Evidence {
  site: Site;
  ledger: Ledger;
  operations: readonly LoggedOperation[];
  settings: SimulatedSettings & { graceMs: number };
  ledgerOf(site: string): Ledger;
  ownerOf(landing: Landing): LoggedOperation | undefined;
  /** Returns the label of a record's value; undefined for others. */
  labelOf(landing: Landing): string | undefined;
}

export function evidenceOf(world: World, site: Site, settings: SimulatedSettings): Evidence {
  const { labels, log, history, sites } = world;
  const labelOf = ({ record }: Landing) =>
    record.kind === "version" ? labels.of(record) : undefined;
  const operations = log.operations.filter((operation) => operation.site === site.name);
  // lists may miss recent writes of others: as if the operation had begun then
  for (const { invoked } of site.staleMs > 0 ? operations : []) {
    invoked.order = history.orderAt(invoked.at - site.staleMs);
  }
  return {
    site,
    ledger: site.ledger,
    operations,
    settings: { ...settings, ...site.settings, graceMs: GRACE_MS },
    ledgerOf: (name) => sites.find((other) => other.name === name)!.ledger,
    ownerOf: (landing) => ownerOf(log, landing, labelOf(landing)),
    labelOf,
  };
}

/** Returns the operation of a part of an operation. */
function ownerOf(
  log: OperationLog,
  { record, place }: Landing,
  label?: string,
): LoggedOperation | undefined {
  const owner = log.ownerOf(record.commit);
  if (owner === undefined || owner.parts.length === 0) return owner;
  return owner.parts.find(({ request }) => {
    if (!isSaving(request) || request.name !== place.name) return false;
    if (record.kind === "key") return request.options.idempotencyKey === place.label;
    return request.verb === "save" && request.value.label === label;
  });
}

/** A broken promise. */
export interface BrokenInvariant {
  invariant: Invariant;
  message: string;
}

/** Notes that an operation broke a promise. */
export type Say = (promise: Invariant, state: string) => void;

/** A write and the changes that it committed. */
export interface CheckedWrite {
  operation: LoggedOperation;
  commits: readonly Landing[];
  say: Say;
}

/** The promises of a registry. */
export type Invariant =
  | "one winner per generation"
  | "an operation commits at most once"
  | "an acknowledged change is kept"
  | "a failed operation has no effect"
  | "operations on a cell are linearizable"
  | "a reader never fails because of a writer"
  | "automatic versions have no gaps"
  | "a valid record has its payload"
  | "garbage is bounded"
  | "errors are RegistryErrors that fit"
  | "nothing is sent past the deadline"
  | "copied versions stay the same"
  | "retention keeps what it must"
  | "the inputs of a version are noted before it"
  | "a mirror holds what its source held"
  | "asOf says what was true then";
