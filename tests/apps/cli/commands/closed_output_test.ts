// Commands whose reader leaves, such as `holdfast worker --json | head -1`.
import { assertEquals } from "@std/assert";
import { Writable } from "node:stream";
import { COMMAND_TABLE, runCli } from "../../run_cli.ts";
import { createOutput } from "../../../../apps/cli/terminal/cli_io.ts";
import { openRegistry } from "../../../../mod.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { slowTest } from "../../../support/seeds.ts";
import { captureIo, fillRegistry, holdfast, noise } from "../../captured_io.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { projectRoot } from "../../../operators/surface/commands/project.ts";

/** Standard output whose reader takes some writes and then closes it. */
function closedAfter(writes: number) {
  let count = 0;
  const stream = new Writable();
  stream.write = (_data: unknown, done: unknown) => {
    const error = Object.assign(new Error("closed"), { code: "EPIPE" });
    const result = count++ < writes ? null : error;
    queueMicrotask(() => (done as (error: Error | null) => void)(result));
    return true;
  };
  return createOutput(stream);
}

/** Runs a command line whose reader is gone. */
async function unread(line: string, cwd: string, writes = 0): Promise<number> {
  const io = { ...captureIo(outside(cwd)), stdout: closedAfter(writes) };
  return await runCli(line.split(" "), io);
}

function outside(cwd: string) {
  return { cwd, env: { HOME: cwd }, stdin: '{"loss": 1}\nstarting\n{"loss": [1]}\n{"loss": 2}\n' };
}

/** Lines with their exit codes. The last ones find damage. */
const LINES: readonly (readonly [line: string, code: number])[] = [
  ["save new:a data/a.csv -a live", 0],
  ["copy new:a new:b", 0],
  ["download note config data:raw --to out", 0],
  ["download new:* --to out/new --json", 0],
  ["download config --to out/none --dry-run", 0],
  ["alias config production 1", 0],
  ["alias config", 0],
  ["alias config production --rollback", 0],
  ["publish release a=config@1 b=note", 0],
  ["note config@1 checked", 0],
  ["diff config@1 config@2", 1],
  ["lineage data:raw", 0],
  ["promotions", 0],
  ["info config", 0],
  ["du", 0],
  ["settings --grace 2d", 0],
  ["rules set tmp:* --keep-last 1", 0],
  ["rules ls", 0],
  ["rules log", 0],
  ["rules test tmp:a", 0],
  ["rules rm tmp:*", 0],
  ["runs log net 7", 0],
  ["runs ls", 0],
  ["runs set net 7 -t a=b", 0],
  ["runs finish net 7", 0],
  ["runs log net 8", 0],
  ["runs rm net 8 --yes", 0],
  ["remote add other ../other", 0],
  ["remote ls", 0],
  ["remote rm other", 0],
  ["token ls --tokens tokens.json", 3],
  ["token create --scope admin --tokens tokens.json", 1],
  ["token set 1 --note a --tokens tokens.json", 3],
  ["token rm 1 --tokens tokens.json", 3],
  ["token rotate 1 --tokens tokens.json", 3],
  ["mirror .holdfast copy --create", 0],
  ["rm note@1 --force --yes", 0],
  ["sign config@1 --key none.pem", 3],
  ["signatures config@1", 0],
  ["promote config@1 live", 0],
  ["members release", 1],
  ["undelete note@1.0.0", 0],
  ["rm new:a@1 new:b@9 --yes", 3],
  ["prune config --keep-last 1 --yes", 0],
  ["gc --now --yes", 0],
  ["init second", 0],
  ["pipeline init project", 0],
  ["pipeline plan project", 0],
  ["pipeline graph project", 0],
  ["pipeline status", 0],
  ["completions bash", 0],
  ["cache info", 0],
  ["__complete bash 1 holdfast l", 0],
  ["ls", 0],
  ["versions config", 0],
  ["cat note", 0],
  ["load config", 0],
  ["export bom config", 0],
  ["log config", 0],
  ["runs show net 7", 0],
  ["save large large.bin", 0],
  ["verify", 1],
];

/** Commands that other tests run, and those that need a server. */
const ELSEWHERE = [
  ...["batch save", "batch load", "pipeline run", "pipeline step", "pipeline logs"],
  ...[
    "pipeline cancel",
    "worker",
    "export mindtrace",
    "import general_pipeline",
    "import mindtrace",
    "export mlflow",
    "import dvc",
    "import files",
    "import hf",
    "import mlflow",
    "import neptune",
    "import tensorboard",
    "import wandb",
    "export site",
    "explore",
    "serve",
  ],
  ...["doctor", "mount", "mcp", "login", "logout", "whoami", "__serve", "jobs ls", "jobs show"],
  ...["jobs retry", "jobs cancel", "s3-credentials", "token s3"],
];

