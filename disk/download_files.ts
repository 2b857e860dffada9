// Downloads of versions.
import type { Artifact, PagedArtifact } from "../core/artifact.ts";
import { chooseFiles } from "./choose_files.ts";
import type { FileInfo } from "../core/record.ts";
import type { DownloadOptions, DownloadResult, TransferProgress } from "../core/registry.ts";
import type { StageOptions } from "./stage_files.ts";
import { checkTo } from "./target.ts";
import { writeFiles } from "./write_files.ts";

/** A download that reports its progress. Existing files count as transferred. */
export interface Download {
  /** Receives the progress of reading the version. */
  readonly onProgress?: (progress: TransferProgress) => void;
  write(
    version: Artifact | PagedArtifact,
    plan?: Pick<StageOptions, "writeLarge"> & {
      /** The `file:` URL of a folder that must not be written to. */
      notInside?: string;
    },
  ): Promise<DownloadResult>;
}

export function createDownload(options: DownloadOptions): Download {
  checkTo(options?.to); // programs in JavaScript leave it out
  const { to, overwrite, delete: remove, dryRun, links, include, exclude, signal, onProgress } =
    options;
  let moved = 0, presentBytes = 0, totalBytes: number | undefined;
  const report = (path: string) =>
    onProgress?.({
      path,
      bytes: Math.min(moved + presentBytes, totalBytes ?? Infinity),
      totalBytes,
    });
  return {
    onProgress: onProgress && (({ path, bytes }) => {
      moved = bytes;
      report(path);
    }),
    async write(version, plan) {
      const { info } = version;
      const chosen = await chooseFiles({ include, exclude });
      [moved, presentBytes] = [0, 0];
      totalBytes = chosen === undefined ? info.size : undefined; // they are counted
      let last = "";
      const onThere = ({ path }: FileInfo, bytes: number) => {
        presentBytes += bytes;
        report(path);
      };
      const settings = {
        ...plan,
        overwrite,
        delete: remove,
        dryRun,
        links,
        signal,
        onThere,
        onFile: ({ path }: FileInfo) => void (last = path),
        onPlanned: (bytes: number) => void (totalBytes = bytes),
        chosen,
      };
      const written = await writeFiles(version, to, settings);
      if (!dryRun && moved + presentBytes < written.size) { // reading reported nothing
        presentBytes = written.size - moved;
        report(last);
      }
      return { ...written, info };
    },
  };
}
