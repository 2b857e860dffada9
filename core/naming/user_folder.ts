// Folders of a user for the files of this program.
import { isAbsolute, join } from "node:path";
import type { System } from "../system.ts";

/** Returns the folder of a user: of a variable, or in the home folder; undefined without both. */
export function userFolder(
  env: System["env"],
  [variable, folder]: readonly [string, string],
): string | undefined {
  const own = env(variable);
  if (own && isAbsolute(own)) return join(own, "holdfast"); // relative ones are invalid
  const home = env("HOME") || env("USERPROFILE");
  return home && isAbsolute(home) ? join(home, folder, "holdfast") : undefined;
}
