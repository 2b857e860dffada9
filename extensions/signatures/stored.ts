// Signatures beside a version: in its label `signatures`, by the beginning of the SHA-256 of the key.
// Each has what the statement cannot be made from again: the files are those of the version.
import { fromBase64, isMaterial } from "./bundle.ts";
import { idOf } from "./signers/keys.ts";
import { membersOf } from "./statement.ts";

/** The label. */
export const SIGNATURES = "signatures";

export interface StoredSignature {
  keyHash: string;
  /** The signature, base64. */
  sig: string;
  /** When it was added, ISO 8601, by the clock of the machine that did it. */
  addedAt: string;
  /** The name in the statement. */
  subject: string;
  /** The statement, if it cannot be made from the files and the subject. */
  payload?: string;
  /** The bundle without its envelope, JSON, if it has more than the SHA-256 of a key. */
  material?: string;
}

/** Reads the label of a version: signatures by id, undefined for those that are of no such form. */
export function storedIn(
  labels: Record<string, unknown>,
): Map<string, StoredSignature | undefined> {
  return new Map(
    Object.entries(membersOf(labels[SIGNATURES])).map(([id, value]) => [id, readStored(id, value)]),
  );
}

function readStored(id: string, value: unknown): StoredSignature | undefined {
  const { keyHash, sig, addedAt, subject, payload, material } = membersOf(value);
  const isRight = typeof keyHash === "string" && /^[0-9a-f]{64}$/.test(keyHash) &&
    idOf(keyHash) === id && fromBase64(sig) !== undefined && typeof subject === "string" &&
    isTime(addedAt) &&
    (payload === undefined || typeof payload === "string") &&
    (material === undefined || isMaterial(material));
  return isRight ? value as StoredSignature : undefined;
}

/** Returns true for a time as it is written: Date.parse reads other forms, by the program. */
function isTime(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const date = new Date(value);
  return !Number.isNaN(date.getTime()) && date.toISOString() === value;
}
