import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { readExports } from "../support/exports.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { kindsOfShare, partOfRun } from "../support/seeds.ts";
import { serverTest } from "../support/servers/mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import {
  FIRST_HOUR_ON,
  firstHour,
  freePort,
  runTranscript,
  withoutWhatVaries,
  writeFirstHour,
} from "../docs/transcript.ts";
import {
  compilerOf,
  INSTALL_QUIETLY,
  type InstalledPackage,
  runIn,
  RUNTIMES,
  sharedPackage,
  TYPESCRIPTS,
} from "./npm/installed_package.ts";
import { LIBRARY, LIBRARY_SAYS, UPLOADS } from "./npm/library_programs.ts";
import { readmeSamples } from "./npm/readme_samples.ts";
import { OF_BATCHES, THREAD_PROGRAMS } from "./npm/thread_programs.ts";

const root = await tempRoot();
globalThis.addEventListener("unload", () => Deno.removeSync(root.path, { recursive: true }));

let found: Promise<InstalledPackage> | undefined;
/** The package, with the programs that some of the tests run. */
const installed = () =>
  found ??= sharedPackage().then(async (at) => {
    for (const [file, text] of Object.entries(THREAD_PROGRAMS)) {
      await writeFile(join(at.project, file), text);
    }
    return at;
  });
const BIN = "node_modules/@holdfast/holdfast/bin/holdfast.js";

