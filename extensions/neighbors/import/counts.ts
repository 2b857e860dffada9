// Counts of a run or a version in its source, and of what is imported of it. Readers count in the
// source; the writer alone compares.
import type { FileToSave } from "../../../materializers/mod.ts";

const KINDS = ["points", "params", "tags", "files", "bytes"] as const;

/** Numbers of what a source has. A kind is absent if the source does not say it. */
export type Counts = { -readonly [Kind in typeof KINDS[number]]?: number };

const WORDS: Readonly<Record<typeof KINDS[number], string>> = {
  points: "values of metrics",
  params: "parameters",
  tags: "tags, inputs and outputs",
  files: "files",
  bytes: "bytes of files",
};

/** Returns where less is imported than the source has, or more. */
export function differences(source: Counts, here: Counts): string[] {
  return KINDS.flatMap((kind) => {
    const { [kind]: has } = source, { [kind]: arrived = 0 } = here;
    return has === undefined || has === arrived
      ? []
      : [`it has ${has} ${WORDS[kind]}, and ${arrived} of them can be imported`];
  });
}

/** Adds counts to a sum. */
export function addCounts(sum: Counts, counts: Counts): void {
  for (const kind of KINDS) {
    const { [kind]: own } = counts;
    if (own !== undefined) sum[kind] = (sum[kind] ?? 0) + own;
  }
}

/** Returns the number of files, and that of their bytes if all have one. */
export function countsOfFiles(files: readonly FileToSave[]): Pick<Counts, "files" | "bytes"> {
  let bytes = 0;
  for (const { content } of files) {
    if ("size" in content) bytes += content.size;
    else if (content instanceof Uint8Array) bytes += content.byteLength;
  }
  return { files: files.length, bytes };
}

/** Returns counts as a text: `5 of 5 values of metrics, 2 of 2 files`. */
export function countsText({ source, here }: { source: Counts; here: Counts }): string {
  return KINDS.flatMap((kind) => {
    const { [kind]: own = 0 } = here, { [kind]: has } = source;
    return own === 0 && has === undefined
      ? []
      : [`${own}${has === undefined ? "" : ` of ${has}`} ${WORDS[kind]}`];
  }).join(", ");
}
