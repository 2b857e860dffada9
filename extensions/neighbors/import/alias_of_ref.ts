// Aliases of branches and tags.
import { checkNewName, parseRef } from "../../../core/kernel.ts";

/** Returns the alias of a branch or tag, with the prefix if the name alone is not a valid alias. */
export function aliasOfRef(ref: string, prefix: string): string | undefined {
  const alias = ref.replaceAll(/[/@]/g, "-");
  return [alias, `${prefix}-${alias}`].find(isAlias);
}

function isAlias(text: string): boolean {
  try {
    checkNewName(text, "alias");
    return parseRef("any", text).selector.kind === "alias";
  } catch {
    return false;
  }
}
