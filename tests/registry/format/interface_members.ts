// The members of an interface in the source. Tests compare them at run time with their tables:
// `--no-check` does not find a member that a table lacks.
import { assert } from "@std/assert";
import { readFile } from "node:fs/promises";

/** Returns the members of an exported interface, and of those in its file that it extends. */
export async function membersOf(path: string, name: string): Promise<string[]> {
  const source = await readFile(new URL(`../../../${path}`, import.meta.url), "utf8");
  const members = new Set<string>();
  const add = (name: string) => {
    const found = new RegExp(`^export interface ${name}\\b(?:<[^>]*>)?([^{]*)\\{(.*?)^\\}`, "ms")
      .exec(source);
    assert(found !== null, `${path} has no interface ${name}`);
    const [, bases = "", body = ""] = found;
    for (const [, base] of bases.matchAll(/(\w+)/g)) if (base !== "extends") add(base!);
    for (const [, member] of body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)) {
      members.add(member!);
    }
  };
  add(name);
  return [...members];
}
