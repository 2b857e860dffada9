// The table of imports: which module may import which.
import { readExports } from "../support/exports.ts";
import { LISTS_OF_APPS, readExtensions } from "./extension_list.ts";
import { PARTS_OF_EXPLORER, PARTS_OF_PAGE_EXTENSIONS } from "./parts_of_explorer.ts";

/** `./maintenance` exports all of these, beside the functions of mirrors and verification. */
const MAINTENANCE = [
  "extensions/maintenance/mod.ts",
  "registry/tools/probe_backend.ts",
  "registry/tools/settings.ts",
];

/** The entry points of the package. */
export const ENTRY_POINTS: readonly string[] = [
  ...Object.values(await readExports()).map((file) => file.replace("./", "")),
  ...MAINTENANCE,
];

/** Files of core and registry that applications may import beside the entry points. */
const PARTS_OF_APPS = [
  "backends/drivers.ts",
  "core/",
  ...["cache_folder", "disk_calls", "disk_sync", "file_errors", "keep_access", "target"].map((
    name,
  ) => `disk/${name}.ts`),
  "formats/archive/",
  "formats/csv/find_delimiter.ts",
  "formats/mermaid.ts",
  "materializers/path/local_files.ts",
  "registry/places/",
  "extensions/transfers/presign_download.ts",
];

/** The floors of `registry/`: each imports only those before it. The files beside them stand on all. */
const FLOORS = [
  "contract",
  "format",
  "cell",
  "payload",
  "cache",
  "operations",
  "pass",
  "probe",
  "places",
];

/** The border of the registry for programs that look at all records, and its part that others import too. */
export const RECORDS: readonly string[] = ["registry/extending.ts", "registry/records.ts"];

/** Files of the registry that these programs may import: its border, and the body of functions over registries. */
const OF_RECORDS = [...RECORDS, "registry/contract/call_function.ts"];

/** Parts that several formats share, beside `formats/content/format.ts`. */
const OF_FORMATS = ["arrays", "compression", "content", "images", "tables"].map((name) =>
  `formats/${name}/`
);

/** All of `@std/path` that the product loads: the whole package is 80 modules at the start of every program. */
const GLOB = "@std/path/posix/glob_to_regexp";

/** The borders of the kernel, the command line and the service: what an extension may import, beside the entry points. */
export const BORDERS = [
  "core/kernel.ts",
  "apps/cli/extending.ts",
  "apps/cli/program/extension.ts",
  "apps/server/extending.ts",
];

/** The entry points of the registry and its parts. */
const OF_PACKAGE = [
  "mod.ts",
  ...["backends", "materializers", "registry"].map((room) => `${room}/mod.ts`),
];

/** The files of the kernel that the rooms of pipelines, tasks and queues import: its border, and few more. */
const OF_OPERATORS = [
  "core/calls/metadata.ts",
  "core/errors.ts",
  "core/faults/",
  "core/kernel.ts",
  "core/naming/file_paths.ts",
  "core/record.ts",
  "core/registry.ts",
  "core/retry.ts",
  "core/system.ts",
];
const OF_PLUGINS = [
  ...OF_PACKAGE,
  "core/driver.ts",
  "core/errors.ts",
  "core/kernel.ts",
  "core/registry/",
  "core/text/",
];
const OF_QUEUES = [...OF_PACKAGE, "core/kernel.ts", "core/system.ts"];

