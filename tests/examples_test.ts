import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { fromFileUrl } from "@std/path";
import { IGNORED, launchBrowser } from "../explorer/tests/support/browser.ts";
import { TextLineStream } from "./files/processes/attack/line_stream.ts";
import { unpackFixture } from "./support/mindtrace_fixtures.ts";
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
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { TMPDIR: folder, NO_COLOR: "1" },
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

/** Returns the flags of the command in the first line of an example: it needs no others. */
async function flagsOf(name: string): Promise<string[]> {
  const [first = ""] = (await readFile(`${ROOT}examples/${name}`, "utf8")).split("\n");
  const [, flags, path] = /^\/\/ (?:\w+=\S+ )*deno run((?: -\S+)*) examples\/(\S+)/.exec(first) ??
    [];
  assertEquals(path, name, `examples/${name} does not begin with its command`);
  return flags!.split(" ").filter((flag) => flag !== "");
}

/** Runs an example that must succeed and leave nothing behind; returns what it prints. */
async function example(name: string, ...args: string[]): Promise<string> {
  await using work = await tempRoot();
  const command = ["run", "--no-prompt", ...await flagsOf(name), `examples/${name}`, ...args];
  const { code, stdout, stderr } = await run(work.path, ...command);
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

/** Lines that every demo must print. */
function assertStory(output: string): void {
  assertMatch(output, /demo:files@1\.0\.0/);
  assertMatch(output, /demo:files@2\.0\.0/);
  assertEquals(output.match(/not one byte differs/g)?.length, 2);
  assertMatch(output, /verify says +2 versions read, 1 problem\n +demo:files@2\.0\.0 is Corrupt/);
  assertMatch(output, /load says +Corrupt: /);
  assertMatch(output, /still whole/);
  assertMatch(output, /everything verifies again/);
}

Deno.test("deno task demo runs on the project's own tree, and stores only the change", async () => {
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

Deno.test("deno task demo reports an empty source", async () => {
  await using root = await tempRoot();
  await using work = await tempRoot();
  for (const input of [root.join("missing"), root.path]) {
    const { code, stdout, stderr } = await run(work.path, "task", "demo", input);
    assertEquals(code, 1, stdout);
    assertMatch(stderr, /^Cannot show .*: there is no/m);
  }
});

Deno.test("examples/first_steps.ts shows versions, ranges, aliases, files and an error", async () => {
  const stdout = await example("first_steps.ts");
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

Deno.test("examples/registry_view.ts shows what is below a prefix, as the guide has it", async () => {
  const stdout = await example("registry_view.ts");
  assertMatch(
    stdout,
    /^names: {3}data, model\nmodel: {3}of team-a\/model\nrefused: Unsupported: Cannot save "model": .*\n$/,
  );
  const source = await readFile(`${ROOT}examples/registry_view.ts`, "utf8");
  const guide = await readFile(`${ROOT}docs/extending_reference.md`, "utf8");
  assertStringIncludes(
    guide,
    source.slice(source.indexOf("/** The names"), source.indexOf("if (import.meta.main)")),
  );
});

Deno.test("examples/plate.ts prints its plate, step by step", async () => {
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

Deno.test("examples/runs.ts saves a run, and lists and keeps others", async () => {
  assertMatch(
    await example("runs.ts"),
    /^saved: [^]*"loss\.min": [^]*\}\n.* 50\nkept: 2.0.0 with 1 point\n$/,
  );
});

const PRINTED = {
  "concurrent_writers.ts":
    "4 programs made 20 versions, from 1.0.0 to 20.0.0\nsaves kept of each: 5, 5, 5, 5\n",
  "own_engine.ts": "ended hello\n",
  "weight_sync.ts": "both samplers have the weights of step 10\nless than a third fetched: true\n",
  "service.ts": "most frequent: fast\nweights:       2 × 3 float32\nby name:       true\n" +
    'over HTTP:     "hold\\t3\\nfast\\t5\\n"\n',
};
for (const [name, printed] of Object.entries(PRINTED)) {
  Deno.test(`examples/${name} prints this`, async () => assertEquals(await example(name), printed));
}

Deno.test("examples/images.ts saves and loads images, with an outcome for each", async () => {
  const stdout = await example("images.ts");
  assertEquals(stdout.split("\n").slice(0, -1), [
    "saved 24 of 24",
    "image:99: NotFound",
    "small:07@1.0.0 was made from image:07@1.0.0",
    "24 small images are intact",
  ]);
});

Deno.test("examples/migration.ts imports a mindtrace registry, and exports from it", async () => {
  await using old = await tempRoot();
  await unpackFixture("0.12.0", old.path);
  const stdout = await example("migration.ts", old.join("versioned"));
  const [names, ...lines] = stdout.replace(/^array:float32: {[^]*?^}$/m, "the array").split("\n")
    .slice(0, -1);
  assertMatch(names!, /^\d+ names, such as /);
  assertEquals(lines, [
    "would import 22 versions",
    "imported 22, failed 0",
    "again: imported 0, unchanged 22",
    "same date: true",
    "the array",
    "exported 1: array:float32",
  ]);
});

programTest("examples/jobs.ts runs each job once, and a failed one again", "redis", async (it) => {
  const stdout = await example("jobs.ts", (await it.shared()).url);
  assertEquals(stdout.split("\n").slice(0, -1), [
    "waiting: 3",
    'Monday: done after 1 of 3 attempts { version: "1.0.0" }',
    'Tuesday: done after 2 of 3 attempts { version: "1.0.0" }',
    'Wednesday: done after 1 of 3 attempts { version: "1.0.0" }',
    'report:Monday { day: "Monday", trips: 600 }',
    'report:Tuesday { day: "Tuesday", trips: 700 }',
    'report:Wednesday { day: "Wednesday", trips: 900 }',
  ]);
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

/** Serves the upload example until `use` returns. Returns what the program printed after its address. */
async function serveUpload(
  { env = {}, args, files }: { env?: Record<string, string>; args: string[]; files: string },
  use: (url: string) => Promise<unknown>,
): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...await flagsOf("upload.ts"), "examples/upload.ts", ...args],
    cwd: ROOT,
    env: { LOCAL_STORAGE_PATH: files, NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .values();
  const seen: string[] = [];
  const next = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`The program ended after ${JSON.stringify(seen)}`);
    return value;
  };
  try {
    await use(await next());
    seen.push(await next()); // the job ends when it likes
  } finally {
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
  }
  for await (const line of lines) seen.push(line);
  return seen;
}

/** Uploads a file to the example with a storage and a kind of queue. */
async function upload(
  env: Record<string, string>,
  backend: string,
  jobType: string,
): Promise<void> {
  await using work = await tempRoot();
  const files = work.join("files");
  const printed = await serveUpload({ env, args: [backend, jobType], files }, async (url) => {
    const to = `${url}upload?name=${encodeURIComponent("../a b.bin")}`;
    const response = await fetch(to, { method: "POST", body: new Uint8Array(1_000_000) });
    const { path, jobId } = await response.json();
    assertEquals([response.status, path, typeof jobId], [202, "uploads/__a_b.bin", "string"]);
  });
  assertEquals(printed, ['"uploads/__a_b.bin" is processed']);
  const stored = await readFile(work.join("files", "uploads", "__a_b.bin")).catch(() => undefined);
  assertEquals(stored?.length, backend === "local" ? 1_000_000 : undefined);
}

Deno.test({
  name: "examples/upload.ts takes a file that a browser chose" +
    (IGNORED ? " (skipped: no browser)" : ""),
  ignore: IGNORED,
  async fn() {
    await using work = await tempRoot();
    await writeFile(work.join("photo.jpg"), "a photo");
    const files = work.join("files");
    const chromium = await launchBrowser();
    try {
      const printed = await serveUpload({ args: [], files }, async (url) => {
        const page = await chromium.newPage();
        await page.goto(url);
        await page.setInputFiles("input", work.join("photo.jpg"));
        await page.getByText("uploads/photo.jpg: job ").waitFor();
      });
      assertEquals(printed, ['"uploads/photo.jpg" is processed']);
      assertEquals(await readFile(work.join("files/uploads/photo.jpg"), "utf8"), "a photo");
    } finally {
      await chromium.close();
    }
  },
});

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
  const stdout = await example("own_plugin.ts");
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
  const entries = await readdir(`${ROOT}examples`, { withFileTypes: true });
  const programs = entries.map((entry) => entry.isDirectory() ? `${entry.name}/run.ts` : entry.name)
    .filter((name) =>
      name.endsWith(".ts") && !/^(demo_files.ts|(worker|extension)\/.*)$/.test(name)
    ); // see servers/worker_test.ts and dev/own_extension_test.ts
  for (const name of programs) {
    assert(
      source.includes(`"${name}"`) || source.includes(`examples/${name}`) || name === "demo.ts",
      `examples/${name} is run by no test`,
    );
    if (name !== "demo.ts") await flagsOf(name);
  }
});
