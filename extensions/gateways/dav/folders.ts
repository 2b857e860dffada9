// The folders of a version. WebDAV has no links, so they are left out.
import type { ArtifactInfo } from "../../../mod.ts";
import { nameOf } from "../../../core/kernel.ts";
import { hasFiles, walkFiles } from "../../../apps/server/extending.ts";
import type { ReadablePages } from "../../../apps/gateways.ts";
import type { Child } from "./multistatus.ts";

type FileInfo = ArtifactInfo["files"][number];

const isShown = ({ mode }: FileInfo) => mode !== "link";

/** Returns whether a path is a folder with content, or the root. */
export async function isFolder(version: ReadablePages, path: string): Promise<boolean> {
  return path === "" || await hasFiles(version, `${path}/`, isShown);
}

/** Yields the files and folders in a folder, by their names. Empty folders come last. */
export async function* childrenOf(
  version: ReadablePages,
  path: string,
  modified: Date,
): AsyncGenerator<Child> {
  const prefix = path === "" ? "" : `${path}/`;
  const empty = new Set<string>(); // until a file in them follows
  for await (const walked of walkFiles(version, { prefix, delimiter: "/", isShown })) {
    const { file } = walked;
    if (file?.mode === "folder") empty.add(file.path);
    else if (file !== undefined) yield [encodeURIComponent(nameOf(file.path)), { modified, file }];
    else {
      const folder = walked.path.slice(0, -1);
      empty.delete(folder);
      yield [encodeURIComponent(nameOf(folder)), { modified }];
    }
  }
  for (const folder of empty) yield [encodeURIComponent(nameOf(folder)), { modified }];
}
