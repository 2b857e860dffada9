// Bundles that other tools made, compared with the files of a version.
import { conflict, unsupported } from "../../core/kernel.ts";
import { type BundleParts, readBundle } from "./bundle.ts";
import { readOthers, type SignedFile, statementOf } from "./statement.ts";

/** Characters of a statement that is kept as it was signed: labels have 64 KiB. */
const MAX_KEPT_CHARACTERS = 48 * 1024;

/** A bundle for a version. */
export interface AddedBundle extends Omit<BundleParts, "payload"> {
  /** The name in the statement. */
  subject: string;
  /** The statement, if it cannot be made from the files and the subject. */
  payload?: string;
}

/**
 * Reads a bundle for a version with these files.
 *
 * @param subject the version, for errors
 * @throws {RegistryError} `Corrupt` for a bundle that cannot be read, `Conflict` if it is of other
 * files, `Unsupported` if it is too long to keep
 */
export function readAdded(
  bundle: string,
  files: readonly SignedFile[],
  subject: string,
): AddedBundle {
  const { payload, ...parts } = readBundle(bundle);
  const read = readOthers(payload, files);
  if ("problem" in read) {
    throw conflict("add the signature to", subject, read.problem, {
      hint: hintFor(read.problem, "Sign the files of this version."),
    });
  }
  if (payload === statementOf(read.subject, files)) return { ...parts, ...read };
  if (payload.length > MAX_KEPT_CHARACTERS) {
    throw unsupported("keep the signature of", subject, "its statement is too long", {
      hint: "Sign the version itself: then its statement need not be kept.",
    });
  }
  return { ...parts, ...read, payload };
}

const UNSIGNED_OF_GIT = /^"\.git(?:attributes|ignore|hub\/[^]*|\/[^]*)" is not signed$/;

/** Returns what to do about files that were not those that are signed. */
export function hintFor(problem: string, otherwise: string): string {
  return UNSIGNED_OF_GIT.test(problem)
    ? "model_signing skips files of Git: let it sign them too, or exclude them here."
    : otherwise;
}
