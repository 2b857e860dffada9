import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { fromFileUrl } from "@std/path";
import { serverTest } from "./support/servers/mod.ts";
import { programTest } from "./support/servers/programs/program_tests.ts";
import { tempRoot } from "./support/temp_root.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program of this repository without a terminal, with its temporary files in `folder`. */
async function run(folder: string, ...args: string[]): Promise<Run> {
  return await runWith({}, folder, ...args);
}

/** The same with variables of the environment. */
async function runWith(
  env: Record<string, string>,
  folder: string,
  ...args: string[]
): Promise<Run> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { TMPDIR: folder, NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  return {
    code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  };
}

/** Runs an example that must succeed and leave nothing behind; returns what it prints. */
async function example(name: string, permissions = "-A"): Promise<string> {
  await using work = await tempRoot();
  const { code, stdout, stderr } = await run(work.path, "run", permissions, `examples/${name}`);
  assertEquals(code, 0, stderr);
  assertEquals(await readdir(work.path), []);
  return stdout;
}

async function demo(folder: string, ...input: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(folder, "task", "demo", ...input);
  assertEquals(code, 0, stderr);
  assertEquals(await readdir(folder), [], "the demo left files behind");
  return stdout;
}

/** What every demo must show. */
function assertStory(output: string): void {
  assertMatch(output, /demo:files@1\.0\.0/);
  assertMatch(output, /demo:files@2\.0\.0/);
  assertEquals(output.match(/not one byte differs/g)?.length, 2);
  assertMatch(output, /verify says +2 versions read, 1 problem\n +demo:files@2\.0\.0 is Corrupt/);
  assertMatch(output, /load says +Corrupt: /);
  assertMatch(output, /still whole/);
  assertMatch(output, /everything verifies again/);
}

Deno.test("deno task demo tells its story on the project's own tree, and stores only the change", async () => {
  await using root = await tempRoot();
  const output = await demo(root.path);
  assertStory(output);
  assertStringIncludes(output, "what did not change is shared");
});

