// Walks a folder without following links. `readdir` of Node with `recursive` enters folders behind
// links, and never ends if one leads back.
import { readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Iterates over everything below a folder: relative paths with the separator of the system, each
 * folder before its content.
 */
export function* pathsBelow(root: string): Generator<string> {
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      yield path;
      if (entry.isDirectory()) waiting.push(path);
    }
  }
}
