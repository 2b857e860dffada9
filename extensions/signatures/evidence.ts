// Checks of a version against the conditions of a promotion.
import { isDeepStrictEqual } from "node:util";
import { type Candidate, type CandidateChange, messageOf, shown } from "../../core/kernel.ts";
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

/**
 * Returns each comparison that does not hold, with the value of the version. A label holds for the
 * content that it was set for.
 */
export async function unlike(
  where: string,
  { info, log }: Candidate,
): Promise<string | undefined> {
  const states: string[] = [];
  for (const { text, field, label, read, meets } of comparisonsIn(where)) {
    if (!meets(info)) states.push(`${text} does not hold: ${field} is ${valueText(read(info))}`);
    const labels = Object.entries(info.annotations?.labels ?? {})
      .filter(([each]) => label === each || label?.startsWith(`${each}.`));
    for (const [each, value] of labels) { // none is there if a missing one holds
      const set = await changeOf(log(), { label: each, value });
      if (!set?.isLater) states.push(isEarlier(each));
    }
  }
  return states.length === 0 ? undefined : states.join("; ");
}

function isEarlier(label: string): string {
  const state = `the label ${shown(label)} was set before this content was saved`;
  return `${state}: remove the label, then set it again`;
}

/** Returns a value of metadata as text. JSON has no NaN. */
function valueText(value: unknown): string {
  if (typeof value === "number") return String(value);
  return (JSON.stringify(value) ?? "missing").slice(0, 200);
}

/**
 * Returns why a label does not count as a review: by another author, or this one, since the version
 * was saved.
 */
export async function unreviewed(
  review: string | { label: string; by?: string },
  { info, log }: Candidate,
): Promise<string | undefined> {
  const { label, by }: { label: string; by?: string } = typeof review === "string"
    ? { label: review }
    : review;
  const named = `the label ${shown(label)}`;
  const value = ownOf(info.annotations?.labels, label);
  if (value === undefined || value === null || value === "") return `${named} is missing`;
  if (value === false) return `${named} is false`;
  if (info.by === undefined) return "the author of the version is unknown";
  const set = await changeOf(log(), { label, value });
  if (set?.by === undefined) return `it is unknown who set ${named}`;
  const problem = reviewerProblem(set.by, { saved: info.by, asked: by });
  if (problem !== undefined) return `${named} ${problem}`;
  return set.isLater ? undefined : isEarlier(label);
}

type Author = NonNullable<CandidateChange["by"]>;

/** Returns why a label of this author does not count for a version that another saved. */
function reviewerProblem(
  { name, token }: Author,
  { saved, asked }: { saved: Author; asked?: string },
): string | undefined {
  if (saved.token !== undefined && token === undefined) {
    return "was set where no service checked the author";
  }
  if (name === saved.name || token !== undefined && token === saved.token) {
    return `was set by ${shown(name)}, who saved the version`;
  }
  return asked !== undefined && name !== asked
    ? `was set by ${shown(name)}, not ${shown(asked)}`
    : undefined;
}

/** Returns a label. Every object has more members, such as `constructor`. */
function ownOf(labels: Readonly<Record<string, unknown>> | undefined, label: string): unknown {
  return labels !== undefined && Object.hasOwn(labels, label) ? labels[label] : undefined;
}

/** Returns the change that gave a label its value. */
async function changeOf(
  log: AsyncIterable<CandidateChange>,
  { label, value }: { label: string; value: unknown },
): Promise<CandidateChange | undefined> {
  let set: CandidateChange | undefined;
  for await (const entry of log) {
    if (!isDeepStrictEqual(ownOf(entry.labels, label), value)) break;
    set = entry;
  }
  return set;
}
