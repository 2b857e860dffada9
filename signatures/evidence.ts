// Checks of a version against the conditions of a promotion.
import { isDeepStrictEqual } from "node:util";
import { type Candidate, messageOf, shown } from "../core/kernel.ts";
import type { LogEntry } from "../registry/mod.ts";
import { comparisonsIn } from "./comparisons.ts";
import { reportOn } from "./report.ts";
import type { KeylessSigner, Trusted } from "./signers/signer.ts";
import { readTrusted } from "./signers/trusted.ts";

/** Returns which of the signers has not signed, and why its signature does not count. */
export async function unsigned(
  signedBy: readonly (string | KeylessSigner)[],
  { info }: Pick<Candidate, "info">,
): Promise<string | undefined> {
  const unusable: string[] = [], signers: Trusted[] = [];
  for (const signer of signedBy) {
    try {
      signers.push(...await readTrusted([signer]));
    } catch (error) {
      unusable.push(`a key that must sign cannot be used: ${messageOf(error)}`);
    }
  }
  const { unmet } = reportOn(info, signers);
  const states = [...unmet.map((signer) => `it has no valid signature of ${signer}`), ...unusable];
  return states.length === 0 ? undefined : states.join("; ");
}

/** Returns each comparison that does not hold, with the value of the version. */
export function unlike(where: string, { info }: Candidate): string | undefined {
  const states = comparisonsIn(where).filter(({ meets }) => !meets(info)).map((each) =>
    `${each.text} does not hold: ${each.field} is ${valueText(each.read(info))}`
  );
  return states.length === 0 ? undefined : states.join("; ");
}

/** Returns a value of metadata as text. JSON has no NaN. */
function valueText(value: unknown): string {
  if (typeof value === "number") return String(value);
  return (JSON.stringify(value) ?? "missing").slice(0, 200);
}

/** Returns why a label does not count as a review: by another author, since the version was saved. */
export async function unreviewed(
  label: string,
  { info, log }: Candidate,
): Promise<string | undefined> {
  const named = `the label ${shown(label)}`;
  const value = ownOf(info.annotations?.labels, label);
  if (value === undefined || value === null || value === "") return `${named} is missing`;
  if (value === false) return `${named} is false`;
  if (info.by === undefined) return "the author of the version is unknown";
  const set = await changeOf(log(), { label, value });
  if (set?.by === undefined) return `it is unknown who set ${named}`;
  const { name, token } = set.by;
  if (info.by.token !== undefined && token === undefined) {
    return `no service checked who set ${named}`;
  }
  if (name === info.by.name || token !== undefined && token === info.by.token) {
    return `${named} was set by ${shown(name)}, who saved the version`;
  }
  return set.at > info.createdAt ? undefined : `${named} was set before this content was saved`;
}

/** Returns a label. Every object has more members, such as `constructor`. */
function ownOf(labels: Readonly<Record<string, unknown>> | undefined, label: string): unknown {
  return labels !== undefined && Object.hasOwn(labels, label) ? labels[label] : undefined;
}

/** Returns the change that gave a label its value. */
async function changeOf(
  log: AsyncIterable<LogEntry>,
  { label, value }: { label: string; value: unknown },
): Promise<LogEntry | undefined> {
  let set: LogEntry | undefined;
  for await (const entry of log) {
    if (!isDeepStrictEqual(ownOf(entry.labels, label), value)) break;
    set = entry;
  }
  return set;
}
