// Everything below a folder, links not followed: `readdir` of Node with `recursive` goes into a
// folder behind a link, and never ends where that one leads back.
import { readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The paths of all that is below a folder, relative to it with the separator of the system, each folder before what is
 * in it.
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
