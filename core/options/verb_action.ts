/**
 * What a call of a verb is, in words.
 *
 * @module
 */
import { shown } from "../naming/names.ts";

/** `load "model"`: the verb, and the name or ref that it is about where its first argument is one, or has one. */
export function verbAction(verb: string, what: unknown): string {
  const name = typeof what === "object" ? (what as { name?: unknown } | null)?.name : what;
  return typeof name === "string" ? `${verb} ${shown(name)}` : verb;
}
