// The report on the signatures of a version, by its info alone.
import type { ArtifactInfo } from "../../mod.ts";
import { shown } from "../../core/kernel.ts";
import { bundleText, certificatesIn, fromBase64 } from "./bundle.ts";
import { claimedIn } from "./signers/certificates/pem.ts";
import { readOthers, readStatement, signedBytes, statementOf } from "./statement.ts";
import { storedIn, type StoredSignature } from "./stored.ts";
import type { CertificateFacts, KeylessSigner, Trusted } from "./signers/signer.ts";

/** Options of `checkSignatures`. */
export interface CheckSignaturesOptions {
  /**
   * Public keys or certificates, each in PEM, or identities: each must have signed, a certificate
   * itself or by one that it issued. @default none: signatures are only listed
   */
  signedBy?: string | KeylessSigner | readonly (string | KeylessSigner)[];
  signal?: AbortSignal;
}

/** The result of `checkSignatures`. */
export interface SignaturesReport {
  name: string;
  version: string;
  /** SHA-256 of the content of the version. */
  digest: string;
  /** True if each signer of `signedBy` has signed these files. */
  ok: boolean;
  signatures: SignatureCheck[];
  /**
   * Those of `signedBy` without a valid signature: the SHA-256 of the key in PEM, or of the
   * certificate (its fingerprint; of several in one text, that of the text), or the identity.
   */
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
  /** When it was made, if a transparency log proves it. */
  signedAt?: Date;
  /** The content of the certificate of the key: a claim, unless the signature is valid. */
  certificate?: CertificateFacts;
  /** `unchecked`: it is of nobody in `signedBy`. */
  state: "valid" | "unchecked" | "wrong";
  /** For `wrong`: what does not match. */
  problem?: string;
}

/** A report, and for people, who has not signed and why. */
export interface Judged {
  report: SignaturesReport;
  unmet: string[];
}

/** Compares the signatures in the annotations of a version with its files and with signers. */
export function reportOn(info: ArtifactInfo, signers: readonly Trusted[]): Judged {
  const { name, version, digest, annotations } = info;
  const unmet = new Map<Trusted, string | undefined>(signers.map((signer) => [signer, undefined]));
  const signatures = [...storedIn(annotations?.labels ?? {})].map(
    ([id, stored]): SignatureCheck => {
      if (stored === undefined) return { id, state: "wrong", problem: "it is not a signature" };
      const { described, payload, problem } = read(stored, info);
      if (problem !== undefined) {
        for (const signer of signers) {
          if (signer.hash === stored.keyHash) unmet.set(signer, problem);
        }
        return { id, ...described, state: "wrong", problem };
      }
      const signed = {
        ...described,
        signature: fromBase64(stored.sig) ?? new Uint8Array(),
        bytes: signedBytes(payload),
        certificates: certificatesIn(stored.material),
        bundle: () => bundleText({ ...stored, payload }),
      };
      const verdicts = signers.flatMap((signer) => {
        const verdict = signer.judge(signed);
        if (verdict === undefined) return [];
        if (verdict.problem === undefined) unmet.delete(signer);
        else if (unmet.has(signer)) unmet.set(signer, verdict.problem);
        return [verdict];
      });
      if (verdicts.length === 0) return { id, ...described, state: "unchecked" };
      const isValid = verdicts.some(({ problem }) => problem === undefined);
      if (!isValid) return { id, ...described, state: "wrong", problem: verdicts[0]?.problem };
      const signedAt = verdicts.find((verdict) => verdict.signedAt !== undefined)?.signedAt;
      return { id, ...described, ...signedAt && { signedAt }, state: "valid" };
    },
  );
  const missing = [...unmet.keys()].map(({ hash }) => hash);
  return {
    report: { name, version, digest, ok: missing.length === 0, signatures, missing },
    unmet: [...unmet].map(([{ title }, problem]) =>
      problem === undefined ? title : `${title} (${problem})`
    ),
  };
}

/** Compares a signature with the files of its version, without its key. */
function read(stored: StoredSignature, { files }: ArtifactInfo) {
  const { keyHash, subject } = stored, addedAt = new Date(stored.addedAt);
  const [leaf] = certificatesIn(stored.material);
  const claimed = leaf === undefined ? undefined : claimedIn(leaf);
  const described = { keyHash, subject, addedAt, ...claimed && { certificate: claimed.facts } };
  const payload = stored.payload ?? statementOf(subject, files);
  const statement = (stored.payload === undefined ? readStatement : readOthers)(payload, files);
  const problem = "problem" in statement
    ? statement.problem
    : statement.subject !== subject
    ? `it was signed as ${shown(statement.subject)}`
    : leaf !== undefined && claimed === undefined
    ? "its certificate cannot be read"
    : claimed !== undefined && claimed.keyHash !== keyHash
    ? "its certificate contains another key"
    : undefined;
  return { described, payload, problem };
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
  // On some disks, Model.sig is the same file.
  const taken = new Set(files.map(({ path }) => path.replace(/\/.*/s, "").toLowerCase()));
  const isAlone = ids.length === 1 && !taken.has("model.sig");
  const names = ids.map((id) => [id, isAlone ? "model.sig" : `model.${id}.sig`] as const);
  return new Map(names.filter(([, name]) => !taken.has(name)));
}
