// Files of one version that are read by a job.
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import { fault } from "../../core/errors.ts";
import type { JobOptions } from "../../core/executor.ts";
import type { Part, StoredFile } from "../../core/record/record.ts";
import { createLoadLimit } from "../../core/record/load_limit.ts";
import { createArtifact } from "../payload/read.ts";
import type { ReadingContext } from "../payload/store_reader.ts";
import type { ReadJob, ReadReply } from "./kinds.ts";
import { createTelling } from "./telling.ts";

/** Reads; an object that is missing is a reply. With `maxLoadBytes` all that is read whole counts together. */
export async function readFiles<T>(
  { backend, cache }: ReadingContext,
  { ref, recordKey, files, verify, cached, ...job }: ReadJob & {
    info?: ArtifactInfo;
    maxLoadBytes?: number;
  },
  options: JobOptions,
  use: (artifact: Artifact, signal: AbortSignal) => T | Promise<T>,
): Promise<ReadReply<T>> {
  const { info = { size: 0 } as ArtifactInfo, maxLoadBytes = Infinity } = job;
  const keys = new Map(files.map(({ file, keys }) => [file, keys]));
  let missing: string | undefined;
  const source = {
    ref,
    recordKey,
    info,
    files: files.map(({ file }) => file),
    inline: new Uint8Array(),
    keyOf: (file: StoredFile, part: Part) => keys.get(file)![file.parts!.indexOf(part)],
    missing(key: string): Promise<never> {
      missing = key;
      throw fault({
        code: "NotFound",
        action: "read",
        subject: `"${ref}"`,
        state: "an object is missing",
        key,
      });
    },
  };
  let told = 0;
  const { signal, tell, end } = createTelling(options);
  const limit = createLoadLimit(maxLoadBytes);
  const artifact = createArtifact({ backend, cache: cached ? cache : undefined }, source, {
    verify,
    signal,
    limit,
    onProgress({ path, bytes }) {
      tell({ path, bytes: bytes - told });
      told = bytes;
    },
  });
  try {
    const value = await limit.together(() => use(artifact, signal));
    await end();
    return { value };
  } catch (error) {
    if (missing === undefined) throw error;
    return { missing };
  }
}
