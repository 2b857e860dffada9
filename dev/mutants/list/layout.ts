// Mistakes in where a folder keeps its keys.
import type { Mutant } from "../mutant.ts";

const STRANGERS =
  "folded: strangers' files neither hide nor reorder keys, and are listed only where their key would lie";
const IN_PLACE =
  "folded: a folder that ends within a number has its place among the names beside it";
const AS_MEMORY = "a folder lists the keys of a registry as memory does";
const PASSED = "tests/backends/local/passed_folders_test.ts";

/** Their mutants. */
export const LAYOUT: readonly Mutant[] = [
  {
    name: "layout/strangers-listed",
    file: "backends/local/list.ts",
    text: "its === cell || !root.isPlaceOf(entry.text, entry.path)) continue;",
    replacement: "its === cell) continue;",
    foundBy: { test: "tests/backends/local/layout_test.ts", name: STRANGERS },
  },
  {
    name: "layout/strangers-make-a-prefix",
    file: "backends/local/list.ts",
    text: `if (!entry.path.endsWith("/")) return root.isPlaceOf(entry.text, entry.path);`,
    replacement: `if (!entry.path.endsWith("/")) return true;`,
    foundBy: { test: "tests/backends/local/layout_test.ts", name: STRANGERS },
  },
  {
    name: "layout/tree-of-numbers-out-of-order",
    file: "backends/local/list.ts",
    text: "order: isWithin ? `${text}0` : text",
    replacement: "order: path + own",
    foundBy: { test: "tests/backends/local/layout_test.ts", name: IN_PLACE },
  },
  {
    name: "layout/first-of-a-tree-of-numbers",
    file: "backends/local/first.ts",
    text: 'const place = entry.isDirectory && !its.endsWith("/") ? `${its}0` : its;',
    replacement: "const place = own;",
    foundBy: { test: "tests/backends/local/layout_test.ts", name: IN_PLACE },
  },
  {
    name: "layout/heads-of-one-cell-alone",
    file: "backends/local/list.ts",
    text: `if (heads && its !== "" && its === cell ||`,
    replacement: `if (heads && its !== "" && cell !== "" ||`,
    foundBy: { test: "tests/backends/local/layout_test.ts", name: AS_MEMORY },
  },
  {
    name: "layout/group-given-twice",
    file: "backends/local/list.ts",
    text: "if (group === given || !holdsObject(root, entry)) continue;",
    replacement: "if (!holdsObject(root, entry)) continue;",
    foundBy: { test: "tests/backends/local/layout_test.ts", name: AS_MEMORY },
  },
  {
    name: "layout/after-ends-a-tree",
    file: "backends/local/list.ts",
    text: "if (group !== undefined || !isFolder || !after.startsWith(text)) return",
    replacement: "return",
    foundBy: {
      test: "tests/backends/local_test.ts",
      name: "list() after a key, there or not, gives only what follows it",
    },
  },
  {
    name: "layout/keys-share-a-place",
    file: "backends/local/layout.ts",
    text: "if (/[+,]/.test(key)) return undefined;",
    replacement: "",
    foundBy: {
      test: "tests/backends/local/layout_test.ts",
      name:
        "folded: a key with a plus or a comma below names/ and objects/ is refused, elsewhere it is a key",
    },
  },
  {
    name: "layout/large-versions-in-one-folder",
    file: "backends/local/layout.ts",
    text: "if (first === undefined) return order;",
    replacement: "return order;",
    foundBy: { test: "tests/backends/local/layout_sizes_test.ts", name: "are folders of at most" },
  },
  {
    name: "layout/link-ends-verification",
    file: "registry/maintenance/readable.ts",
    text: "const next = isSame ? `${key}~` : folder;",
    replacement: "const next = folder;",
    foundBy: {
      test: "tests/registry/maintenance/unreadable_name_test.ts",
      name: "keeps nobody from maintaining the other names",
    },
  },
  {
    name: "layout/link-is-passed-by",
    file: "backends/local/list.ts",
    text: "} else if (entry.isLink) {",
    replacement: `} else if (entry.isLink && !entry.path.endsWith("+/")) {`,
    foundBy: {
      test: "tests/registry/maintenance/unreadable_name_test.ts",
      name: "keeps nobody from maintaining the other names",
    },
  },
  {
    name: "layout/other-layout-taken",
    file: "registry/opening/settings.ts",
    text: "if (own === layout) return;",
    replacement: "if (own !== undefined) return;",
    foundBy: {
      test: "tests/registry/opening/layout_test.ts",
      name: "is Invalid to who would look for its files elsewhere, and stays as it is",
    },
  },
  {
    name: "layout/not-in-the-settings",
    file: "registry/opening/settings.ts",
    text:
      `if (backend.layout !== undefined && backend.layout !== "plain") settings.layout = backend.layout;`,
    replacement: "",
    foundBy: {
      test: "tests/registry/opening/layout_test.ts",
      name: "opens by its path, whatever a new one would be",
    },
  },
  {
    name: "layout/hidden-by-a-wrapper",
    file: "registry/opening/settings.ts",
    text:
      `if (backend.kind === "local" && backend.layout === undefined) throw hiddenLayout(context);`,
    replacement: "",
    foundBy: {
      test: "tests/registry/opening/layout_test.ts",
      name: "a store on a disk whose wrapper hides the layout creates no registry",
    },
  },
  {
    name: "layout/none-that-there-is",
    file: "backends/local.ts",
    text: `  checkWord("layout", layout, ["folded", "plain"]);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/opening/layout_test.ts",
      name: "is Invalid, and makes nothing",
    },
  },
  {
    name: "layout/not-asked-of-the-folder",
    file: "mod.ts",
    text: "const { layout = there?.layout, locking = there?.locking } = asked;",
    replacement: "const { layout, locking = there?.locking } = asked;",
    foundBy: {
      test: "tests/registry/opening/layout_test.ts",
      name: "opens by its path, whatever a new one would be",
    },
  },
  {
    name: "layout/passed-within-the-grain",
    file: "backends/local/list.ts",
    text: "start - folder.since < GRAIN_MS",
    replacement: "start < folder.since",
    foundBy: { test: PASSED, name: "the clock of the file system may be any" },
  },
  {
    name: "layout/passed-for-a-slow-look",
    file: "backends/local/list.ts",
    text: "start - folder.since < GRAIN_MS",
    replacement: "monotonic() - folder.since < GRAIN_MS",
    foundBy: { test: PASSED, name: "what takes long to be read is not older for it" },
  },
  {
    name: "layout/passed-for-another-caller",
    file: "backends/local/list.ts",
    text: "known.except !== except || ",
    replacement: "",
    foundBy: { test: PASSED, name: "what is dead to one caller is not to another" },
  },
  {
    name: "layout/passed-for-the-head-of-another-folder",
    file: "backends/local/list.ts",
    text: "if (cell !== before.cell && wanted",
    replacement: "if (wanted",
    foundBy: {
      test: PASSED,
      name:
        "an older generation in a folder of its own is found when the newer one above it is gone",
    },
  },
  {
    name: "layout/passed-where-times-stay",
    file: "backends/local/list.ts",
    text: "if (newest <= folder.changedAt + GRAIN_MS) folder.lastCell",
    replacement: "folder.lastCell",
    foundBy: {
      test: PASSED,
      name: "a folder is read where the file system leaves its time as it was, whatever comes",
    },
  },
  {
    name: "layout/passed-by-a-look-from-memory",
    file: "core/disk/disk_calls.ts",
    text: "  const file = openFile(folder);\n",
    replacement: "  return look(folder);\n  const file = openFile(folder);\n",
    foundBy: {
      test: PASSED,
      name:
        "what others create is found where the file system answers a look from memory until it opens",
    },
  },
];
