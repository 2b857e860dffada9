// Mistakes of reading pipelines, and of their graphs.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of reading pipelines, and of their graphs. */
export const CONFIGURATION: readonly Mutant[] = [
  {
    name: "configuration/remote-picks-code",
    file: "operators/config/tree/overrides.ts",
    text: "!REMOTE.test(text) && node.kind",
    replacement: 'text === "" && node.kind',
    foundBy: {
      test: "tests/operators/config/load_test.ts",
      name: "an override from a URL sets values",
    },
  },
  {
    name: "configuration/remote-asks-for-secrets",
    file: "operators/config/tree/overrides.ts",
    text: 'path?.key === "from_env"',
    replacement: 'path?.key === "env"',
    foundBy: {
      test: "tests/operators/config/load_test.ts",
      name: "an override from a URL sets values",
    },
  },
  {
    name: "configuration/remote-reads-files",
    file: "operators/config/tree/overrides.ts",
    text: "/^(registry:|step:|(?!file:)",
    replacement: "/^(registry:|step:|",
    foundBy: {
      test: "tests/operators/config/load_test.ts",
      name: "an override from a URL sets values",
    },
  },
  {
    name: "configuration/remote-reads-the-environment",
    file: "operators/config/tree/interpolate.ts",
    text: "if (node.place.source.isRemote) {",
    replacement: 'if (node.place.source.file === "") {',
    foundBy: {
      test: "tests/operators/config/load_test.ts",
      name: "an override from a URL sets values",
    },
  },
  {
    name: "configuration/include-through-a-link",
    file: "operators/config/tree/folder.ts",
    text: "const real = realpathSync(path);",
    replacement: "const real = path;",
    foundBy: {
      test: "tests/operators/config/load_test.ts",
      name: "files that are not there, outside",
    },
  },
  {
    name: "configuration/include-outside",
    file: "operators/config/tree/folder.ts",
    text: 'if (inside.startsWith("..") || isAbsolute(inside)) return',
    replacement: "if (isAbsolute(inside)) return",
    foundBy: {
      test: "tests/operators/config/load_test.ts",
      name: "files that are not there, outside",
    },
  },
  {
    name: "configuration/merge-key-taken",
    file: "operators/config/tree/yaml.ts",
    text: 'if (key === "<<")',
    replacement: 'if (key === "<<<")',
    foundBy: {
      test: "tests/operators/config/mistakes_test.ts",
      name: "is told with its place and what to do",
    },
  },
  {
    name: "configuration/deep-value",
    file: "operators/config/tree/node.ts",
    text: "const isTooDeep = depth > MAX_DEPTH;",
    replacement: "const isTooDeep = depth > 1e9;",
    foundBy: {
      test: "tests/operators/config/parse_test.ts",
      name: "what a program gives may be nested",
    },
  },
  {
    name: "configuration/levels-out-of-order",
    file: "operators/graph/order.ts",
    text: "level = next.sort((a, b) => place.get(a)! - place.get(b)!);",
    replacement: "level = next;",
    foundBy: { test: "tests/operators/graph/order_test.ts", name: "steps of a level" },
  },
];
