// Google's library loads a part of Node that is deprecated (DEP0040), which would be told on the
// terminal of every program that uses it. Imported before the library, this says that nobody wants
// to hear; whoever imports both ends it after.
import process from "node:process";

const { noDeprecation } = process;
process.noDeprecation = true;

/** Deprecations are told again, if they were before. */
export function endQuietStart(): void {
  process.noDeprecation = noDeprecation;
}
