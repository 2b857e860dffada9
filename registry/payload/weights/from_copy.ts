// Reads a file that is stored by values with a copy of another version of it, such as that of the last
// download: only what differs is read from the store. Loaded when there is such a copy.
import type { LocalCopy } from "../../../core/bytes/rebuild.ts";
import { createSha256 } from "../../../core/bytes/digest.ts";
import type { StoredFile } from "../../../core/record.ts";
import { chainOf } from "../../cell/objects.ts";
import type { PassTo } from "../file_bytes.ts";
import type { Values } from "./encode_values.ts";
import { openBaseBy, type StoredReads } from "./values.ts";

/** A file of another version. */
export type EarlierFile = Pick<StoredFile, "sha256" | "size" | "from" | "parts" | "values">;

interface CopyOptions {
  copy: LocalCopy;
  /** Other versions of the file, with their places. */
  others?: AsyncIterable<EarlierFile>;
  /** Reads what differs, and what a copy lacks, by a reader without `known`. */
  readsOf(file: StoredFile): StoredReads;
  /** Receives files that need not be read from the store, by their digests. */
  known: Map<string, Values>;
}

/**
 * Finds out what a copy is, by its SHA-256, and how a file of the chain can be made from it. Returns
 * false if none can. What is read so needs the check of the whole file: the copy may change.
 */
export async function useCopy(
  file: StoredFile,
  { copy, others, readsOf, known }: CopyOptions,
): Promise<boolean> {
  const chain = chainOf(file).slice(1);
  if (chain.length === 0) return false;
  const digest = await digestOf(copy);
  const isCopy = ({ size, sha256 }: Pick<StoredFile, "size" | "sha256">) =>
    size === copy.size && sha256 === digest;
  const plain: Values = {
    range: ({ from, to }) => copy.chunks({ offset: from, length: to - from }),
  };
  if (chain.some(isCopy)) {
    known.set(digest, plain);
    return true;
  }
  for await (const other of others ?? []) {
    if (!isCopy(other) || other.values === undefined) continue;
    const steps = chainOf({ path: file.path, ...other });
    const shared = steps.findIndex(({ sha256 }) => chain.some((some) => some.sha256 === sha256));
    if (shared < 1) continue;
    known.set(digest, plain);
    for (const [i, step] of steps.slice(0, shared).entries()) {
      const base = steps[i + 1]!;
      known.set(base.sha256, await openBaseBy(step, readsOf(step), known.get(step.sha256)!));
    }
    return true;
  }
  return false;
}

/** Yields what is passed, as it is read. Ends the passing if it is read no more. */
export async function* pulled(passTo: PassTo): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const passing = passTo((chunk) => writer.write(chunk.slice())).then(() => writer.close())
    .catch((error) => writer.abort(error)).catch(() => {}); // the reader has the error
  try {
    yield* readable;
  } finally {
    await passing;
  }
}

async function digestOf(copy: LocalCopy): Promise<string> {
  const hash = createSha256();
  for await (const chunk of copy.chunks({ offset: 0, length: copy.size })) hash.update(chunk);
  return hash.digest();
}
