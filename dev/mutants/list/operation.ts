/**
 * Mistakes in how long an operation may go on, and by which clock.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes in how long an operation may go on, and by which clock. */
export const OPERATION: readonly Mutant[] = [
  {
    name: "operation/no-monotonic-clock",
    file: "registry/cell/operation.ts",
    text: "now.monotonic - since.monotonic, ",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/no-wall-clock",
    file: "registry/cell/operation.ts",
    text: "now.wall - since.wall, ",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/no-store-clock",
    file: "registry/cell/operation.ts",
    text: "lastReply === undefined ? 0 : lastReply - (since.store ?? firstReply!)",
    replacement: "0",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/drift-unnoticed",
    file: "registry/cell/operation.ts",
    text: "Math.abs(drift) > deadlineMs / 4 ? undefined : system.now() + known.ms",
    replacement: "system.now() + known.ms",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/offset-forgotten",
    file: "registry/cell/operation.ts",
    text: `if (known === undefined) return undefined;
`,
    replacement: `return undefined;
`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/renewed-from-its-reply",
    file: "registry/cell/operation.ts",
    text: "start = sentAt;",
    replacement: "start = moment();",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/never-renewed",
    file: "registry/cell/operation.ts",
    text: "start = sentAt;",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/renewal-keeps-the-start",
    file: "registry/cell/operation.ts",
    text: `      startedAt = info.modifiedAt;
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/landing-judged-too-late",
    file: "registry/cell/operation.ts",
    text: "began() + settings.graceMs / 2",
    replacement: "began() + settings.graceMs * 2",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/preparing-counts",
    file: "registry/cell/operation.ts",
    text: "if (!sending) start = moment();",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/views-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "committing ? [start, head, base] : [start]",
    replacement: "[start]",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/head-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "[start, head, base]",
    replacement: "[start, base]",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/base-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "[start, head, base]",
    replacement: "[start, head]",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/store-time-goes-back",
    file: "registry/cell/operation.ts",
    text: "Math.max(lastReply ?? modifiedAt, modifiedAt)",
    replacement: "modifiedAt",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/abort-after-send-is-an-abort",
    file: "registry/cell/operation.ts",
    text: `      if (operation.unresolved) throw unknownOutcome(backend, operation, signal.reason);
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/late-after-send-is-a-failure",
    file: "registry/cell/operation.ts",
    text: `    if (operation.unresolved) throw unknownOutcome(backend, operation);
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/views-grow-old",
    file: "registry/payload/base.ts",
    text: "operation.deadlineMs / 2",
    replacement: "operation.deadlineMs * 2",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "operation/view-before-the-first-reply-trusted",
    file: "registry/payload/base.ts",
    text: " || (at.store === undefined && operation.replied)",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
];
