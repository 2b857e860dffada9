// Labels of stored files, by the SHA-256 of their content.
import type { VersionRecord } from "../../../core/record.ts";
import { type Bundle, type BundleFile, contentOf } from "../bundle.ts";

/** All contents that existed in a run. */
export interface Labels {
  learn(value: Bundle): void;
  /** Learns a file and returns its bytes. */
  learnFile(file: BundleFile): Uint8Array;
  of(record: VersionRecord): string;
}

export function createLabels(): Labels {
  const bySum = new Map<string, string>();

  function learnFile(file: BundleFile): Uint8Array {
    const { bytes, sha256 } = contentOf(file);
    bySum.set(sha256, file.label);
    return bytes;
  }

  return {
    learnFile,
    learn: ({ files }) => files.forEach(learnFile),
    of: ({ files }) =>
      files.toSorted((a, b) => a.path < b.path ? -1 : 1) // as the label of a value
        .map(({ path, sha256 }) => `${path}=${bySum.get(sha256) ?? "(unknown)"}`).join(" "),
  };
}