/** Files past the borders that an extension needs alone. */
const PARTS_OF_EXTENSIONS: Record<string, readonly string[]> = {
  "extensions/gateways/mcp/": ["apps/client/connection.ts", "apps/difference/"],
  "extensions/gateways/mlflow/": [
    "registry/records.ts",
    "extensions/runs/look_at_run.ts",
    "extensions/runs/mlflow/",
  ],
  "extensions/gateways/wandb/": [
    "extensions/runs/curve_file.ts",
    "extensions/runs/look_at_run.ts",
    "extensions/runs/mlflow/",
    "extensions/runs/run_facts.ts",
    "extensions/runs/run_parts.ts",
    "extensions/runs/wandb/",
    "extensions/runs/written.ts",
  ],
  "extensions/runs/service/": ["extensions/runs/"],
  "extensions/runs/surface/": ["extensions/runs/"],
  "extensions/gateways/hub/": ["materializers/path/ignore_rules.ts"],
  "extensions/gateways/oci/": ["registry/records.ts"],
  "extensions/maintenance/": ["apps/rule_text.ts", "core/", ...OF_RECORDS],
  "extensions/maintenance/service/": ["extensions/maintenance/mod.ts"],
  "extensions/mirrors/": ["core/", ...OF_RECORDS],
  "extensions/neighbors/general_pipeline/": ["formats/"],
  "extensions/neighbors/import/": [
    "extensions/runs/curve_file.ts",
    "extensions/runs/last_values.ts",
    "extensions/runs/mlflow/",
    "extensions/runs/wandb/",
  ],
  "extensions/neighbors/mindtrace/": [
    "core/artifact.ts",
    "core/urls/local_path.ts",
    "formats/",
    "materializers/json/",
    "registry/places/",
  ],
  "extensions/sign_in/": [
    "apps/change_file.ts",
    "apps/client/",
    "core/driver.ts",
    "core/naming/",
    "disk/file_errors.ts",
    "registry/places/",
  ],
  "extensions/signatures/": ["core/urls/"],
  "operators/surface/": [
    "apps/cli/commands/worker.ts",
    "apps/cli/values/find_shard.ts",
    "operators/",
  ],
  "extensions/plugins/surface/": ["apps/cli/commands/worker.ts"],
  "extensions/verification/": [
    "core/",
    "disk/spread/piece_threads.ts",
    ...OF_RECORDS,
  ],
  "extensions/processes/": ["apps/cli/", "apps/server/", "core/errors.ts"], // serves as the command line does
};

/** The folders of the extensions in the lists, and the files past the borders that each needs. */
export const EXTENSIONS: Record<string, readonly string[]> = Object.fromEntries(
  (await Promise.all(LISTS_OF_APPS.map(readExtensions))).flat().map(({ folder }) => `${folder}/`)
    .map((folder) => [folder, PARTS_OF_EXTENSIONS[folder] ?? []]),
);

/** The rooms with extensions: `extensions/queues/` of `extensions/queues/surface/`. */
export const ROOMS: readonly string[] = Object.keys(EXTENSIONS)
  .map((folder) => folder.replace(/(surface|service)\/$/, ""));

