// The short life of a run of W&B's own client, in which something fails at one of its requests. A proxy
// counts the requests: no list of them is written by hand.
import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { readdir, readFile } from "node:fs/promises";
import { openRegistry } from "../../../../mod.ts";
import { type Fault, startProxy, type WireRequest } from "../../../support/proxy.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { claimPort } from "../../../support/servers/ports.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { type WatchedProcess, watchProcess } from "../../../support/watch_process.ts";
import { type Client, pythonOf } from "./serve_wandb.ts";

/** A failure at a request: its reply is lost, or the service, the client or both are killed. */
export const FAILURES = ["reply", "service", "client", "both"] as const;
export type Failure = typeof FAILURES[number];

interface Failing {
  /** The run is one that programs share. */
  readonly isShared?: boolean;
  readonly at?: number;
  readonly failure?: Failure;
  readonly killAfterMs?: number;
}

/** The oldest client sends this once, and stops without its answer. */
const SENT_ONCE = /^\{"query": "\{\\n {2}viewer/;

const POINTS = 20;
const ALL = Array.from({ length: POINTS }, (_, i) => i);

/** Waits for an artifact: the newest client gives its last query seconds, which a service may need to begin. */
const WAITED = `
def waited(artifact):
    while True:
        try: return artifact.wait()
        except Exception as error:
            if "did not respond in time" not in str(error): raise
`;

/** Logs half of its lines, and the others and a table when the service has those. */
const LIFE = `${WAITED}
import os, sys, wandb
shared = {"mode": "shared"} if os.environ["SHARED"] == "yes" else {}
settings = wandb.Settings(x_file_stream_transmit_interval=0.1, **shared)
run = wandb.init(id="abc", config={"lr": 0.1}, settings=settings)
for i in range(${POINTS / 2}): run.log({"loss": i})
print("> half", flush=True)
sys.stdin.readline()
table = wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])
for i in range(${POINTS / 2}, ${POINTS}):
    run.log({"loss": i, **({"rows": table} if i == ${POINTS - 2} else {})})
os.makedirs("d", exist_ok=True)
for name in ["a", "b"]: open(f"d/{name}.bin", "w").write(name * 1000)
model = wandb.Artifact("model", type="model"); model.add_dir("d")
waited(run.log_artifact(model, aliases=["best"]))
run.summary["best"] = 7
run.finish()
`;

/** Logs the artifact of a run that was killed, by another one. */
const AGAIN = `${WAITED}
import os, wandb
run = wandb.init(id="other")
os.makedirs("d", exist_ok=True)
for name in ["a", "b"]: open(f"d/{name}.bin", "w").write(name * 1000)
model = wandb.Artifact("model", type="model"); model.add_dir("d")
waited(run.log_artifact(model, aliases=["best"]))
run.finish()
`;

/** Logs half of its lines, and the others and its end while the service is away. */
const LIFE_ALONE = `
import os, sys, time, wandb
settings = wandb.Settings(x_file_stream_transmit_interval=0.1)
run = wandb.init(id="abc", settings=settings)
for i in range(${POINTS / 2}): run.log({"loss": i})
print("> half", flush=True)
sys.stdin.readline()
for i in range(${POINTS / 2}, ${POINTS}): run.log({"loss": i})
run.summary["best"] = 7
time.sleep(float(os.environ.get("ENDS_LATER", 0)))
run.finish()
`;

/** Clients wait for seconds between two tries; these for parts of one. */
const RETRIES = Object.fromEntries(
  ["FILE_STREAM", "GRAPHQL", "FILE_TRANSFER"].flatMap((kind) => [
    [`WANDB_X_${kind}_RETRY_WAIT_MIN_SECONDS`, "0.1"],
    [`WANDB_X_${kind}_RETRY_WAIT_MAX_SECONDS`, "0.5"],
  ]),
);

/** A service in a process, a proxy before it, and clients, each life of which has a project of its own. */
export async function openLives(client: Client, retries = RETRIES) {
  const root = await tempRoot(), claim = await claimPort();
  await (await openRegistry(root.join("registry"))).close();
  const serve = async () => {
    const args = ["serve", "-r", root.join("registry"), "--port", `${claim.port}`, "--wandb"];
    const process = watchProcess(spawnDeno("apps/cli.ts", args, { permissions: ["-A"] }));
    await process.lines(1);
    return process;
  };
  let service = await serve();
  const proxy = await startProxy(`http://127.0.0.1:${claim.port}`);
  const start = (project: string, args: readonly string[], env: Record<string, string> = {}) =>
    watchProcess(
      new Deno.Command(pythonOf(client), {
        args: [...args],
        cwd: root.path,
        env: {
          HOME: root.path,
          WANDB_BASE_URL: proxy.endpoint,
          WANDB_API_KEY: "k".repeat(40),
          WANDB_PROJECT: project,
          WANDB_DIR: root.join(project),
          WANDB_SILENT: "true",
          WANDB_ERROR_REPORTING: "false",
          WANDB_DISABLE_GIT: "true",
          WANDB_CONSOLE: "off",
          WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL: "0.05", // of its folder, for a kill
          ...retries,
          ...env,
        },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  const succeeds = async (program: WatchedProcess) => {
    const { code, stdout, stderr } = await program.ended;
    assertEquals(code, 0, `${stdout}${stderr}`);
  };
  const ask = async (operationName: string, variables: object) => {
    const answer = await fetch(`http://127.0.0.1:${claim.port}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ operationName, query: `query ${operationName} {}`, variables }),
    });
    // deno-lint-ignore no-explicit-any -- JSON of W&B
    return (await answer.json()).data as any;
  };

  /** Returns the run of a project as W&B's clients see it. */
  const runOf = async (project: string) => {
    const asked = { project, name: "abc" };
    const { project: { run } } = await ask("Run", asked);
    if (run === null) return { state: "absent", best: undefined, losses: [] };
    const { project: { run: { history } } } = await ask("RunFullHistory", asked);
    const rows = history.map((line: string) => JSON.parse(line)) as { loss: number }[];
    return {
      state: run.state as string,
      best: JSON.parse(run.summaryMetrics).best as number | undefined,
      losses: rows.map(({ loss }) => loss),
    };
  };

  /** True once the service has half of the lines. The last line waits for the next one. */
  const hasHalf = async (project: string) => {
    const { losses } = await runOf(project).catch(() => ({ losses: [] })); // it may be killed
    return losses.length >= POINTS / 2 - 1;
  };

  /** Returns the versions of a project's artifact, each with true for a file that is whole. */
  const artifactsOf = async (project: string) => {
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    const name = `${project}/model`, found = [];
    for await (const { version } of registry.versions(name)) {
      const artifact = await registry.open(`${name}@${version}`);
      const bytes = ["a", "b"].map((letter) => artifact.file(`${letter}.bin`).bytes());
      const [a, b] = (await Promise.all(bytes)).map((each) => new TextDecoder().decode(each));
      found.push([version, a === "a".repeat(1000) && b === "b".repeat(1000)]);
    }
    const aliases = await Array.fromAsync(registry.aliases(name));
    return [...found, ...aliases.map(({ alias, version }) => [alias, version])];
  };
  const SAVED = [["1.0.0", true], ["best", "1.0.0"]];

  /** Returns the numbers of versions of a project's run, and of the table that it logs. */
  const versionsOf = async (project: string) => {
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    const names = [project, `${project}/run-abc-rows`];
    const all = names.map((name) => Array.fromAsync(registry.versions(name)));
    return (await Promise.all(all)).map(({ length }) => length);
  };

  /** Lives until the end. At request `at` something fails. Returns its requests. */
  const live = async (
    { at = Infinity, failure = "reply", killAfterMs = 0, isShared = false }: Failing = {},
  ) => {
    const project = `${isShared ? "shared" : "own"}-${failure}-${at}`, seen: WireRequest[] = [];
    await Deno.mkdir(root.join(project));
    const reached = Promise.withResolvers<void>();
    let isDown = false;
    proxy.plan((wire): Fault | undefined => {
      if (isDown) return { fault: "refuse" };
      if (seen.push(wire) !== at + 1 || SENT_ONCE.test(wire.text)) return undefined;
      isDown = failure !== "reply";
      reached.resolve();
      return { fault: "cut" };
    });
    const program = start(project, ["-c", LIFE], { SHARED: isShared ? "yes" : "no" });
    const goingOn = (async () => {
      await program.lines(1);
      await program.until(() => hasHalf(project));
      await program.say("go on");
    })().catch(() => program.signal("SIGKILL")); // it has ended, or would wait for ever
    await Promise.race([reached.promise, program.ended]);
    const isReached = seen.length > at && !SENT_ONCE.test(seen[at]!.text);
    if (isReached && failure !== "reply") {
      await realSystem.sleep(killAfterMs); // so that the service has done more or less of it
      if (failure !== "service") await killAll(program);
      if (failure !== "client") {
        await service.stop("SIGKILL");
        service = await serve();
      }
      isDown = false;
    }
    const what = isReached
      ? `${failure} at ${seen[at]!.method} ${seen[at]!.text.slice(0, 60)}`
      : "";
    try {
      const isKilled = isReached && (failure === "client" || failure === "both");
      if (isKilled) await checkKilled(project, lossesIn(seen));
      else {
        await succeeds(program);
        assertEquals(await runOf(project), { state: "finished", best: 7, losses: ALL });
        assertEquals(await artifactsOf(project), SAVED);
        assertEquals(await versionsOf(project), [1, 1]);
      }
      await goingOn;
    } catch (cause) {
      throw new Error(`Request ${at}, ${what}: ${(cause as Error).message}`, { cause });
    }
    return seen;
  };

  /** Checks what a client has left that was killed, syncs its folder, and logs its artifact again. */
  const checkKilled = async (project: string, answered: readonly number[]) => {
    const stored = await runOf(project);
    assertEquals(stored.losses, ALL.slice(0, stored.losses.length));
    assert(stored.losses.length >= answered.length, `${answered}`);
    const left = await artifactsOf(project);
    if (left.length > 0) assertEquals(left[0], SAVED[0]);
    const folders = await readdir(root.join(project, "wandb")).catch(() => []);
    for (const folder of folders.filter((name) => name.startsWith("run-"))) {
      const sync = ["-m", "wandb", "sync", "--include-online", root.join(project, "wandb", folder)];
      await succeeds(start(project, sync));
    }
    const synced = await runOf(project), { state, losses } = synced;
    assertEquals(losses, ALL.slice(0, losses.length));
    assert(losses.length >= stored.losses.length);
    if (synced.best === 7) assertEquals(losses, ALL);
    // The folder of a killed program may lack the end of the run, even if it has the last line. Then
    // clients report that the run failed or finished, or report nothing. Old ones leave it empty.
    if (stored.state !== "absent" || synced.best === 7) { // else the run may begin later
      assert(["failed", "finished", stored.state].includes(state), state);
    }
    await succeeds(start(project, ["-c", AGAIN]));
    assertEquals(await artifactsOf(project), SAVED);
  };

  /** Lives while the service is away, from half of the lines on until `back` returns. */
  const liveAlone = async (
    back: (program: WatchedProcess, tries: () => number) => Promise<void>,
  ) => {
    const project = "away", seen: WireRequest[] = [];
    await Deno.mkdir(root.join(project));
    proxy.plan((wire) => {
      seen.push(wire);
      return isAway && seen.length % 2 === 0 ? { fault: "answer", status: 502 } : undefined;
    });
    let isAway = false;
    const program = start(project, ["-c", LIFE_ALONE]);
    await program.lines(1);
    await program.until(() => hasHalf(project));
    await service.stop("SIGKILL");
    isAway = true;
    seen.length = 0;
    await program.say("go on");
    await back(program, () => seen.filter(({ url }) => url.endsWith("/file_stream")).length);
    isAway = false;
    service = await serve();
    await succeeds(program);
    assertEquals(await runOf(project), { state: "finished", best: 7, losses: ALL });
  };
  return {
    live,
    liveAlone,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await service.stop("SIGTERM").catch(() => {});
      claim.release();
      await root.remove();
    },
  };
}

/** Kills a client with its process that sends. */
async function killAll(program: WatchedProcess): Promise<void> {
  const { pid } = program, below = [];
  for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const children = await readFile(`/proc/${pid}/task/${task}/children`, "utf8").catch(() => "");
    below.push(...children.split(" ").filter((each) => each !== "").map(Number));
  }
  for (const each of below) {
    try {
      Deno.kill(each, "SIGKILL");
    } catch { /* it has ended */ }
  }
  program.signal("SIGKILL");
  await program.ended;
}

/** Returns the losses in the requests whose answers the client has. */
function lossesIn(requests: readonly WireRequest[]): number[] {
  return requests.filter(({ url, answered }) => answered && url.endsWith("/file_stream"))
    .flatMap(({ text }) => JSON.parse(text).files?.["wandb-history.jsonl"]?.content ?? [])
    .map((line) => JSON.parse(line).loss);
}
