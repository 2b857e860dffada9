// Runs the shared tests on Node or Bun, from npm: `deno task test:node`, `deno task test:bun`; where
// both are named, side by side, in CI a seventh each, without the long ones, with as few cases as in
// `deno task test`. Shared is a test of the portable folders that, with what it uses below `tests/`,
// takes nothing of Deno but `Deno.test`.
import { join } from "@std/path";
import { reachable, readModuleGraph } from "../tests/support/module_graph.ts";
import { npxProgram } from "../tests/dev/npm/npx_program.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { shareOfRun, SHARES } from "../tests/support/seeds.ts";
import { sourceFiles } from "../tests/support/source_files.ts";
import { tempRoot } from "../tests/support/temp_root.ts";
import { isBelow, LONG } from "./slow_tests.ts";

const FOLDERS =
  /^tests\/((core|disk|registry|extensions\/((runs|maintenance)(?!\/(commands|surface|service))|mirrors|transfers|verification)|backends|files|formats|materializers|apps\/client)\/|simulate(_releases)?_test\.ts$)/;
const RUNTIMES: Record<string, string> = { node: "node@22", bun: "bun@1" };

/** Loads files by name on first use, which no bundle contains: tests that reach it are left out. */
const LAZY = "core/urls/load_part.ts";
const WITHOUT_LAZY = "tests/apps/client/";
/** The WebAssembly of JPEG is in no bundle, nor are the drivers that `backends/mod.ts` opens by name. */
const UNBUNDLED = ["tests/formats/jpeg_test.ts", "backends/mod.ts"];
/** Real servers are asked through their drivers (`tests/backends`): a registry sees no more of them than `Backend`. */
const ON_SERVERS = /^tests\/(registry|extensions\/(mirrors|transfers))\/.*servers_test\.ts$/;
/** These load what reads patterns, and what URLs name, where there are some: tests of those name Deno. */
const LOADERS = [
  "materializers/path/choice.ts",
  "disk/choose_files.ts",
  "registry/places/open_by_url.ts",
  "apps/client/download.ts",
  "apps/client/send_content.ts",
  "core/kernel.ts",
  "backends/gcs_driver.ts",
  "backends/s3_configs/open_bucket.ts",
  "files/mod.ts",
];
/** Parts that take only types of `backends/mod.ts`. */
const ONLY_TYPES = "extensions/";

const names = Deno.args;
if (names.length === 0 || names.some((name) => RUNTIMES[name] === undefined)) {
  throw new Error(`Cannot run the shared tests: the runtime is one of ${Object.keys(RUNTIMES)}`);
}

const { shared, bound } = await sharedTests();
console.log(
  `${shared.length} shared test files, ${bound.length} that need Deno: ${bound.join(" ")}`,
);
if (bound.length * 3 > shared.length) throw new Error("LOADERS lacks a file: too many need Deno");
await using root = await tempRoot();
const runner = join(REPOSITORY, "dev/portable_runner.ts");
const codes = await Promise.all(names.map((name, i) => runTests(name, shareOf(shared, i))));
await root.remove();
Deno.exit(Math.max(...codes));

/** In CI: tests on Deno have all cases. */
function isShared(): boolean {
  return names.length > 1 && shareOfRun() !== undefined;
}

/**
 * Side by side, each runtime takes every seventh file, and on the other days of a week the others. Files that damage every
 * byte or interrupt every step test little of a runtime and take half of the time: they run only where one is named.
 */
function shareOf(files: readonly string[], place: number): readonly string[] {
  const share = shareOfRun() ?? 0;
  if (!isShared()) return files;
  return files.filter((path) => !isBelow(path, LONG))
    .filter((_, i) => (i + place + share) % SHARES === 0);
}

/** Runs files; if several runtimes run at once, prints the output of each in one piece, at its end. */
async function runTests(name: string, files: readonly string[]): Promise<number> {
  const imports = [runner, ...files.map((path) => join(REPOSITORY, path))]
    .map((path) => `import "${path}";\n`);
  const entry = join(root.path, `${name}.ts`);
  const bundle = join(root.path, `${name}.mjs`);
  await Deno.writeTextFile(
    entry,
    `${imports.join("")}import { runTests } from "${runner}";\nawait runTests();\n`,
  );
  const config = ["--config", join(REPOSITORY, "deno.json")];
  const code = await run(
    [Deno.execPath(), "bundle", "--quiet", ...config, "-o", bundle, entry],
    "inherit",
  );
  if (code !== 0) return code;
  return await run(
    [await npxProgram(RUNTIMES[name]!), bundle],
    names.length === 1 ? "inherit" : "piped",
  );
}

async function sharedTests(): Promise<{ shared: string[]; bound: string[] }> {
  const files = await sourceFiles(["tests"]);
  const tests = files.filter((path) =>
    path.endsWith("_test.ts") && FOLDERS.test(path) && !ON_SERVERS.test(path)
  );
  const graph = new Map(await readModuleGraph(tests));
  const isByName = (target: string) => target === LAZY || UNBUNDLED.includes(target);
  for (const [path, targets] of graph) {
    if (!LOADERS.includes(path) && !path.startsWith(ONLY_TYPES)) continue;
    graph.set(path, targets.filter((target) => !isByName(target)));
  }
  const needsDeno = new Set([LAZY, ...UNBUNDLED]);
  for (const path of files) {
    if (/\bDeno\.(?!test\b)|\bimport\.meta\b/.test(await Deno.readTextFile(path))) {
      needsDeno.add(path);
    }
  }
  const bound = tests.filter((test) =>
    [...reachable(graph, test)].some((path) =>
      needsDeno.has(path) && !(path === LAZY && test.startsWith(WITHOUT_LAZY))
    )
  );
  return { shared: tests.filter((test) => !bound.includes(test)), bound };
}

async function run(
  [command = "", ...args]: string[],
  output: "inherit" | "piped",
): Promise<number> {
  const env: Record<string, string> = isShared()
    ? { HOLDFAST_QUICK: "1", HOLDFAST_REQUIRE_SERVERS: "" }
    : {};
  const options = { args, cwd: REPOSITORY, env, stdout: output, stderr: output } as const;
  const child = new Deno.Command(command, options).spawn();
  if (output === "inherit") return (await child.status).code;
  const { code, stdout, stderr } = await child.output();
  for (const bytes of [stdout, stderr]) {
    await new Blob([bytes]).stream().pipeTo(Deno.stdout.writable, { preventClose: true });
  }
  return code;
}
