import { assert, assertEquals } from "@std/assert";
import { basename, dirname } from "@std/path";
import { LISTS_OF_APPS } from "./house/extension_list.ts";
import { EXTENSIONS, IMPORTS, wholeOf } from "./house/imports.ts";
import { limitOf } from "./house/limits.ts";
import { measureHouse } from "./house/measures.ts";
import { PARTS_OF_EXPLORER } from "./house/parts_of_explorer.ts";
import { findCycle, reachable, readModuleGraph } from "./support/module_graph.ts";
import {
  EXPLORER_FOLDER,
  OTHER_FOLDERS,
  PRODUCT_FOLDERS,
  sourceFiles,
} from "./support/source_files.ts";
import { slowTest } from "./support/seeds.ts";

const product = [...await sourceFiles([...PRODUCT_FOLDERS, EXPLORER_FOLDER]), "mod.ts"];
const everything = [...product, ...await sourceFiles(OTHER_FOLDERS)];
const graph = await readModuleGraph(product);

Deno.test("imports go only the way of the table", () => {
  const forbidden = product.flatMap((path) => {
    const row = IMPORTS.find(({ from }) => path.startsWith(from));
    assert(row !== undefined, `${path} has no row in the table of imports`);
    const targets = graph.get(path)!.map(named).filter((target) => !target.startsWith("node:"));
    return targets.filter((target) => !row.may(path, target)).map((target) =>
      `${path} -> ${target}`
    );
  });
  assertEquals(forbidden, []);
});

Deno.test("the page does not load the border of the kernel, which needs modules of Node", async () => {
  const loaded = await readModuleGraph(["explorer/src/main.ts"], { codeOnly: true });
  assert(!reachable(loaded, "explorer/src/main.ts").has("core/kernel.ts"));
});

Deno.test("nothing imports the explorer, and the page needs each module of its list", () => {
  const page = product.filter((path) => path.startsWith("explorer/"));
  const others = product.filter((path) => !path.startsWith("explorer/"));
  const imported = (paths: string[]) => [...new Set(paths.flatMap((path) => graph.get(path)!))];
  assertEquals(imported(others).filter((target) => target.startsWith("explorer/")), []);
  const needed = imported(page);
  const idle = PARTS_OF_EXPLORER.filter((part) =>
    !needed.some((target) => target.startsWith(part))
  );
  assertEquals(idle, []);
});

Deno.test("only the list of extensions and an entry point import an extension, and each needs the files of its row", () => {
  const importers = Object.keys(EXTENSIONS).flatMap((folder) =>
    product.filter((path) =>
      !path.startsWith(folder) && graph.get(path)!.some((target) => target.startsWith(folder))
    )
  );
  assertEquals([...new Set(importers)].sort(), [...LISTS_OF_APPS, "apps/maintenance.ts"].sort());
  const rooms = Object.keys(EXTENSIONS).map((folder) => folder.split("/")[0]!);
  assertEquals(rooms.filter((room) => !PRODUCT_FOLDERS.includes(room)), [], "is not published");
  const idle = Object.entries(EXTENSIONS).flatMap(([folder, parts]) => {
    const targets = product.filter((path) => path.startsWith(folder)).flatMap((path) =>
      graph.get(path)!
    );
    return parts.filter((part) => !targets.some((target) => target.startsWith(part)));
  });
  assertEquals(idle, []);
});

Deno.test("imports make no cycle", () => {
  assertEquals(findCycle(graph), undefined);
});

Deno.test("one package has one wrapper, which others import, and one file imports one package", () => {
  const wrappers = new Map<string, Set<string>>();
  for (const path of product) {
    const packages = graph.get(path)!.filter((target) => target.startsWith("npm:"));
    assert(packages.length <= 1, `${path} imports ${packages}`);
    for (const name of packages) {
      wrappers.set(name, (wrappers.get(name) ?? new Set()).add(wholeOf(path)));
    }
  }
  wrappers.delete("npm:oauth4webapi"); // the page and the command line sign in: one is redirected, the other listens
  wrappers.delete("npm:valibot"); // schemas of requests and of configurations are written where they are checked
  wrappers.delete("npm:hyparquet"); // the page shows columns that tables of the library refuse
  assertEquals([...wrappers].filter(([, wholes]) => wholes.size > 1), []);
});

