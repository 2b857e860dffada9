// Labels of stored files, by the SHA-256 of their content.
import { sha256 } from "../../../core/bytes/digest.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { type Bundle, type BundleFile, bytesOf } from "../bundle.ts";

/** All contents that existed in a run. */
export interface Labels {
  learn(value: Bundle): void;
  /** Learns a file and returns its bytes. */
  learnFile(file: BundleFile): Uint8Array;
  of(record: VersionRecord): string;
}

export function createLabels(): Labels {
  const bySum = new Map<string, string>();
  const known = new Map<string, Uint8Array>();

  function learnFile(file: BundleFile): Uint8Array {
    const id = `${file.size} ${file.label}`;
    let bytes = known.get(id);
    if (bytes === undefined) {
      known.set(id, bytes = bytesOf(file));
      bySum.set(sha256(bytes), file.label);
    }
    return bytes;
  }

  return {
    learnFile,
    learn: ({ files }) => files.forEach(learnFile),
    of: ({ files }) =>
      files.map(({ path, sha256 }) => `${path}=${bySum.get(sha256) ?? "(unknown)"}`).join(" "),
  };
}
