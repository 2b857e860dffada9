// Folders with many siblings, such as those of names. To open each takes most of the time of a list;
// to check whether one path exists takes a sixth of that.
import fs from "node:fs";
import { isPrefix, type StoredFolder, type StoredFolders } from "../../core/backend.ts";
import { infoAt, readLater, walk } from "./list.ts";
import { type LocalRoot, statObject } from "./root.ts";

const MOST_TOGETHER = 64;

export function storedFolders(root: LocalRoot): StoredFolders {
  return {
    async *list(prefix, { after, signal } = {}) {
      let together: StoredFolder[] = [];
      for (const found of walk(root, prefix, { after, delimiter: "/", unread: true }, infoAt)) {
        signal?.throwIfAborted();
        if ("unread" in found) await readLater(root, found);
        else if (isPrefix(found) && together.push(found as StoredFolder) === MOST_TOGETHER) {
          yield together;
          together = [];
        }
      }
      yield together;
    },

    *heads({ prefix, path }, tail) {
      for (const found of walk(root, prefix + tail, { firstPerFolder: true, from: path }, infoAt)) {
        if ("unread" in found) return yield undefined;
        if (!isPrefix(found)) yield found;
      }
    },

    watch({ prefix, path }, tail, newer) {
      const { length } = root.pathOf(path), file = root.fileOf(prefix + tail);
      if (!file.startsWith(root.pathOf(path))) return undefined;
      const ending = file.slice(length), next = root.fileOf(prefix + newer).slice(length);
      return ({ prefix, path }) => {
        const folder = root.pathOf(path);
        if (fs.existsSync(folder + next)) return undefined;
        return statObject(root, prefix + tail, folder + ending)?.size;
      };
    },
  };
}