Deno.test("each package has one row in dev/packages.md, with its reason", async () => {
  const table = await Deno.readTextFile("dev/packages.md");
  const rows = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
  assertEquals(rows.filter((name, i) => rows.indexOf(name) !== i), []);
  const packages = product.flatMap((path) => graph.get(path)!).filter((target) =>
    target.startsWith("npm:")
  );
  assertEquals(packages.filter((name) => !rows.includes(name.replace("npm:", ""))), []);
});

Deno.test("an entry point downloads the std copies and the packages listed here, and nothing else", () => {
  const doors: Record<string, string[]> = {
    "mod.ts": [],
    "backends/mod.ts": [],
    "files/mod.ts": [],
    "extensions/queues/mod.ts": [],
    "extensions/plugins/events/mod.ts": [],
    "apps/client.ts": [],
    "apps/cli.ts": ["npm:commander", "npm:oauth4webapi", "npm:csv-parse"],
  };
  const std = [...graph].filter(([path]) => path.startsWith("dev/std/")).flatMap(([, targets]) =>
    targets
  );
  for (const [door, packages] of Object.entries(doors)) {
    const reached = [...reachable(graph, door)].filter((module) =>
      /^(npm|jsr|https?):/.test(module)
    );
    assertEquals(reached.filter((module) => !std.includes(module)), packages, door);
  }
});

Deno.test("a driver needs no file that the program has not, but those beside it: who may read backends/ may use it", () => {
  const program = reachable(graph, "apps/cli.ts");
  const drivers = product.filter((path) => /^backends\/[a-z0-9_]+\.ts$/.test(path));
  const needed = drivers.flatMap((driver) => [...reachable(graph, driver)]).filter((path) =>
    path.startsWith("core/")
  );
  assertEquals(needed.filter((path) => !program.has(path)), []);
});

Deno.test("the product imports nothing of its tests, tools and examples", () => {
  const reached = new Set(product.flatMap((path) => [...reachable(graph, path)]));
  const foreign = [...reached].filter((path) =>
    /^(tests|dev|examples)\//.test(path) && !path.startsWith("dev/std/")
  );
  assertEquals(foreign, []);
});

Deno.test("no source file has more than 400 lines", async () => {
  const sizes = await Promise.all(everything.map(async (path) => {
    const text = await Deno.readTextFile(path);
    return { path, lines: text.split("\n").length - 1 };
  }));
  assertEquals(sizes.filter(({ lines }) => lines > 400), []);
});

Deno.test("no folder holds more than 18 files", () => {
  const counts = new Map<string, number>();
  for (const path of everything) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  assertEquals([...counts].filter(([, count]) => count > 18), []);
});

slowTest("no measure of the house exceeds its limit: deno task house shows them", async () => {
  assertEquals(
    (await measureHouse()).filter((measure) => !(measure.value <= limitOf(measure))),
    [],
    "First make the code simpler. A driver or an operation may need more lines of the kernel: state " +
      "the value in tests/house/limits.json, run `deno task house --restate`, and commit the reason.",
  );
});

Deno.test("modules that ARCHITECTURE.md names exist", async () => {
  const text = await Deno.readTextFile("ARCHITECTURE.md");
  const named = text.matchAll(/`((?:\w+\/)*\w+\.ts)`/g).map(([, path]) => path!)
    .filter((path) => !/\bx(_driver)?\.ts$/.test(path)); // stands for a new file
  const known = [...everything, "explorer/build.ts"].map((path) => `/${path}`);
  const isKnown = (path: string) => known.some((each) => each.endsWith(`/${path}`));
  assertEquals([...named].filter((path) => !isKnown(path)), []);
});

Deno.test("files are named in snake_case, after what they hold", () => {
  const names = everything.map((path) => ({
    path,
    name: basename(path).replace(/(\.d)?\.ts$/, ""),
  }));
  assertEquals(names.filter(({ name }) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)), []);
  const vague = names.filter(({ path, name }) =>
    /^(utils?|helpers?|common|misc|shared|types)$|manager/.test(name) && !path.endsWith(".d.ts")
  );
  assertEquals(vague, []);
});

/** `@std/path` for its stand-in, else the target itself. */
function named(target: string): string {
  return target.replace(/^dev\/std\/([\w/]+)\.ts$/, "@std/$1").replace(/\/mod$/, "");
}
