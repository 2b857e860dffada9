// Stands in for the modules that use a disk, in bundles for browsers and Workers. The manifest of the
// npm package lists them in `browser`.
import { unsupported } from "../core/errors.ts";

const PROBLEM = "this program was built for browsers or Workers";

function noDisk(): never {
  throw unsupported("use a disk", undefined, PROBLEM, {
    hint: "Pass a backend. For a service, use @holdfast/holdfast/http.",
  });
}

export {
  noDisk as absolutePath,
  noDisk as checkFileLocks,
  noDisk as checkFolder,
  noDisk as createDownload,
  noDisk as createLocalBackend,
  noDisk as DEFAULT_FOLDER,
  noDisk as detectLocking,
  noDisk as explainFailure,
  noDisk as fileOf,
  noDisk as filesOf,
  noDisk as findRegistry,
  noDisk as kindOnDisk,
  noDisk as lookAt,
  noDisk as namesOnDisk,
  noDisk as openFolder,
  noDisk as openServiceByUrl,
  noDisk as openStoreByUrl,
  noDisk as originOf,
  noDisk as saysNoLinks,
  noDisk as stateOf,
  noDisk as tokenOf,
  noDisk as tokenSourceOf,
  noDisk as withLock,
  noDisk as writeFiles,
  noDisk as writeFileTo,
};

/** Caches and notes about files and saves need a disk, and can be missing. */
export const cacheFolder = (): { problem: string } => ({ problem: PROBLEM });
export const findCache = (_: unknown, { cache }: { cache?: unknown }): unknown => ({
  problem: PROBLEM,
  warn: cache !== undefined,
});
const missing = { open: (): Promise<undefined> => Promise.resolve(undefined) };
export { missing as SeenFiles, missing as Unfinished };

/** No pieces are checked on threads. */
export class PieceThreads {
  check(): Promise<boolean> {
    return Promise.resolve(false);
  }
  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** No content is of this class. */
export class DiskContent {}