Deno.test("deno task demo works on a folder with links, empty folders and odd names, which it only reads", async () => {
  await using root = await tempRoot();
  await using work = await tempRoot();
  await mkdir(root.join("empty", "deeper"), { recursive: true });
  await writeFile(root.join("näme with spaces.txt"), "text");
  await writeFile(root.join("large.bin"), new Uint8Array(3_000_000).fill(7));
  await symlink("/etc/passwd", root.join("link"));
  const output = await demo(work.path, root.path);
  assertStory(output);
  assertMatch(output, /left out +1 entry/);
  assertMatch(output, /damaged +objects\//);
  assertEquals(await readFile(root.join("näme with spaces.txt"), "utf8"), "text");
});

Deno.test("deno task demo works on a single file, an empty one too", async () => {
  await using root = await tempRoot();
  await using work = await tempRoot();
  for (const content of ["hello", ""]) {
    await writeFile(root.join("one.txt"), content);
    assertStory(await demo(work.path, root.join("one.txt")));
    assertEquals(await readFile(root.join("one.txt"), "utf8"), content);
  }
});

Deno.test("deno task demo says so when there is nothing to show", async () => {
  await using root = await tempRoot();
  await using work = await tempRoot();
  for (const input of [root.join("missing"), root.path]) {
    const { code, stdout, stderr } = await run(work.path, "task", "demo", input);
    assertEquals(code, 1, stdout);
    assertMatch(stderr, /^Cannot show .*: there is no/m);
  }
});

Deno.test("examples/quickstart.ts shows versions, ranges, aliases, files and an error", async () => {
  const stdout = await example("quickstart.ts");
  assertEquals(stdout.split("\n").slice(0, -1), [
    "latest: { layers: 24, dropout: 0.1 }",
    "first:  { layers: 12, dropout: 0.1 }",
    "range:  { layers: 24, dropout: 0.2 }",
    "alias:  { layers: 24, dropout: 0.1 }",
    "version 2.1.0",
    "version 2.0.0",
    "version 1.0.0",
    "file:   remember the milk",
    'AlreadyExists: Cannot save "model:config@1.0.0": version exists. ' +
    "Versions are never reused: leave the version out for the next one, or pass another.",
  ]);
});

Deno.test("examples/typed_artifact.ts needs no permission", async () => {
  const stdout = await example("typed_artifact.ts", "--no-prompt");
  assertEquals(stdout, "most seen: fast\nweights:   2 × 3 float32\nby name:   true\n");
});

Deno.test("examples/registry_view.ts shows what is below a prefix, as the guide has it", async () => {
  const stdout = await example("registry_view.ts");
  assertMatch(
    stdout,
    /^names: {3}data, model\nmodel: {3}of team-a\/model\nrefused: Unsupported: Cannot save "model": .*\n$/,
  );
  const source = await readFile(`${ROOT}examples/registry_view.ts`, "utf8");
  const guide = await readFile(`${ROOT}docs/own_registry.md`, "utf8");
  assertStringIncludes(
    guide,
    source.slice(source.indexOf("/** The names"), source.indexOf("if (import.meta.main)")),
  );
});

Deno.test("examples/files.ts does the same on each kind of store", async () => {
  const stdout = await example("files.ts");
  const told = "0 failed, 2 wells, work/plate/A01_w2.npy work/plate/A01_w10.npy: 2 planes";
  assertEquals(
    stdout,
    ["memory", "disk", "bucket", "zarr"].map((name) => `${name}: ${told}\n`).join(""),
  );
});

Deno.test("examples/plate.ts tells of its plate, step by step", async () => {
  const stdout = await example("plate.ts");
  assertEquals(stdout.split("\n").slice(0, -1), [
    "1. saved 384 images, 0 failed",
    "2. 12 in row B: raw/B01_GFP.npy to raw/B12_GFP.npy",
    "3. the cell of each has 305 pixels",
    "4. 384 in work; the raw image still has 305 pixels of cell",
    "5. the plate has 96 wells of 4 channels",
    "6. H/12, Cy5: 1005 pixels of 64 x 64, and 32 x 32 of the copy",
  ]);
});

Deno.test("examples/many_writers.ts loses no save of any writer", async () => {
  const stdout = await example("many_writers.ts");
  assertEquals(
    stdout,
    "4 programs made 20 versions, from 1.0.0 to 20.0.0\nsaves kept of each: 5, 5, 5, 5\n",
  );
});

Deno.test("examples/batch.ts saves and loads many, with an outcome for each", async () => {
  const stdout = await example("batch.ts");
  assertEquals(stdout, "saved   12 of 12\nload 0  0\nload 1  6\nload 2  NotFound\nstream  1000\n");
});

Deno.test("examples/pipeline runs all of it, then nothing, then what a changed parameter touches", async () => {
  const stdout = await example("pipeline/run.ts");
  assertEquals(stdout.split("\n").slice(0, -1), [
    "first: late_trips@1 ok",
    "  collect  ran     never ran → trips:raw@1.0.0",
    "  clean    ran     never ran → trips:clean@1.0.0",
    "  features ran     never ran → late_trips:output:features@1.0.0",
    "  train    ran     never ran → trips:model@1.0.0",
    "  evaluate ran     never ran → trips:metrics@1.0.0",
    "  publish  ran     never ran",
    "again: late_trips@2 ok",
    ...["collect ", "clean   ", "features", "train   ", "evaluate", "publish "]
      .map((step) => `  ${step} skipped nothing changed`),
    "with another rate: late_trips@3 ok",
    "  collect  skipped nothing changed",
    "  clean    skipped nothing changed",
    "  features skipped nothing changed",
    "  train    ran     params.rate 0.5 → 1 → trips:model@2.0.0",
    "  evaluate ran     upstream runs: train → trips:metrics@2.0.0",
    "  publish  ran     upstream runs: evaluate",
    "model 1.0.0: 73.5 % of 19002 trips",
    "model 2.0.0: 76.7 % of 19002 trips",
    "trips:model@production was made from",
    "  late_trips:output:features@1.0.0",
    "  trips:clean@1.0.0",
    "  trips:raw@1.0.0",
  ]);
});

Deno.test("examples/operators.ts runs operators that are classes, and refuses an input that is not whole", async () => {
  const stdout = await example("operators.ts");
  assertEquals(stdout.split("\n").slice(0, -1), [
    "There are: data_cleaner_v1, feature_extractor_v1, singleton_test",
    "  Required file not found: schema.json",
    "1. feature_extractor_v1 ended with 2 (input)",
    "  Cleaning data in …/raw",
    "  Features of 2 rows",
    "2. ended with 0 and 0:",
    "  a,b,sum",
    "  1,2,3",
    "  3,4,7",
    "3. the same operator id, the same instance: true; another id, another one: true",
  ]);
});

/** Runs the upload example with a storage and a kind of queue. */
async function upload(
  env: Record<string, string>,
  backend: string,
  jobType: string,
): Promise<void> {
  await using work = await tempRoot();
  const variables = { LOCAL_STORAGE_PATH: work.join("files"), ...env };
  const { code, stdout, stderr } = await runWith(
    variables,
    work.path,
    ...["run", "-A", "examples/upload.ts", backend, jobType],
  );
  assertEquals(code, 0, stderr);
  const told = stdout.split("\n").slice(0, -1).sort(); // the job may run before the client has its answer
  assertEquals(told, [
    "202: scheduled true",
    "SUCCESS: background processing for 'uploads/file.bin' is complete",
    'job done: { stored_path: "uploads/file.bin" }',
    `${backend} has 1000000 bytes`,
  ]);
  const isLocal = backend === "local";
  assertEquals(
    await readdir(work.join("files", "uploads")).catch(() => []),
    isLocal ? ["file.bin"] : [],
  );
}

for (const jobType of ["background", "memory"]) {
  Deno.test(`examples/upload.ts with a folder, and jobs in ${jobType}`, () =>
    upload({}, "local", jobType));
}

serverTest("examples/upload.ts with a bucket, and jobs in background", "minio", async (server) => {
  const { endpoint, accessKey, secretKey } = server;
  const env = {
    MINIO_ENDPOINT: endpoint,
    MINIO_ACCESS_KEY: accessKey,
    MINIO_SECRET_KEY: secretKey,
  };
  await upload(env, "minio", "background");
});

programTest(
  "examples/upload.ts with a folder, and jobs on a server",
  ["redis", "postgres"],
  async ({ kind, shared }) => {
    const { hostname, port } = new URL((await shared()).url);
    const env: Record<string, string> = kind === "redis"
      ? { REDIS_HOST: hostname, REDIS_PORT: port }
      : { PGHOST: hostname, PGPORT: port, PGUSER: "postgres", PGDATABASE: "postgres" };
    await upload(env, "local", kind);
  },
);

Deno.test("examples/own_plugin.ts needs no permission, and writes a storage and a runner in a few lines each", async () => {
  const stdout = await example("own_plugin.ts", "--no-prompt");
  assertEquals(stdout.split("\n").slice(0, -1).sort(), [
    "0.txt: 13 bytes",
    "1.txt: 9 bytes",
    "words-0 is scheduled",
    "words-0, count: 0.txt has 3 words",
    "words-1 is scheduled",
    "words-1, count: 1.txt has 2 words",
  ]);
  const source = await readFile(`${ROOT}examples/own_plugin.ts`, "utf8");
  for (
    const [begin, end] of [['plugins.register(Storage, "map"', "});"], [
      "@plugins.register(JobRunner",
      "}",
    ]]
  ) {
    const lines = source.slice(source.indexOf(begin)).split("\n").indexOf(end) + 1;
    assert(lines <= 20, `${begin} has ${lines} lines`);
  }
});

Deno.test("every example is run by a test", async () => {
  const source = await readFile(new URL(import.meta.url), "utf8");
  const programs = (await readdir(`${ROOT}examples`)).filter((name) =>
    name.endsWith(".ts") && name !== "demo_files.ts"
  );
  const folders = await readdir(`${ROOT}examples`, { withFileTypes: true });
  programs.push(
    ...folders.filter((entry) => entry.isDirectory()).map(({ name }) => `${name}/run.ts`),
  );
  for (const name of programs) {
    assert(
      source.includes(`"${name}"`) || source.includes(`examples/${name}`) || name === "demo.ts",
      `examples/${name} is run by no test`,
    );
  }
});
