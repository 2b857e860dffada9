// Folders of many small files, with the paths of ImageNet.
import type { Materializer } from "../../../mod.ts";

const FILE_BYTES = 100;

/** The label of a file, of which there are 1,000. */
export function folderOf(file: number): string {
  return `train/n${String(file % 1000).padStart(8, "0")}`;
}

export function pathOf(file: number): string {
  const folder = folderOf(file);
  return `${folder}/${folder.slice("train/".length)}_${file}.JPEG`;
}

/** So many small files, of which one may have other bytes. */
export class Folder {
  constructor(readonly count: number, readonly changed = -1) {}
}

export const FOLDER: Materializer<Folder> = {
  id: "bench/folder",
  formatVersion: 1,
  accepts: (value) => value instanceof Folder,
  async *save({ count, changed }) {
    for (let file = 0; file < count; file++) {
      const content = new Uint8Array(FILE_BYTES);
      new DataView(content.buffer).setUint32(0, file === changed ? count : file);
      yield { path: pathOf(file), content };
    }
  },
  load: ({ info }) => Promise.resolve(new Folder(info.files.length)),
};
