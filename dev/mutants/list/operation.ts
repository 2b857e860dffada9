// Mistakes in how long an operation may go on, and by which clock.
import type { Mutant } from "../mutant.ts";

/** Mistakes in how long an operation may go on, and by which clock. */
export const OPERATION: readonly Mutant[] = [
  {
    name: "operation/no-monotonic-clock",
    file: "registry/cell/operation.ts",
    text: "system.monotonic() - since.monotonic, ",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "the deadline holds for tombstones and aliases as well",
    },
  },
  {
    name: "operation/no-wall-clock",
    file: "registry/cell/operation.ts",
    text: "system.now() - since.wall, ",
    replacement: "",
    foundBy: { test: "tests/registry/cell/operation_test.ts", name: "past graceMs / 4 by the" },
  },
  {
    name: "operation/no-store-clock",
    file: "registry/cell/operation.ts",
    text: "lastReply === undefined ? 0 : lastReply - (since.store ?? firstReply!)",
    replacement: "0",
    foundBy: { test: "tests/registry/cell/operation_test.ts", name: "past graceMs / 4 by the" },
  },
  {
    name: "operation/drift-unnoticed",
    file: "registry/cell/operation.ts",
    text: "Math.abs(drift) > deadlineMs / 4 ? undefined : system.now() + known.ms",
    replacement: "system.now() + known.ms",
    foundBy: { test: "tests/registry/cell/renewal_test.ts", name: "in a process that" },
  },
  {
    name: "operation/offset-forgotten",
    file: "registry/cell/operation.ts",
    text: `if (known === undefined) return undefined;
`,
    replacement: `return undefined;
`,
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "before the first reply startedAt is the own clock with the offset that is known",
    },
  },
  {
    name: "operation/renewed-from-its-reply",
    file: "registry/cell/operation.ts",
    text: "start = sentAt;",
    replacement: "start = moment();",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a renewal that takes too long renews nothing",
    },
  },
  {
    name: "operation/never-renewed",
    file: "registry/cell/operation.ts",
    text: "start = sentAt;",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a stale base that is still live is shared",
    },
  },
  {
    name: "operation/renewal-keeps-the-start",
    file: "registry/cell/operation.ts",
    text: `      startedAt = info.modifiedAt;
`,
    replacement: "",
    foundBy: { test: "tests/registry/cell/renewal_test.ts", name: "a head that was" },
  },
  {
    name: "operation/landing-judged-too-late",
    file: "registry/cell/operation.ts",
    text: "began() + graceMs / 2",
    replacement: "began() + graceMs * 2",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record with payload that landed too late is no success, though it is the head",
    },
  },
  {
    name: "operation/preparing-counts",
    file: "registry/cell/operation.ts",
    text: "if (!sending) start = moment();",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "what came before the first request does not count",
    },
  },
  {
    name: "operation/views-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "committing ? [start, head, base, draft] : [start]",
    replacement: "[start]",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a head that was seen graceMs / 4 ago is not written above, whatever was renewed since",
    },
  },
  {
    name: "operation/head-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "[start, head, base, draft]",
    replacement: "[start, base, draft]",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a head that was seen graceMs / 4 ago is not written above, whatever was renewed since",
    },
  },
  {
    name: "operation/base-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "[start, head, base, draft]",
    replacement: "[start, head, draft]",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name:
        "a base that was seen graceMs / 4 ago is not shared, whatever was renewed or read since",
    },
  },
  {
    name: "operation/store-time-goes-back",
    file: "registry/cell/operation.ts",
    text: "Math.max(lastReply ?? modifiedAt, modifiedAt)",
    replacement: "modifiedAt",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "a reply that tells an earlier time than one before makes no view younger",
    },
  },
  {
    name: "operation/abort-after-send-is-an-abort",
    file: "registry/cell/operation.ts",
    text: `      if (operation.unresolved) throw unknownOutcome(backend, operation, signal.reason);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "an abort is Unknown once a create was sent, whenever it comes",
    },
  },
  {
    name: "operation/late-after-send-is-a-failure",
    file: "registry/cell/operation.ts",
    text: `    if (operation.unresolved) throw unknownOutcome(backend, operation);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "a create that may have been sent is not repeated past the deadline",
    },
  },
  {
    name: "operation/views-grow-old",
    file: "registry/payload/base.ts",
    text: "operation.deadlineMs / 2",
    replacement: "operation.deadlineMs * 2",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "a head that is older than graceMs / 8 is read again before the record",
    },
  },
  {
    name: "operation/view-before-the-first-reply-trusted",
    file: "registry/payload/base.ts",
    text: " || (at.store === undefined && operation.replied)",
    replacement: "",
    foundBy: { test: "tests/registry/cell/renewal_test.ts", name: "in a process that" },
  },
];
