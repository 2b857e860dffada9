// Files whose names are not literals, by the module that computes them; for dev/held_over/loaded.ts.
import { INPUTS } from "../../explorer/build.ts";
import { PRODUCT_FOLDERS } from "../../tests/support/source_files.ts";

/** A path that does not exist: it means all files of the repository. */
export const EVERYTHING = "/";

/** Settings of all tests, and their order. */
export const READ_BY_ALL: readonly string[] = [
  ".ci/run",
  "deno.json",
  "deno.lock",
  "dev/slow_tests.ts",
  "dev/std/assert/deno.json",
  "dev/std/dotenv/deno.json",
  "dev/std/path/deno.json",
  "dev/std/semver/deno.json",
  "dev/test.ts",
  "dev/tsconfig.product.json",
  "explorer/deno.json",
  "tsconfig.json",
];

/** Content of packages and binaries. */
const PRODUCT = [
  "mod.ts",
  "LICENSE",
  "README.md",
  "explorer/src",
  "tests/conformance/testing.ts",
  ...PRODUCT_FOLDERS,
];
/** All modules: tests that check types, names and imports of copies. */
const MODULES = ["/*.ts", "/*.json"];

/** Files and folders by the module that computes their names. Tests and their helpers that are not listed load everything. */
export const COMPUTED: Readonly<Record<string, readonly string[]>> = {
  "apps/cli/program/own_command.ts": ["apps/cli.ts"],
  "dev/compile.ts": PRODUCT,
  "dev/held_over/loaded.ts": [], // what its callers pass
  "dev/lock_of.ts": ["dev/std"],
  "dev/npm.ts": PRODUCT,
  "dev/npm/bundle_packages.ts": PRODUCT,
  "dev/npm/package_files.ts": PRODUCT,
  "explorer/tests/bundle_test.ts": ["explorer"],
  "explorer/build.ts": INPUTS,
  "formats/mod.ts": ["formats"],
  "tests/apps/cli/commands/loading_test.ts": ["apps"],
  "tests/apps/cli/commands/places/doctor_test.ts": [
    "tests/fixtures/certificates",
    "tests/support/certificates",
  ],
  "tests/apps/server/access/sender_end_test.ts": [],
  "tests/apps/server/listen/descriptors_test.ts": ["apps/cli.ts"],
  "tests/backends/bucket/cutting_server.ts": ["tests/support/certificates"],
  "tests/backends/drivers_test.ts": PRODUCT,
  "tests/core/hints/words_of_library_test.ts": PRODUCT,
  "tests/core/urls/parts_test.ts": PRODUCT,
  "tests/dev/jsr/jsr_server.ts": PRODUCT,
  "tests/registry/earlier/services_test.ts": [],
  "tests/disk/stage/process_test.ts": [],
  "tests/exports_test.ts": MODULES,
  "tests/extensions_test.ts": MODULES,
  "tests/house/extension_list.ts": ["apps/extensions.ts", "explorer/src/extensions.ts"],
  "tests/import_test.ts": MODULES,
  "tests/lazy_drivers_test.ts": MODULES,
  "tests/materializers/path/folder_entries_test.ts": [],
  "tests/operators/process/attack/process_attack_test.ts": ["tests/operators/process/attack"],
  "tests/operators/process/run_command_test.ts": ["operators/process/run_command.ts"],
  "tests/public_api_test.ts": MODULES,
  "tests/python/reader.ts": ["tests/python/*.py", "python"],
  "tests/registry/earlier/content.ts": [],
  "tests/registry/earlier/fixtures.ts": ["tests/fixtures/earlier"],
  "tests/registry/earlier/later.ts": [],
  "tests/registry/earlier/on_all.ts": [],
  "tests/registry/earlier/served.ts": [
    "apps/client.ts",
    "apps/server.ts",
    "extensions/runs/mod.ts",
  ],
  "tests/registry/format/members_test.ts": ["python", "registry", "core", "apps", "FORMAT.md"],
  "tests/registry/format/written_shapes_test.ts": [],
  "tests/registry/payload/seen_files_test.ts": [],
  "tests/registry/save_path_test.ts": [],
  "tests/servers/worker_test.ts": [],
  "tests/support/mindtrace_fixtures.ts": ["tests/fixtures/mindtrace"],
  "tests/support/module_graph.ts": [],
  "tests/support/run_deno.ts": [],
  "tests/support/servers/find_server.ts": ["dev/servers/install_servers.ts"], // their versions
  "tests/support/source_files.ts": [],
  "tests/without_builtin_modules_test.ts": [],
};

/** Modules whose literals are names for their callers: those that use them load everything. */
export const FOR_CALLERS: readonly string[] = ["tests/support/source_files.ts"];
