// Mistakes in names, versions, records, keys and repeating.
import type { Mutant } from "../mutant.ts";

/** Mistakes in names, versions, records, keys and repeating. */
export const CORE: readonly Mutant[] = [
  {
    name: "names/device-names-kept",
    file: "core/naming/names.ts",
    text: "return DEVICE.test(encoded) ? `${encoded}=` : encoded;",
    replacement: "return encoded;",
    foundBy: {
      test: "tests/core/naming/names_test.ts",
      name: "every Windows device name is set aside, in each letter case",
    },
  },
  {
    name: "names/capitals-stand-for-themselves",
    file: "core/naming/names.ts",
    text: "const PLAIN = /^[a-z0-9_-]+$/;",
    replacement: "const PLAIN = /^[A-Za-z0-9_-]+$/;",
    foundBy: {
      test: "tests/core/naming/names_test.ts",
      name: "encodeName() keeps names apart that differ only in case, normal form or look",
    },
  },
  {
    name: "names/lenient-decoding",
    file: "core/naming/names.ts",
    text: "encodeName(name) === segment && ",
    replacement: "",
    foundBy: {
      test: "tests/core/naming/names_test.ts",
      name: "decodeName() accepts a segment only as encodeName() writes it",
    },
  },
  {
    name: "names/at-sign-allowed",
    file: "core/naming/names.ts",
    text: `  if (name.includes("@")) return "@ separates a name from its version";
`,
    replacement: "",
    foundBy: {
      test: "tests/core/naming/refs_test.ts",
      name: "a ref that names nothing is Invalid",
    },
  },
  {
    name: "versions/oldest-first",
    file: "core/naming/versions.ts",
    text: "encoded += 9 - Number(digit)",
    replacement: "encoded += Number(digit)",
    foundBy: {
      test: "tests/core/naming/versions_order_test.ts",
      name: "the largest numbers are versions",
    },
  },
  {
    name: "versions/prerelease-is-followed-by-a-number-more",
    file: "core/naming/versions.ts",
    text: "if (highest.prerelease) return",
    replacement: "if (false) return",
    foundBy: {
      test: "tests/core/naming/versions_test.ts",
      name:
        "the next version raises the last number that is not zero, or the one that is asked for",
    },
  },
  {
    name: "versions/order-decoded-leniently",
    file: "core/naming/versions.ts",
    text: "return version.order === order ? version : undefined;",
    replacement: "return version;",
    foundBy: {
      test: "tests/core/naming/versions_order_test.ts",
      name: "decodeOrder() accepts a segment only as it is written",
    },
  },
  {
    name: "versions/leading-zeros",
    file: "core/naming/versions.ts",
    text: `if (id.length > 1 && id.startsWith("0")) throw invalidVersion(text);`,
    replacement: "",
    foundBy: {
      test: "tests/core/naming/versions_test.ts",
      name: "parseVersion() refuses what is not a version",
    },
  },
  {
    name: "record/sum-not-checked",
    file: "core/record/record.ts",
    text: "sha256(bytes.subarray(0, summed)) !== sum[1]",
    replacement: "false",
    foundBy: {
      test: "tests/core/record/record_damage_test.ts",
      name: "a line whose members are another record's, or in another order, is Corrupt",
    },
  },
  {
    name: "record/format-not-checked",
    file: "core/record/record.ts",
    text: "if (format !== FORMAT && !(",
    replacement: "if (false) {",
    foundBy: {
      test: "tests/core/record/record_test.ts",
      name: "a record of another format is Unsupported, whatever else it says",
    },
  },
  {
    name: "record/shape-not-checked",
    file: "core/record/record.ts",
    text: "if (problem !== undefined) throw corruptRecord(key, problem);",
    replacement: "",
    foundBy: {
      test: "tests/core/record/record_shape_test.ts",
      name:
        "a record whose members are missing or of another type is Corrupt, though its sum is right",
    },
  },
  {
    name: "record/digest-without-mode",
    file: "core/record/record.ts",
    text: "`${sha256} ${size} ${mode} ${JSON",
    replacement: "`${sha256} ${size} - ${JSON",
    foundBy: {
      test: "tests/core/record/record_test.ts",
      name: "artifactDigest() changes with everything that it is made of, and with nothing else",
    },
  },
  {
    name: "record/digest-in-the-order-given",
    file: "core/record/record.ts",
    text: "files.length > 1 ? files",
    replacement: "files.length < 0 ? files",
    foundBy: {
      test: "tests/core/record/record_test.ts",
      name: "artifactDigest() does not depend on the order of the files",
    },
  },
  {
    name: "retry/goes-on-past-its-time",
    file: "core/retry.ts",
    text: "+ waitMs > retryForMs",
    replacement: "+ waitMs > retryForMs * 10",
    foundBy: {
      test: "tests/core/retry_test.ts",
      name: "retry() counts the time that the action takes",
    },
  },
  {
    name: "retry/no-jitter",
    file: "core/retry.ts",
    text: "return random() * Math.min",
    replacement: "return Math.min",
    foundBy: {
      test: "tests/core/retry_test.ts",
      name: "retry() wakes writers that failed together at different times",
    },
  },
  {
    name: "retry/repeats-what-will-not-pass",
    file: "core/retry.ts",
    text: " || !passes(error)) throw",
    replacement: ") throw",
    foundBy: {
      test: "tests/core/retry_test.ts",
      name: "retry() does not repeat what will not pass",
    },
  },
  {
    name: "layout/generation-in-plain-numbers",
    file: "registry/layout.ts",
    text: `String(MAX_GENERATION - generation).padStart(16, "0")`,
    replacement: `String(generation).padStart(16, "0")`,
    also: [{
      file: "registry/layout.ts",
      text: "MAX_GENERATION - Number(match[1])",
      replacement: "Number(match[1])",
    }],
    foundBy: { test: "tests/format_test.ts", name: "FORMAT.md: keys" },
  },
  {
    name: "core/pop-deletes-another-value",
    file: "core/work/derived_verbs.ts",
    text: "{ version, ifCommit: commit }",
    replacement: "{ version }",
    foundBy: {
      test: "tests/core/work/derived_verbs_test.ts",
      name:
        "pop() deletes the value that it gives, also where another one is saved in its place meanwhile",
    },
  },
  {
    name: "core/token-of-a-foreign-env-file",
    file: "core/places/find_registry.ts",
    text: `by === "env-file" && remote === undefined ? token`,
    replacement: `by === "env-file" ? token`,
    foundBy: {
      test: "tests/core/places/find_registry_test.ts",
      name: "a .env that names a registry of this user's says no token for it",
    },
  },
];
