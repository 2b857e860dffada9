// The report on the signatures of a version, by its info alone.
import { type ArtifactInfo, shown } from "../core/kernel.ts";
import { fromBase64 } from "./bundle.ts";
import type { TrustedKey } from "./keys.ts";
import { readOthers, readStatement, signedBytes, statementOf } from "./statement.ts";
import { storedIn } from "./stored.ts";

/** Options of `checkSignatures`. */
export interface CheckSignaturesOptions {
  /** Public keys in PEM: each must have signed. @default none: signatures are only listed */
  signedBy?: string | readonly string[];
  signal?: AbortSignal;
}

/** The result of `checkSignatures`. */
export interface SignaturesReport {
  name: string;
  version: string;
  /** SHA-256 of the content of the version. */
  digest: string;
  /** True if each key of `signedBy` has signed these files. */
  ok: boolean;
  signatures: SignatureCheck[];
  /** SHA-256 of the keys of `signedBy` without a valid signature. */
  missing: string[];
}

/** One signature of a version. */
export interface SignatureCheck {
  id: string;
  /** SHA-256 of the public key in PEM. Absent if the signature cannot be read. */
  keyHash?: string;
  /** The name that was signed: the name of the version, unless it was copied since. */
  subject?: string;
  /** When it was added, as its author says. */
  addedAt?: Date;
  /** `unchecked`: its key is not in `signedBy`. */
  state: "valid" | "unchecked" | "wrong";
  /** For `wrong`: what does not match. */
  problem?: string;
}

/** Compares the signatures in the annotations of a version with its files and with keys. */
export function reportOn(info: ArtifactInfo, keys: readonly TrustedKey[]): SignaturesReport {
  const { name, version, digest, annotations } = info;
  const signatures = [...storedIn(annotations?.labels ?? {})].map(
    ([id, stored]): SignatureCheck => {
      if (stored === undefined) return { id, state: "wrong", problem: "it is not a signature" };
      const { keyHash, subject, addedAt } = stored;
      const described = { id, keyHash, subject, addedAt: new Date(addedAt) };
      const payload = stored.payload ?? statementOf(subject, info.files);
      const reading = stored.payload === undefined ? readStatement : readOthers;
      const read = reading(payload, info.files);
      if ("problem" in read) return { ...described, state: "wrong", problem: read.problem };
      if (read.subject !== subject) {
        return { ...described, state: "wrong", problem: `it was signed as ${shown(read.subject)}` };
      }
      const trusted = keys.find(({ hash }) => hash === keyHash);
      if (trusted === undefined) return { ...described, state: "unchecked" };
      const isValid = trusted.hasSigned(signedBytes(payload), fromBase64(stored.sig)!);
      return isValid ? { ...described, state: "valid" } : {
        ...described,
        state: "wrong",
        problem: "the key did not sign the files of this version",
      };
    },
  );
  const valid = new Set(signatures.filter(({ state }) => state === "valid").map((s) => s.keyHash));
  const missing = keys.map(({ hash }) => hash).filter((hash) => !valid.has(hash));
  return { name, version, digest, ok: missing.length === 0, signatures, missing };
}

/**
 * Returns the file names of signatures beside the files of a version, by id: `model.sig`, and
 * `model.ID.sig` for several or if a file or folder has that name. Wrong ones have none.
 */
export function bundleNames(
  { files }: Pick<ArtifactInfo, "files">,
  checks: readonly SignatureCheck[],
): Map<string, string> {
  const ids = checks.filter(({ state }) => state !== "wrong").map(({ id }) => id);
  const taken = new Set(files.map(({ path }) => path.replace(/\/.*/s, "")));
  const isAlone = ids.length === 1 && !taken.has("model.sig");
  const names = ids.map((id) => [id, isAlone ? "model.sig" : `model.${id}.sig`] as const);
  return new Map(names.filter(([, name]) => !taken.has(name)));
}
