import { assert, assertEquals } from "@std/assert";
import { basename, dirname } from "@std/path";
import { readExports } from "./support/exports.ts";
import { limitOf } from "./house/limits.ts";
import { measureHouse } from "./house/measures.ts";
import { withTable } from "./house/written_table.ts";
import { findCycle, reachable, readModuleGraph } from "./support/module_graph.ts";
import {
  EXPLORER_FOLDER,
  OTHER_FOLDERS,
  PRODUCT_FOLDERS,
  sourceFiles,
} from "./support/source_files.ts";
import { slowTest } from "./support/seeds.ts";

/** Files of core and registry that applications may import beside the entry points. */
const PARTS_OF_APPS = [
  "backends/drivers.ts",
  "core/",
  "disk/cache_folder.ts",
  "disk/disk_sync.ts",
  "disk/file_errors.ts",
  "disk/replace_file.ts",
  "formats/archive/",
  "formats/csv/find_delimiter.ts",
  "materializers/path/ignore_rules.ts",
  "operators/engines/",
  "operators/graph/",
  "operators/operator_set.ts",
  "operators/runner/",
  "operators/stray_failures.ts",
  "registry/places/",
];

/** Modules that the page of the explorer may import beside the entry points: it reads files by parts of formats. */
const PARTS_OF_EXPLORER = [
  "apps/diff.ts",
  "apps/difference/compare_rows.ts",
  "apps/server/explorer/site_path.ts",
  "apps/server/search/query.ts",
  "core/",
  "files/ome/image.ts",
  "formats/archive/tar_read.ts",
  "formats/archive/zip_content.ts",
  "formats/archive/zip_directory.ts",
  "formats/arrays/",
  "formats/csv/find_delimiter.ts",
  "formats/npy.ts",
  "formats/parquet/columns.ts",
  "formats/parquet/footer.ts",
  "formats/parquet/read_groups.ts",
  "formats/safetensors/describe.ts",
  "formats/safetensors/tensor_file.ts",
  "formats/tables/",
  "formats/tiff.ts",
];

/** The floors of `registry/`: each imports only those before it. The files beside them stand on all. */
const FLOORS = [
  "contract",
  "format",
  "cell",
  "payload",
  "cache",
  "operations",
  "maintenance",
  "places",
];

/** Parts that several formats share, beside `formats/content/format.ts`. */
const OF_FORMATS = ["arrays", "compression", "content", "images", "tables"].map((name) =>
  `formats/${name}/`
);

/** All of `@std/path` that the product loads: the whole package is 80 modules at the start of every program. */
const GLOB = "@std/path/posix/glob_to_regexp";

/** Allowed imports, by the first row whose `from` the path begins with. */
const TABLE: { from: string; may: (path: string, target: string) => boolean }[] = [
  { from: "core/", may: among("core/", "@std/semver", GLOB) },
  { from: "disk/", may: among("core/", "disk/") },
  {
    from: "registry/places/",
    may: among(
      "core/",
      "disk/",
      ...["backends/drivers.ts", "backends/mod.ts", "apps/client.ts"],
      ...FLOORS.map((floor) => `registry/${floor}/`),
    ),
  },
  ...FLOORS.map((floor, i) => ({
    from: `registry/${floor}/`,
    may: among("core/", "disk/", ...FLOORS.slice(0, i + 1).map((each) => `registry/${each}/`)),
  })),
  { from: "registry/", may: among("registry/", "core/", "disk/") },
  { from: "backends/drivers.ts", may: among("core/", "backends/") },
  { from: "backends/mod.ts", may: among("core/", "backends/") },
  { from: "backends/", may: either(among("core/", "disk/", "npm:"), isOwnPart, isConfigured) },
  {
    from: "files/mod.ts",
    may: among(
      ...["core/", "files/", "formats/mod.ts", "formats/content/"],
      ...["backends/mod.ts", "backends/drivers.ts"],
    ),
  },
  {
    from: "files/",
    may: either(
      among("core/", "disk/", "files/paths/", "formats/", "npm:", GLOB),
      isOwnPart,
    ),
  },
  { from: "formats/mod.ts", may: among("core/", "formats/") },
  {
    from: "formats/",
    may: either(among("core/", "formats/content/format.ts", ...OF_FORMATS, "npm:"), isOwnPart),
  },
  { from: "queues/mod.ts", may: among("core/", "queues/") },
  {
    from: "queues/",
    may: either(among("core/", "npm:", "queues/checks/", "queues/redis.ts"), isOwnPart),
  },
  {
    from: "materializers/mod.ts",
    may: among("core/", "disk/", "formats/arrays/", "materializers/"),
  },
  {
    from: "materializers/",
    may: among("core/", "disk/", "formats/", "materializers/", "npm:"),
  },
  {
    from: "neighbors/",
    may: among(
      "core/",
      "disk/",
      "neighbors/",
      "apps/cli/",
      "mod.ts",
      "registry/",
      "backends/mod.ts",
      "files/mod.ts",
      "formats/",
      "materializers/",
      "npm:",
    ),
  },
  {
    from: "operators/",
    may: among(
      "core/",
      "disk/",
      "backends/drivers.ts",
      "formats/",
      "operators/",
      "materializers/path.ts",
      "npm:",
      GLOB,
    ),
  },
  {
    from: "workers/",
    may: among("core/", "disk/", "workers/", "registry/", "materializers/mod.ts"),
  },
  { from: "plugins/storage/", may: among("core/", "plugins/", "backends/drivers.ts") },
  { from: "plugins/", may: among("core/", "queues/", "plugins/", "npm:") },
  {
    from: "apps/client",
    may: among(
      "apps/client/",
      "core/",
      "registry/contract/",
      "disk/download_files.ts",
      ...["blob", "bytes", "json", "ndarray", "text", "typed_array"].map((id) =>
        `materializers/${id}.ts`
      ),
    ),
  },
  { from: "explorer/", may: either(among("explorer/src/", ...PARTS_OF_EXPLORER, "npm:"), isDoor) },
  {
    from: "gateways/",
    may: either(
      among(
        ...["core/", "materializers/path/ignore_rules.ts"],
        ...["apps/cli/program/extension.ts", "apps/cli/", "apps/server/", "npm:"],
      ),
      isOfSameGateway,
      isDoor,
    ),
  },
  {
    from: "apps/extensions.ts",
    may: (_path, target) =>
      target === "apps/cli/program/extension.ts" || target.endsWith("/extension.ts"),
  },
  {
    from: "apps/",
    may: either(among("apps/", ...PARTS_OF_APPS, "deno.json", "npm:"), isDoor),
  },
  {
    from: "mod.ts",
    may: among(
      "core/",
      "disk/",
      "registry/",
      "backends/memory.ts",
      "backends/local.ts",
      "backends/local/lock.ts",
      "materializers/mod.ts",
    ),
  },
];