/** Allowed imports, by the first row whose `from` the path begins with. */
export const IMPORTS: { from: string; may: (path: string, target: string) => boolean }[] = [
  { from: "core/", may: among("core/", "@std/semver", "@std/dotenv", GLOB) },
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
  {
    from: "extensions/transfers/",
    may: among("core/", ...OF_PACKAGE, "extensions/transfers/", ...OF_RECORDS),
  },
  { from: "backends/drivers.ts", may: among("core/", "backends/") },
  { from: "backends/mod.ts", may: among("core/", "backends/") },
  { from: "backends/", may: either(among("core/", "disk/", "npm:"), isOwnPart) },
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
  {
    from: "materializers/mod.ts",
    may: among("core/", "disk/", "formats/arrays/", "materializers/"),
  },
  {
    from: "materializers/",
    may: among("core/", "disk/", "formats/", "materializers/", "npm:"),
  },
  ...Object.entries(EXTENSIONS).map(([from, parts]) => ({
    from,
    may: either(among(from, ...BORDERS, ...parts, "npm:"), isDoor),
  })),
  {
    from: "extensions/runs/",
    may: among(
      "core/",
      ...OF_PACKAGE,
      "extensions/runs/",
      "extensions/transfers/mod.ts",
      ...OF_RECORDS,
    ),
  },
  {
    from: "extensions/queues/mod.ts",
    may: among("core/kernel.ts", ...OF_PACKAGE, "extensions/queues/"),
  },
  {
    from: "extensions/queues/",
    may: either(
      among(
        ...OF_QUEUES,
        "npm:",
        "extensions/queues/checks/",
        "extensions/queues/queue.ts",
        "extensions/queues/redis.ts",
      ),
      isOwnPart,
    ),
  },
  {
    from: "operators/",
    may: among(
      ...OF_OPERATORS,
      ...OF_PACKAGE,
      "disk/",
      "backends/drivers.ts",
      "formats/",
      "operators/",
      "extensions/queues/queue.ts",
      "extensions/transfers/mod.ts",
      "materializers/path.ts",
      "npm:",
      GLOB,
    ),
  },
  {
    from: "workers/",
    may: among("core/", "disk/", "workers/", "registry/", "materializers/mod.ts"),
  },
  {
    from: "extensions/plugins/storage/",
    may: among(
      ...OF_PLUGINS,
      "extensions/plugins/",
      "backends/bucket/read_words.ts",
      "backends/bucket/words.ts",
      "backends/drivers.ts",
    ),
  },
  {
    from: "extensions/plugins/",
    may: among(...OF_PLUGINS, "extensions/queues/", "extensions/plugins/", "npm:"),
  },
  {
    from: "apps/client",
    may: among(
      "apps/client/",
      "core/",
      "registry/contract/",
      ...["cache_folder", "disk_file", "download_files", "stage/process"].map((name) =>
        `disk/${name}.ts`
      ),
      ...["blob", "bytes", "json", "ndarray", "text", "typed_array"].map((id) =>
        `materializers/${id}.ts`
      ),
    ),
  },
  { from: "explorer/src/extensions.ts", may: (_path, target) => target.endsWith("/extension.ts") },
  {
    from: "explorer/src/extensions/",
    may: either(
      among(...PARTS_OF_PAGE_EXTENSIONS, ...PARTS_OF_EXPLORER, "npm:"),
      isOfSameExtension,
      isDoor,
    ),
  },
  {
    from: "explorer/",
    may: (path, target) => isOfPage(path, target) && folderOfExtension(target) === undefined,
  },
  {
    from: "apps/maintenance.ts",
    may: among(
      ...MAINTENANCE,
      "apps/copy_version.ts",
      "extensions/mirrors/mod.ts",
      "extensions/verification/mod.ts",
    ),
  },
  ...LISTS_OF_APPS.map((from) => ({
    from,
    may: either(
      among("apps/server/gateways/gateway.ts"),
      (_path, target) => target.endsWith("/extension.ts"),
    ),
  })),
  {
    from: "apps/",
    may: either(among("apps/", ...PARTS_OF_APPS, "deno.json", "npm:"), isKeptDoor),
  },
  {
    from: "mod.ts",
    may: among(
      "core/",
      "disk/",
      "registry/",
      "backends/memory.ts",
      ...["backends/local.ts", "backends/local/lock.ts"],
      "materializers/mod.ts",
    ),
  },
];

function among(...prefixes: string[]): (path: string, target: string) => boolean {
  return (_path, target) => prefixes.some((prefix) => target.startsWith(prefix));
}

function isOfPage(path: string, target: string): boolean {
  return either(among("explorer/src/", ...PARTS_OF_EXPLORER, "npm:"), isDoor)(path, target);
}

/** Returns the folder of the extension of the page that a file is in. */
function folderOfExtension(path: string): string | undefined {
  return /^explorer\/src\/extensions\/\w+\//.exec(path)?.[0];
}

function isOfSameExtension(path: string, target: string): boolean {
  return folderOfExtension(path) === folderOfExtension(target);
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
export function wholeOf(path: string): string {
  return path.replace(/^extensions\//, "").split(/[/_.]/, 2).join("/");
}

/** Entry points of rooms that stay without any extension. */
function isKeptDoor(path: string, target: string): boolean {
  return isDoor(path, target) && !ROOMS.some((room) => target.startsWith(room));
}

/** Entry points that users can import too: programs show that they are enough. */
function isDoor(_path: string, target: string): boolean {
  return ENTRY_POINTS.includes(target);
}
