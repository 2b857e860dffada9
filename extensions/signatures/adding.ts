// Adds a signature to a version, in the label that has all of them.
import type { ArtifactInfo, Registry, System } from "../../mod.ts";
import {
  conflict,
  isJsonObject,
  isRegistryError,
  realSystem,
  shown,
  unsupported,
} from "../../core/kernel.ts";
import { annotate } from "../../registry/mod.ts";
import type { AddedBundle } from "./added.ts";
import { isMaterial } from "./bundle.ts";
import { idOf } from "./signers/keys.ts";
import { NO_FILES, readStatement, statementOf } from "./statement.ts";
import { SIGNATURES, storedIn } from "./stored.ts";

/** A signature that was added to a version. */
export interface AddedSignature {
  name: string;
  version: string;
  /** The beginning of the SHA-256 of the public key, 16 digits. */
  id: string;
  /** SHA-256 of the public key in PEM. */
  keyHash: string;
  /** False if the key had signed the version before: then its signature is replaced. */
  isNew: boolean;
}

/** Returns what is signed of a version. Throws `Unsupported` for one with links or without files. */
export function statementFor(info: ArtifactInfo): string {
  const payload = statementOf(info.name, info.files);
  const read = readStatement(payload, info.files);
  if (!("problem" in read)) return payload;
  const hint = read.problem === NO_FILES
    ? "Save a version with a file."
    : "Save a version with copies of the files in place of links.";
  throw unsupported("sign", shown(refOf(info)), read.problem, { hint });
}

/** Characters of notes and labels, of which 64 KiB can be stored. */
const NEARLY_FULL = 32 * 1024, FULL = 64 * 1024;

/** Throws for a version without room for a signature, before it is made and sent to others. */
export function checkRoom(info: ArtifactInfo, characters: number): void {
  const ref = refOf(info), { notes, labels } = info.annotations ?? {};
  checkLabel(labels ?? {}, ref);
  const used = JSON.stringify({ notes, labels }).length;
  if (used + characters > FULL) throw noRoom(ref);
}

function noRoom(ref: string, cause?: unknown) {
  return conflict("sign", shown(ref), "its notes and labels have no room for another signature", {
    hint: `Remove a signature: set its ID in the label \`${SIGNATURES}\` to null.`,
    cause,
  });
}

/** Throws unless the label has signatures, or is missing. */
function checkLabel(labels: Record<string, unknown>, ref: string): void {
  const present = labels[SIGNATURES] ?? {};
  if (isJsonObject(present) && ![...storedIn(labels).values()].includes(undefined)) return;
  throw conflict("sign", shown(ref), "label `signatures` has other content", {
    hint: "Move its value to another label.",
  });
}

/** Adds a signature of the files in `info`. Throws `Conflict` if the version has others by now. */
export async function store(
  registry: Registry,
  info: ArtifactInfo,
  added: AddedBundle,
  { system = realSystem, signal }: { system?: System; signal?: AbortSignal },
): Promise<AddedSignature> {
  const { keyHash, sig, subject, material } = added, ref = refOf(info), id = idOf(keyHash);
  if (material !== undefined && !isMaterial(material)) {
    const state = "its certificates and proofs are longer than 24 KiB";
    throw unsupported("sign", shown(ref), state, {
      hint: "Sign with fewer certificates, or without a timestamp authority.",
    });
  }
  const now = await registry.info(ref, { annotations: true, signal });
  if (now.digest !== info.digest) { // a signer can take minutes
    throw conflict("sign", shown(ref), "it was overwritten meanwhile", {
      hint: "Check its content, and sign again.",
    });
  }
  const labels = now.annotations?.labels ?? {};
  checkLabel(labels, ref);
  const before = storedIn(labels).get(id);
  // null removes what an earlier signature of this key had
  const kept = Object.fromEntries(
    (["payload", "material"] as const).filter((member) =>
      (added[member] ?? before?.[member]) !== undefined
    )
      .map((member) => [member, added[member] ?? null]),
  );
  const addedAt = new Date(system.now()).toISOString();
  const entry = { keyHash, sig, subject, addedAt, ...kept };
  await annotate(registry, ref, { labels: { [SIGNATURES]: { [id]: entry } } }, { signal })
    .catch((cause) => {
      const all = JSON.stringify({ ...now.annotations, labels: { ...labels, entry } });
      const isFull = isRegistryError(cause, "Invalid") && all.length > NEARLY_FULL;
      throw isFull ? noRoom(ref, cause) : cause;
    });
  const { name, version } = info;
  return { name, version, id, keyHash, isNew: before === undefined };
}

export function refOf({ name, version }: Pick<ArtifactInfo, "name" | "version">): string {
  return `${name}@${version}`;
}