const doors = Object.values(await readExports()).map((file) => file.replace("./", ""));
const product = [...await sourceFiles([...PRODUCT_FOLDERS, EXPLORER_FOLDER]), "mod.ts"];
const everything = [...product, ...await sourceFiles(OTHER_FOLDERS)];
const graph = await readModuleGraph(product);

Deno.test("imports go only the way of the table", () => {
  const forbidden = product.flatMap((path) => {
    const row = TABLE.find(({ from }) => path.startsWith(from));
    assert(row !== undefined, `${path} has no row in the table of imports`);
    const targets = graph.get(path)!.map(named).filter((target) => !target.startsWith("node:"));
    return targets.filter((target) => !row.may(path, target)).map((target) =>
      `${path} -> ${target}`
    );
  });
  assertEquals(forbidden, []);
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
  assertEquals([...wrappers].filter(([, wholes]) => wholes.size > 1), []);
});

Deno.test("each package has one row in ARCHITECTURE.md, with its reason", async () => {
  const text = await Deno.readTextFile("ARCHITECTURE.md");
  const [, table] = text.split("## Dependencies");
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
    "queues/mod.ts": [],
    "plugins/events/mod.ts": [],
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

let measured: ReturnType<typeof measureHouse> | undefined;

slowTest("no measure of the house exceeds its limit: deno task house shows them", async () => {
  assertEquals(
    (await (measured ??= measureHouse())).filter((measure) => !(measure.value <= limitOf(measure))),
    [],
  );
});

slowTest("ARCHITECTURE.md has the limits and goals: deno task house --restate", async () => {
  const text = await Deno.readTextFile("ARCHITECTURE.md");
  assertEquals(text, withTable(text, await (measured ??= measureHouse())));
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

function among(...prefixes: string[]): (path: string, target: string) => boolean {
  return (_path, target) => prefixes.some((prefix) => target.startsWith(prefix));
}

function either(
  ...rules: ((path: string, target: string) => boolean)[]
): (path: string, target: string) => boolean {
  return (path, target) => rules.some((rule) => rule(path, target));
}

/**
 * `backends/s3_providers.ts` and `backends/s3/client.ts` are parts of `backends/s3.ts`: they share their first word. What
 * buckets do alike is in `backends/bucket/`.
 */
function isOwnPart(path: string, target: string): boolean {
  return wholeOf(path) === wholeOf(target) || target.startsWith("backends/bucket/");
}

/** Returns the module of a file: `backends/s3` for `backends/s3_providers.ts`, `formats/csv` for `formats/csv.ts`. */
function wholeOf(path: string): string {
  return path.split(/[/_.]/, 2).join("/");
}

/** Entry points that users can import too: programs show that they are enough. */
/** Returns true if both are in the same folder of `gateways/`. */
function isOfSameGateway(path: string, target: string): boolean {
  const [room, gateway] = path.split("/");
  return target.startsWith(`${room}/${gateway}/`);
}

function isDoor(_path: string, target: string): boolean {
  return doors.includes(target);
}

/** Only the configurations of providers read `.env` files. */
function isConfigured(path: string, target: string): boolean {
  return /^backends\/s3_configs[./]/.test(path) && target === "@std/dotenv";
}

/** `@std/path` for its stand-in, else the target itself. */
function named(target: string): string {
  return target.replace(/^dev\/std\/([\w/]+)\.ts$/, "@std/$1").replace(/\/mod$/, "");
}
