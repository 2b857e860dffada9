// Checks answers about the past against the recorded timeline: every record that landed, with its
// time, whatever garbage collection made of it later.
import {
  compareVersions,
  inRange,
  isVersion,
  parseVersion,
  parseVersionRange,
} from "../../../core/naming/versions.ts";
import type { AnyRecord } from "../../../core/record.ts";
import type { Cell, Landing, Ledger } from "../ledger.ts";
import { describeOperation, type LoggedOperation, type Request } from "../operation_log.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

type Asking = LoggedOperation & { request: Extract<Request, { verb: "ask" }> };

export interface Question {
  name: string;
  ref: string;
  asOf: Date;
}

export interface Truth {
  /** The record of the ref; undefined if there was none. */
  meant?: Landing;
  lost: boolean;
}

export function checkPasts(evidence: Evidence): BrokenInvariant[] {
  const findings: BrokenInvariant[] = [];
  for (const operation of evidence.operations) {
    const { request, outcome } = operation;
    const source = request.verb === "ask" && outcome !== undefined
      ? truthFor(evidence, operation)
      : undefined;
    if (source === undefined) continue;
    const truth = truthOf(source, (operation as Asking).request);
    const problem = problemOf(evidence, operation as Asking, truth);
    if (problem !== undefined) {
      findings.push({
        invariant: "asOf says what was true then",
        message: `${describeOperation(operation)}: ${problem}`,
      });
    }
  }
  return findings;
}

function problemOf(
  evidence: Evidence,
  { outcome }: Asking,
  { meant, lost }: Truth,
): string | undefined {
  if (!outcome!.ok) {
    const { code } = outcome!.error as { code?: string };
    if (code !== "NotFound") return "nothing that happened explains it";
    return meant === undefined || lost
      ? undefined
      : `it was ${shown(evidence, meant)}, which is there still`;
  }
  const { read: { label, version } } = outcome as { read: { label: string; version?: string } };
  if (meant === undefined) return "there was none";
  const isSame = label === evidence.labelOf(meant) && version === meant.place.version!.canonical;
  return isSame ? undefined : `it was ${shown(evidence, meant)}`;
}

function shown({ labelOf }: Evidence, landing: Landing): string {
  return `${landing.place.version!.canonical} {${labelOf(landing)}}`;
}

/**
 * Returns the timeline that applies, and up to which change: for an unchanged mirror, the source's.
 */
function truthFor(
  evidence: Evidence,
  { invoked }: LoggedOperation,
): { ledger: Ledger; until: number } | undefined {
  const { operations, ledger, ledgerOf, site } = evidence;
  if (site.name === "main") return { ledger, until: invoked.order };
  const last = operations.findLast(({ request, outcome, returned }) =>
    request.verb === "mirror" && returned !== undefined && returned.order <= invoked.order &&
    outcome?.ok && "mirrored" in outcome && outcome.mirrored.failures.length === 0
  );
  if (last === undefined) return undefined;
  const source = ledgerOf((last.request as Extract<Request, { verb: "mirror" }>).from);
  const landings = [...source.cells.values()].flatMap(({ landings }) => landings);
  const isChanged = landings.some(({ order, place }) =>
    place.kind !== "key" && order > last.invoked.order && order <= invoked.order
  );
  return isChanged ? undefined : { ledger: source, until: invoked.order };
}

/** Returns when a record was written, or restored, milliseconds. */
function writtenAt(record: AnyRecord): number {
  const { createdAt } = record;
  const { restoredAt = createdAt } = record.kind === "version" && record.restored?.at(-1) || {};
  return Date.parse(restoredAt);
}

/** Returns what a timeline says about a moment, with the changes up to `until`. */
export function truthOf(
  { ledger, until }: { ledger: Ledger; until: number },
  question: Question,
): Truth {
  const { name, ref } = question;
  const asOf = question.asOf.getTime();
  const versions = ledger.cellsOf(name, "version");
  const landed = (cell: Cell) =>
    cell.landings.filter(({ order, visible }) => visible && order <= until);
  const at = (cell: Cell) => landed(cell).findLast(({ record }) => writtenAt(record) <= asOf);
  const isLive = (landing: Landing | undefined) => landing?.record.kind === "version";
  const wasReplaced = (cell: Cell) => landed(cell).at(-1) !== at(cell);
  const meantOf = (cell: Cell | undefined): Truth => {
    const meant = cell && at(cell);
    return isLive(meant) ? { meant, lost: wasReplaced(cell!) } : { lost: false };
  };
  const cellOf = (version: string) =>
    versions.find(({ place }) => place.version!.canonical === version);

  if (ref !== "latest" && isVersion(ref)) return meantOf(cellOf(parseVersion(ref).canonical));
  if (ref !== "latest" && !ref.startsWith("^")) {
    const alias = ledger.cellsOf(name, "alias").find(({ place }) => place.label === ref);
    const record = alias && at(alias)?.record;
    return record?.kind === "alias" ? meantOf(cellOf(record.version)) : { lost: false };
  }
  const range = ref === "latest" ? undefined : parseVersionRange(ref);
  const ranked = versions.filter(({ place }) =>
    range === undefined || inRange(place.version!, range)
  )
    .sort((a, b) => compareVersions(b.place.version!, a.place.version!));
  const first = ranked.findIndex((cell) => isLive(at(cell)));
  if (first < 0) return { lost: false };
  // Versions above had been deleted. Nothing shows if they came back later.
  const lost = ranked.slice(0, first + 1).some((cell) =>
    at(cell) !== undefined && wasReplaced(cell)
  );
  return { meant: at(ranked[first]), lost };
}
