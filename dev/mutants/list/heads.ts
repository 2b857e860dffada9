/**
 * Mistakes in reading cells, and in telling what counts there.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes in reading cells, and in telling what counts there. */
export const HEADS: readonly Mutant[] = [
  {
    name: "heads/strangers-file-hides-the-head",
    file: "registry/cell/heads.ts",
    text: "const found = isPrefix(other) ? undefined : asHead(other);",
    replacement: "const found = undefined as Head | undefined;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "heads/older-generations-listed",
    file: "registry/cell/heads.ts",
    text: `(cell !== "" && head.key.startsWith(cell))`,
    replacement: "false",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "heads/generation-not-checked",
    file: "registry/cell/heads.ts",
    text: "if (record.generation !== parseGeneration",
    replacement: "if (false && record.generation !== parseGeneration",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "heads/deleted-listed",
    file: "registry/cell/heads.ts",
    text: "if (!head.dead || options.deleted) yield head;",
    replacement: "yield head;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "heads/older-version-first",
    file: "registry/cell/heads.ts",
    text: "compareVersions(a.version, b.version) < 0) ? 1 : 0",
    replacement: "compareVersions(a.version, b.version) > 0) ? 1 : 0",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "heads/kind-not-checked",
    file: "registry/cell/heads.ts",
    text: "if (found.record.kind === kind) return found",
    replacement: "if (true) return found",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "voids/restored-records-are-late",
    file: "registry/cell/voids.ts",
    text: "context.createdAt <= startedAt && ",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "voids/half-a-payload-is-enough",
    file: "registry/cell/voids.ts",
    text: "!== undefined) continue;",
    replacement: "!== undefined) return false;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "voids/late-after-twice-the-grace",
    file: "registry/cell/voids.ts",
    text: "context.settings.graceMs / 2",
    replacement: "context.settings.graceMs * 2",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "voids/void-head-hides-the-version-below",
    file: "registry/cell/voids.ts",
    text: "if (head === undefined || !context.voids.has(head.key)) return head;",
    replacement: "return head;",
    foundBy: { equivalent: "not known yet" },
  },
];
