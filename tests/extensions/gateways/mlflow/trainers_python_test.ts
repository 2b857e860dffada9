// Two programs that train log to one run, behind nginx with the block of docs/run_service.md, while
// the service and one of them are killed.
import { assert, assertEquals } from "@std/assert";
import { findNginx, startNginx } from "../../../support/servers/nginx.ts";
import { claimPort } from "../../../support/servers/ports.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { openRegistry } from "../../../../mod.ts";
import { clientTest, pythonOf } from "./serve_mlflow.ts";

const BEGIN = `
import mlflow
c = mlflow.MlflowClient()
print(c.create_run(c.create_experiment("team/digits")).info.run_id)
`;

/** Prints each step once it is logged. */
const TRAIN = `
import sys, mlflow
c = mlflow.MlflowClient()
run_id, key = sys.argv[1:]
for step in range(120):
    c.log_metric(run_id, key, step, step=step)
    if step % 10 == 0: c.log_text(run_id, str(step), f"{key}.txt")
    print(step, flush=True)
    if step == 40: sys.stdin.readline()
`;

const READ = `
import sys, mlflow
c = mlflow.MlflowClient()
run_id = sys.argv[1]
c.set_terminated(run_id, "KILLED")
for key in ("a", "b"):
    print(*(int(m.step) for m in c.get_metric_history(run_id, key)))
    print(mlflow.artifacts.load_text(f"runs:/{run_id}/{key}.txt"))
print(c.get_run(run_id).info.status)
`;

clientTest(
  "two trainers of one run behind a proxy lose nothing if the service or one of them is killed",
  await findNginx() === undefined ? [] : ["new"],
  async (client) => {
    await using root = await tempRoot();
    await (await openRegistry(root.join("registry"))).close();
    const claim = await claimPort();
    const serve = async () => {
      const args = ["serve", "-r", root.join("registry"), "--port", `${claim.port}`, "--mlflow"];
      const service = watchProcess(spawnDeno("apps/cli.ts", args, { permissions: ["-A"] }));
      await service.lines(1);
      return service;
    };
    let service = await serve();
    await using proxy = (await startNginx(root, `${claim.port}`))!;
    const start = (program: string, ...args: string[]) =>
      watchProcess(
        new Deno.Command(pythonOf(client), {
          args: ["-c", program, ...args],
          cwd: root.path,
          env: {
            HOME: root.path,
            MLFLOW_TRACKING_URI: proxy.url,
            MLFLOW_TRACKING_INSECURE_TLS: "true",
            MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: "1",
            MLFLOW_DISABLE_TELEMETRY: "true",
            GIT_PYTHON_REFRESH: "quiet",
            PYTHONWARNINGS: "ignore",
          },
          stdin: "piped",
          stdout: "piped",
          stderr: "piped",
        }).spawn(),
      );
    const succeeds = async (program: string, ...args: string[]) => {
      const { code, stdout, stderr } = await start(program, ...args).ended;
      assertEquals(code, 0, stderr);
      return stdout.split("\n").filter((line) => line !== "" && !line.includes(" View "));
    };
    const [id = ""] = await succeeds(BEGIN);
    const [one, two] = [start(TRAIN, id, "a"), start(TRAIN, id, "b")];
    for (const each of [one, two]) await each.lines(10);
    await service.stop("SIGKILL");
    service = await serve();
    for (const each of [one, two]) await each.lines(41);
    await one.say("go on");
    await two.say("go on");
    await two.lines(50);
    const killed = await two.stop("SIGKILL");
    const { code, stderr } = await one.ended;
    assertEquals(code, 0, stderr);
    const printed = killed.stdout.split("\n").slice(0, -1).length;
    const [a = "", aText, b = "", bText, status] = await succeeds(READ, id);
    const steps = (count: number) => Array.from({ length: count }, (_, step) => `${step}`);
    assertEquals([a.split(" "), aText], [steps(120), "110"]);
    const found = b.split(" ");
    assertEquals(found.slice(0, printed), steps(printed));
    assert(found.length <= printed + 1, "at most the step that was not printed");
    assert(Number(bText) >= 10 * Math.floor((printed - 1) / 10));
    assertEquals(status, "KILLED");
    await service.stop("SIGTERM");
    claim.release();
  },
);
