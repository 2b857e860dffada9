// Google's library loads a deprecated part of Node (DEP0040). Import this module before the library
// to suppress the warning, and call `endQuietStart` after it.
import process from "node:process";

const { noDeprecation } = process;
process.noDeprecation = true;

/** Restores the setting for deprecation warnings. */
export function endQuietStart(): void {
  process.noDeprecation = noDeprecation;
}