slowTest("commands do the same without a reader, with the same exit code", async () => {
  await using root = await tempRoot();
  const tryAll = async (run: (line: string, cwd: string) => Promise<number>) => {
    const cwd = root.join(run.name);
    await Deno.mkdir(cwd);
    await fillRegistry(cwd);
    await Deno.writeFile(`${cwd}/large.bin`, noise(200_000));
    const codes: [string, number][] = [];
    for (const [line] of LINES) {
      if (line === "verify") await damage(cwd);
      codes.push([line, await run(line, cwd)]);
    }
    return { codes, content: await contentOf(cwd) };
  };
  async function read(line: string, cwd: string): Promise<number> {
    return (await holdfast(line, outside(cwd))).code;
  }
  const one = await tryAll(read), other = await tryAll(unread);
  assertEquals(other.codes, LINES.map((line) => [...line]));
  const isProduct = (line: string) => line.startsWith("token create");
  assertEquals(one.codes, LINES.map(([line, code]) => [line, isProduct(line) ? 0 : code]));
  assertEquals(other.content, one.content);
  const tried = new Set(LINES.flatMap(([line]) => {
    const [first = "", second = ""] = line.split(" ");
    return [first, `${first} ${second}`];
  }));
  const names = (await COMMAND_TABLE.load()).map(({ name }) => name);
  const untried = names.filter((name) => !tried.has(name) && !ELSEWHERE.includes(name));
  assertEquals(untried, []);
});

async function damage(cwd: string): Promise<void> {
  const folder = `${cwd}/.holdfast/objects/large/`;
  for (const { name } of Deno.readDirSync(folder)) {
    await Deno.remove(folder + name, { recursive: true });
  }
}

/** Returns the versions and aliases of the registry in a folder, and its other files. */
async function contentOf(cwd: string): Promise<string[]> {
  const found: string[] = [];
  await using registry = await openRegistry(`${cwd}/.holdfast`);
  for await (const name of registry.names()) {
    for await (const { version } of registry.versions(name)) found.push(`${name}@${version}`);
    for await (const { alias, version } of registry.aliases(name)) {
      found.push(`${name}@${alias}: ${version}`);
    }
  }
  const walk = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${cwd}/${folder}`)) {
      const path = `${folder}${name}`;
      if (name === ".holdfast" || path === "copy" || path === "second") continue;
      if (isDirectory) walk(`${path}/`);
      else found.push(path);
    }
  };
  walk("");
  return found.sort();
}

Deno.test("batch save and load go on without a reader, and report failures", async () => {
  await using root = await projectRoot();
  const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
  const rows = names.map((name) => JSON.stringify({ name, value: 1, version: "1.0.0" }));
  await Deno.writeTextFile(root.join("good.jsonl"), rows.join("\n"));
  const refs = names.map((ref) => JSON.stringify({ ref }));
  await Deno.writeTextFile(root.join("refs.jsonl"), refs.join("\n"));
  await Deno.writeTextFile(root.join("bad.jsonl"), `${JSON.stringify({ name: "x" })}\n${rows[0]}`);
  const codes = [
    await unread("batch save good.jsonl --json", root.path, 1),
    await unread("batch save bad.jsonl --json", root.path),
    await unread("batch load refs.jsonl --to out --json", root.path),
  ];
  await using registry = await openRegistry(root.join(".holdfast"));
  assertEquals((await Array.fromAsync(registry.names())).sort(), names.toSorted());
  assertEquals([...Deno.readDirSync(root.join("out"))].length, names.length);
  assertEquals(codes, [0, 1, 0]);
});

Deno.test("a run goes on without a reader, and its exit code is that of the run", async () => {
  await using root = await projectRoot();
  const fails = "--set operators.train.params.fail=no";
  for (const more of ["", "--json"]) {
    assertEquals(await unread(`pipeline run ${more} ${fails}`.replace("  ", " "), root.path), 1);
    assertEquals(await unread(`pipeline run ${more}`.trim(), root.path), 0);
  }
});

programTest("a worker executes steps without a reader", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using root = await projectRoot();
  const place = `${url}?queue=unread-${Deno.pid}`;
  const env = Object.fromEntries(
    ["PATH", "HOME", "DENO_DIR"].map((name) => [name, realSystem.env(name) ?? ""]),
  );
  const stop = new AbortController();
  const io = { ...captureIo({ cwd: root.path, env, signal: stop.signal }), stdout: closedAfter(1) };
  const working = runCli(["worker", "--queue", place, "--json"], io);
  const run = ["pipeline", "run", "--engine", place];
  const { code, err } = await holdfast(run, { cwd: root.path, env });
  stop.abort();
  assertEquals([code, await working], [0, 0], err);
  await using queue = await openQueue(place);
  const states = (await queue.list()).map(({ state }) => state);
  assertEquals(states.filter((state) => state !== "done"), []);
});
