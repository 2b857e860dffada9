// The archive of the npm package. Unlike `npm pack`, it sorts files by extension and then by path:
// files of a kind in one folder resemble each other, and compress better.
import { constants, gzipSync } from "node:zlib";
import { contentBytes } from "../../files/mod.ts";
import { tar } from "../../formats/mod.ts";
import type { PackageFile } from "./package_files.ts";

/** @param programs paths of the files that can be run */
export async function packArchive(
  files: readonly PackageFile[],
  programs: readonly string[],
): Promise<Uint8Array> {
  const isDeclaration = ({ path }: PackageFile) => Number(path.endsWith(".d.ts"));
  const inOrder = files.toSorted((a, b) =>
    isDeclaration(a) - isDeclaration(b) || (a.path < b.path ? -1 : 1)
  );
  const content = await tar().encode(inOrder.map(({ path, text }) => ({
    path: `package/${path}`,
    content: new TextEncoder().encode(text),
    ...programs.includes(path) ? { mode: "executable" as const } : {},
  })));
  return gzipSync(await contentBytes(content), { level: constants.Z_BEST_COMPRESSION });
}
