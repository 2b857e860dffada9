// Patterns of names, as shells have them.
import { globToRegExp } from "@std/path";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/**
 * What a pattern matches: a name where it has no `/`, else a path.
 *
 * `*` and `?` stand for what is no `/`, `**` for any folders, `[a-c]` for one of these, `{tif,png}` for one of those.
 *
 * @throws {RegistryError} `Invalid` for an empty one
 */
export function parseGlob(pattern: string): (path: string) => boolean {
  if (pattern === "") {
    throw fault({
      code: "Invalid",
      action: "use",
      subject: `${shown(pattern)} as a pattern`,
      state: "it is empty",
      hint: 'Leave it out, or give one such as "*.tif".',
    });
  }
  const expression = globToRegExp(pattern, { os: "linux" });
  if (pattern.includes("/")) return (path) => expression.test(path);
  return (path) => expression.test(path.slice(path.lastIndexOf("/") + 1));
}
