// Downloads of versions.
import type { Artifact } from "../core/artifact.ts";
import { chooseFiles, chosenAmong } from "./choose_files.ts";
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
    artifact: Artifact,
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
    async write(artifact, plan) {
      const { info } = artifact;
      const chosen = await chooseFiles({ include, exclude });
      const files = chosenAmong(info.files, (file) => file, chosen);
      [moved, presentBytes] = [0, 0];
      totalBytes = files.reduce((sum, { size }) => sum + size, 0);
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
        chosen,
      };
      const written = await writeFiles(artifact, to, settings);
      if (!dryRun && moved + presentBytes < totalBytes) { // reading reported nothing
        presentBytes = totalBytes - moved;
        report(files.at(-1)?.path ?? "");
      }
      return { ...written, info };
    },
  };
}
