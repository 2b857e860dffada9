/**
 * The rules of the protocol that tests can leave out one by one, to show that each is needed and that the
 * simulation would notice. A registry that people use always keeps all of them.
 *
 * @module
 */

/** A rule of the commit protocol; FORMAT.md explains each. */
export type Rule =
  | "readBackFirstExists" // an "exists" is resolved by reading the key, the first one too
  | "stayOnUnresolvedKey" // a create whose reply was lost is never left for another key
  | "deadline" // nothing is sent later than graceMs / 4 after the first request
  | "voidRecords" // a record that landed very late and has lost its payload does not count
  | "grace" // the janitor touches nothing that is younger than graceMs
  | "markFirst" // the janitor takes its mark before it lists anything
  | "keepGenerationOne" // the first generation is scrubbed, never removed
  | "headAge" // a view of a head older than graceMs / 4 is read again before the record is sent
  | "rereadBase"; // a base whose files are shared must still be live then

/** The rules that are kept. */
export type Rules = (rule: Rule) => boolean;

/** All rules but these. */
export function rulesWithout(omitted: readonly Rule[] = []): Rules {
  return (rule) => !omitted.includes(rule);
}
