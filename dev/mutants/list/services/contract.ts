// Mistakes of retention and mirrors that go by what every registry has.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of retention and mirrors that go by what every registry has. */
export const BY_CONTRACT: readonly Mutant[] = [
  {
    name: "prune/contract-any-commit",
    file: "registry/maintenance/prune_by_contract.ts",
    text: ", ifCommit: info.commit",
    replacement: "",
    foundBy: {
      test: "tests/registry/contract/prune_test.ts",
      name: "deletes nothing that was overwritten after",
    },
  },
  {
    name: "prune/contract-overwritten",
    file: "registry/maintenance/prune_by_contract.ts",
    text: "info.generation !== generation",
    replacement: "info.generation < 0",
    foundBy: {
      test: "tests/registry/contract/prune_test.ts",
      name: "deletes no version that got an alias",
    },
  },
  {
    name: "prune/contract-aliased",
    file: "registry/maintenance/prune_by_contract.ts",
    text: " && !aliased.has(version)",
    replacement: "",
    foundBy: {
      test: "tests/registry/contract/prune_test.ts",
      name: "keeps the newest, and what an alias",
    },
  },
  {
    name: "mirror/contract-alias-before-version",
    file: "registry/mirror/by_contract/mirror_name.ts",
    text: "isThere || !settled.has(version)",
    replacement: "isThere",
    foundBy: {
      test: "tests/registry/contract/mirror_test.ts",
      name: "another value in the target",
    },
  },
  {
    name: "mirror/contract-saves-on-changed",
    file: "registry/mirror/by_contract/save_in_target.ts",
    text: "...(present === undefined ? {} : { ifCommit: present })",
    replacement: "",
    foundBy: {
      test: "tests/registry/contract/mirror_test.ts",
      name: "another value in the target",
    },
  },
];