Deno.test("the npm package has each entry point with its types, and no file of tests", async () => {
  const { built: { folder } } = await installed();
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const paths = (await readdir(folder, { recursive: true })).sort();
  const doors = Object.entries<Record<string, string>>(manifest.exports).filter(([, door]) =>
    typeof door !== "string"
  );
  assertEquals(doors.map(([subpath]) => subpath), Object.keys(await readExports()));
  const missing = doors.flatMap(([, door]) => Object.values(door)).filter((path) =>
    !paths.includes(path.slice(2))
  );
  assertEquals(missing, []);
  assertEquals(paths.filter((path) => /_test\.|(^|\/)tests(\/|$)|(?<!\.d)\.ts$/.test(path)), []);
  assertEquals(Object.keys(manifest.peerDependencies).slice(0, 2), [
    "@aws-sdk/client-s3",
    "@google-cloud/storage",
  ]);
  const scripts = paths.filter((path) => /\.(js|d\.ts)$/.test(path));
  for (const path of scripts) {
    const text = await readFile(join(folder, path), "utf8");
    const [foreign] =
      text.match(/(?:^(?:import|export)\b[^;]*?\bfrom |\bimport\()"(?:npm:|@std\/|[^"]*\.ts")/m) ??
        [];
    assertEquals(foreign, undefined, path);
  }
});

Deno.test("its archive is under 2.2 MB, and installs no client of a store or queue", async () => {
  const { built: { archive }, project } = await installed();
  const { size } = await stat(archive);
  assert(size < 2.2e6, `${size} bytes`);
  const lock = await readFile(join(project, "node_modules/.package-lock.json"), "utf8");
  const found =
    /"node_modules\/((?:@redis\/.*|ioredis|bullmq|pg|@google-cloud\/.*|@opentelemetry\/.*))"/;
  assertEquals(lock.match(found)?.[1], undefined);
});

Deno.test("on an older Node the program prints one line, and fails", async () => {
  const { project, env, runtime } = await installed();
  const older = '{ value: { ...process.versions, node: "20.19.0" } }';
  await writeFile(
    join(project, "older.mjs"),
    `Object.defineProperty(process, "versions", ${older});\n`,
  );
  const command = [await runtime("node@22"), "--import", "./older.mjs", BIN, "--version"];
  assertEquals(await runIn({ cwd: project, env }, command), {
    code: 1,
    stdout: "",
    stderr: "error: Cannot run holdfast on Node 20.19.0: it needs Node 22.12 or later\n",
  });
});

Deno.test("its declarations are right for strict TypeScript that checks libraries too", async () => {
  const { project, env, runtime, built: { folder } } = await installed();
  const { exports, typeScriptVersion } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  assertEquals(typeScriptVersion, TYPESCRIPTS[0]);
  const subpaths = Object.keys(exports).filter((subpath) => subpath !== "./package.json").map((
    text,
  ) => text.slice(1));
  const imports = subpaths.map((subpath, index) =>
    `export * as entry${index} from "@holdfast/holdfast${subpath}";\n`
  );
  await writeFile(
    join(project, "check.ts"),
    `${imports.join("")}import { openRegistry } from "@holdfast/holdfast";
const saved = await (await openRegistry("memory:")).save("name", { rate: 1 });
export const version: string = saved.version;
// @ts-expect-error a version is a string
export const wrong: number = saved.version;
`,
  );
  const flags =
    "--module nodenext --target es2022 --noEmit --strict --exactOptionalPropertyTypes " +
    "--skipDefaultLibCheck"; // the libraries of TypeScript itself
  // A browser has no types of Node, and Node none of the DOM.
  const withDomAndWithout = [["--typeRoots", "none"], ["--types", "node", "--lib", "es2022"]];
  const kinds = TYPESCRIPTS.flatMap((version) =>
    withDomAndWithout.map((libraries) => ({ version, libraries }))
  );
  for (const { version, libraries } of kindsOfShare("libraries", kinds)) {
    const tsc = [
      await runtime("node@22"),
      join(project, "node_modules", compilerOf(version), "bin/tsc"),
    ];
    const command = [...tsc, ...flags.split(" "), ...libraries, "check.ts"];
    const ran = await runIn({ cwd: project, env }, command);
    assertEquals([ran.code, ran.stdout], [0, ""], version);
  }
});

/** On all runtimes at once, each with its own folders; in CI on one of them each day. */
function everywhere(
  title: string,
  run: (name: string, at: InstalledPackage) => Promise<void>,
): void {
  Deno.test(title, async () => {
    const at = await installed();
    await Promise.all(kindsOfShare(title, RUNTIMES).map((name) => run(name, at)));
  });
}

everywhere("the library, with batches, runs on Node and Bun", async (name, at) => {
  const { project, env, runtime } = at;
  const program = join(project, `library-${name}.mjs`);
  await writeFile(program, LIBRARY);
  const folder = root.join(`library-${name}`);
  const { stdout, stderr } = await runIn({ cwd: project, env }, [
    await runtime(name),
    program,
    folder,
  ]);
  assertEquals(stderr, "", name);
  assertEquals(JSON.parse(stdout), LIBRARY_SAYS, name);
});

async function testGlobalCommand(): Promise<void> {
  const { built, env, runtime } = await installed();
  const prefix = root.join("global");
  const install = ["npm", "install", "--global", "--prefix", prefix, ...INSTALL_QUIETLY];
  const at = { cwd: root.path, env };
  await runIn(at, [...install, built.archive]);
  const command = [await runtime("node@22"), join(prefix, "bin/holdfast")];
  const holdfast = (...line: string[]) => runIn(at, [...command, ...line]);
  await holdfast("init");
  for (const line of [["mcp"], ["serve", "--mcp", "--port", "0"]]) {
    const ran = await holdfast(...line);
    assertEquals([ran.code, ran.stdout], [1, ""], ran.stderr); // before it starts
    const told = `npm install --global --prefix ${prefix} @modelcontextprotocol/server`;
    assertStringIncludes(ran.stderr, `hint: Install it: ${told}\n`);
  }
}

// It installs the package once more: in CI on one of three days.
if (partOfRun(["global"], 3).length > 0) {
  Deno.test(
    "the global command names where to install a package that is missing",
    testGlobalCommand,
  );
}

everywhere("the service takes resumable uploads", async (name, { project, env, runtime }) => {
  await writeFile(join(project, "uploads.mjs"), UPLOADS);
  const ran = await runIn({ cwd: project, env }, [await runtime(name), "uploads.mjs"]);
  assertEquals([ran.code, ran.stderr, ran.stdout], [0, "", "201 1.0.0\n"], name);
});

everywhere("batches have threads, and what forgets them ends", async (name, at) => {
  const { project, env, runtime } = at;
  const folder = root.join(`threads-${name}`);
  await mkdir(folder);
  const command = [await runtime(name), "batches.mjs", folder];
  const { code, stdout, stderr } = await runIn({ cwd: project, env }, command);
  assertEquals([code, stderr], [0, ""], name);
  assertEquals(stdout.trim().split("\n").map((line) => JSON.parse(line)), [...OF_BATCHES], name);
});

everywhere("the command line runs on Node and Bun", async (name, at) => {
  const { project, env, runtime } = at;
  const cwd = join(project, `cli-${name}`);
  await mkdir(join(cwd, "tree"), { recursive: true });
  await writeFile(join(cwd, "tree/a.txt"), "first");
  await writeFile(join(cwd, "rows.csv"), "name,path\nrow:a,tree/a.txt\nrow:b,rows.csv\n");
  const command = [await runtime(name), join(project, BIN)];
  const holdfast = async (line: string, stdin?: string) => {
    const { code, stdout, stderr } = await runIn({ cwd, env, stdin }, [
      ...command,
      ...line.split(" "),
    ]);
    assertEquals(code, 0, `${name} ${line}: ${stderr}`);
    return stdout;
  };
  await holdfast("init");
  await holdfast("save my:config - --as json", '{"rate": 0.01}');
  await holdfast("save data:tree tree --alias production");
  await holdfast("batch save rows.csv");
  assertEquals((await holdfast("ls --json")).trim().split("\n").length, 4);
  assertEquals(JSON.parse(await holdfast("load my:config")), { rate: 0.01 });
  await holdfast("download data:tree@production copy");
  assertEquals(await readFile(join(cwd, "copy/a.txt"), "utf8"), "first");
  assertMatch(await holdfast("doctor --no-probe"), new RegExp(`, ${name.replace(/@.*/, "")} \\d`));
  await holdfast("init other");
  assertStringIncludes(await holdfast("mirror .holdfast other"), "4 versions");
  assertStringIncludes(await holdfast("verify --registry other"), "No problems: 4 versions");
  await holdfast("pipeline init"); // its operators import the package, and run as they are
  await holdfast("pipeline run");
  const wrong = await runIn({ cwd, env }, [...command, "help", "sav"]);
  assertEquals(wrong.code, 2);
  assertStringIncludes(
    wrong.stderr,
    'unknown command "sav"\nhint: Did you mean this?\n  holdfast help save',
  );
});

everywhere("a command that is installed elsewhere runs modules of a folder", async (name, at) => {
  const { project, env, runtime } = at;
  const cwd = root.join(`elsewhere-${name}`); // without the package beside it, or above
  await mkdir(cwd);
  const run = async (...words: string[]) =>
    await runIn({ cwd, env }, [await runtime(name), join(project, BIN), ...words]);
  for (const words of [["pipeline", "init"], ["init"], ["pipeline", "run"]]) {
    const { code, stderr } = await run(...words);
    assertEquals(code, 0, `${name} ${words}: ${stderr}`);
  }
  const engine = await run("pipeline", "run", "--force", "--engine", "local:");
  assertMatch(engine.stdout, /@2 ok in (\d+m)?[\d.]+s: 3 ran/, engine.stderr);
  await writeFile(
    join(cwd, "tasks.mjs"),
    'import { createPlugins } from "@holdfast/holdfast/plugins";\n' +
      "export const plugins = createPlugins();\n",
  );
  const queue = "postgres://nobody@127.0.0.1:1/none";
  const { stderr } = await run("worker", "--tasks", "tasks.mjs", "--queue", queue);
  assertMatch(stderr, /^error: Cannot (open|load bullmq)/, name); // not: load tasks
});

Deno.test("operators in a package of CommonJS get a hint", async () => {
  const { project, env, runtime } = await installed();
  const cwd = join(project, "commonjs");
  await mkdir(cwd);
  await writeFile(join(cwd, "package.json"), '{ "type": "commonjs" }\n'); // as npm 11 writes it
  const run = async (...words: string[]) =>
    await runIn({ cwd, env }, [await runtime("node@22"), join(project, BIN), ...words]);
  for (const words of [["init"], ["pipeline", "init"]]) assertEquals((await run(...words)).code, 0);
  assertStringIncludes((await run("pipeline", "run")).stderr, "npm pkg set type=module");
  await writeFile(join(cwd, "package.json"), '{ "type": "module" }\n');
  assertEquals((await run("pipeline", "run")).code, 0);
});

everywhere("the samples of README run on Node and Bun", async (name, { project, env, runtime }) => {
  const samples = await readmeSamples();
  samples.push({ text: await pageSample(), permissions: [] });
  for (const [index, { text }] of samples.entries()) {
    const cwd = join(project, `sample-${index}-${name}`);
    await mkdir(join(cwd, "examples"), { recursive: true });
    await writeFile(join(cwd, "examples/a.txt"), "a file");
    await writeFile(join(cwd, "main.mjs"), text);
    const { code, stderr } = await runIn({ cwd, env }, [await runtime(name), "main.mjs"]);
    assertEquals([code, stderr], [0, ""], `${name}: ${text}`);
  }
});

async function testFirstHour(): Promise<void> {
  const { project, runtime } = await installed();
  const [, text] = await firstHour();
  const node = await runtime("node@22");
  const before = `npx() { shift; '${node}' '${
    join(project, BIN)
  }' "$@"; }; node() { '${node}' "$@"; }`;
  await mkdir(join(project, "first"));
  // Node finds the installed package in the folder above.
  const printed = await runTranscript(text, {
    home: join(project, "first"),
    env: {},
    before: `${before}\nmkdir ~/project`,
    port: freePort(),
  });
  await writeFirstHour({ onNode: printed });
  assertEquals(withoutWhatVaries(printed), withoutWhatVaries(text));
}

if (FIRST_HOUR_ON.includes("Node")) {
  Deno.test("the page about the first hour shows what its commands print on Node", testFirstHour);
}

Deno.test("bun add takes the same archive", async () => {
  const { built: { archive }, env, runtime } = await installed();
  const cwd = root.join("bun");
  await mkdir(cwd);
  await writeFile(join(cwd, "package.json"), "{}\n");
  const bun = await runtime("bun@1");
  const added = await runIn({ cwd, env }, [bun, "add", archive]);
  assertEquals(added.code, 0, added.stderr);
  const { stdout, stderr } = await runIn({ cwd, env }, [bun, BIN, "--version"]);
  assertMatch(stdout, /^\d+\.\d+\.\d+\n$/, stderr);
});

Deno.test("batches work without threads if Node may start none", async () => {
  const { project, env, runtime } = await installed();
  const program = join(project, "library.mjs");
  const always = LIBRARY.replace("{ workers: 2 }", '{ workers: 2, offload: "always" }');
  await writeFile(program, always.replace("argv[2])", 'argv[2], { durability: "os" })')); // nor may it sync
  const may = ["--permission", "--allow-fs-read=*", "--allow-fs-write=*"];
  const { code, stdout } = await runIn({ cwd: project, env }, [
    ...[await runtime("node@24"), ...may, program],
    root.join("without"),
  ]);
  assertEquals([code, JSON.parse(stdout)], [0, LIBRARY_SAYS]);
});

Deno.test("a store whose SDK is not installed reports what to install", async () => {
  const { project, env, runtime } = await installed();
  const command = [await runtime("node@22"), BIN, "ls", "--registry", "gs://bucket/there"];
  const { code, stderr } = await runIn({ cwd: project, env }, command);
  assert(code !== 0);
  assertStringIncludes(stderr, "npm install @google-cloud/storage");
});

serverTest(
  "its driver of S3 runs on Node",
  "minio",
  async ({ endpoint, bucket, accessKey, secretKey }) => {
    const { project, env, runtime } = await installed();
    const prefix = bucket.toUpperCase().replaceAll("-", "_");
    const credentials = {
      [`MINIO_${prefix}_ACCESS_KEY`]: accessKey,
      [`MINIO_${prefix}_SECRET_KEY`]: secretKey,
    };
    const url = `minio://${bucket}/npm?endpoint=${endpoint}`;
    const command = [await runtime("node@22"), BIN];
    const place = { cwd: project, env: { ...env, ...credentials } };
    for (const line of [["init"], ["save", "a:file", "package.json"], ["verify"]]) {
      const ran = await runIn(place, [
        ...command,
        ...line,
        ...line[0] === "init" ? [url] : ["--registry", url],
      ]);
      assertEquals(ran.code, 0, ran.stderr);
    }
    await rm(join(project, "got"), { force: true });
    const ran = await runIn(place, [...command, "download", "a:file", "got", "--registry", url]);
    assertEquals(ran.code, 0, ran.stderr);
    assertEquals(
      await readFile(join(project, "got"), "utf8"),
      await readFile(join(project, "package.json"), "utf8"),
    );
  },
);

/** The sample of the page about installing. */
async function pageSample(): Promise<string> {
  const page = await readFile(join(REPOSITORY, "docs/install.md"), "utf8");
  return /^```js\n([^]*?)^```$/m.exec(page)![1];
}
