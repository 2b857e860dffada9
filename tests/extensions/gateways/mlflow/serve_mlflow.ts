// A service over a socket, and programs that use it by MLflow's clients.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { createHandler, createToken, listen, openTokenFile } from "../../../../apps/server.ts";
import type { Backend } from "../../../../core/backend.ts";
import { realSystem } from "../../../../core/system.ts";
import { createMlflowGateway } from "../../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { openRegistry } from "../../../../mod.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { IS_QUICK, kindsOfShare } from "../../../support/seeds.ts";
import { claimPort } from "../../../support/servers/ports.ts";
import { spawnWatched, untilReady } from "../../../support/servers/watched_program.ts";
import { tempRoot } from "../../../support/temp_root.ts";

const clients = realSystem.env("HOLDFAST_MLFLOW_CLIENTS") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/mlflow");

/** The newest client with all of MLflow, and earlier ones without its server: `old` is the last of MLflow 2. */
export type Client = "new" | "3.12" | "3.1" | "old";

export const CLIENTS: readonly Client[] = ["new", "3.12", "3.1", "old"];
/** Clients that log models as runs of their own. */
export const CLIENTS_3: readonly Client[] = CLIENTS.filter((client) => client !== "old");

/**
 * Begins a program whose models are logged by `autolog`, which takes no `pip_requirements`: MLflow infers them in a process
 * that loads the model, some 20 seconds of a busy machine, and asks no server.
 */
export const WITHOUT_INFERENCE = `
import mlflow.models
mlflow.models.infer_pip_requirements = lambda *_, fallback=None, **__: fallback or []
`;

export function pythonOf(client: Client): string {
  return join(clients, client, "bin/python");
}

/**
 * Registers a test for clients. It is ignored where they are not installed. With `HOLDFAST_DAY` it runs with one of them,
 * on other days with the others: tests have different ones on a day.
 */
export function clientTest(
  name: string,
  versions: readonly Client[],
  fn: (client: Client) => Promise<void>,
): void {
  for (const client of kindsOfShare(name, versions)) {
    const isThere = existsSync(pythonOf(client));
    const missing = IS_QUICK
      ? "a quick run starts no clients"
      : isThere
      ? undefined
      : "MLflow is not installed; .ci/run installs it";
    judgeTest(`${name} (${client} client)`, missing, () => fn(client));
  }
}

/** Serves a registry in a folder, or in a store whose URLs clients may get. */
export async function serveMlflow(options: { prefix?: string; store?: Backend } = {}) {
  const root = await tempRoot();
  const { store } = options;
  const registry = await openRegistry(store ?? root.join("registry"), { cache: false });
  const scopes = ["read:*", "save:*", "delete:*", "move:*"];
  const { token } = await createToken(root.join("t.json"), { scopes, note: "ada" });
  const tokens = await openTokenFile(root.join("t.json"));
  const gateways = [createMlflowGateway()];
  const handler = createHandler(registry, { tokens, gateways, redirect: store !== undefined });
  const server = await listen(handler, { port: 0, hasTokens: true });
  const run = (client: Client, program: string, env: Record<string, string> = {}) =>
    new Promise<string[]>((resolve, reject) =>
      execFile(pythonOf(client), ["-c", program], {
        cwd: root.path,
        env: {
          PATH: realSystem.env("PATH") ?? "",
          HOME: root.path,
          MLFLOW_TRACKING_URI: server.url + (options.prefix ?? ""),
          MLFLOW_TRACKING_TOKEN: token,
          MLFLOW_HTTP_REQUEST_MAX_RETRIES: "1",
          GIT_PYTHON_REFRESH: "quiet",
          MLFLOW_DISABLE_TELEMETRY: "true",
          ...env,
        },
        maxBuffer: 2 ** 26,
      }, (error, stdout, stderr) => {
        if (error !== null) return reject(new Error(`The program failed:\n${stderr}\n${stdout}`));
        const lines = stdout.trim().split("\n");
        resolve(lines.filter((line) => !line.includes(" View ") && line !== ""));
      })
    );
  return {
    url: server.url,
    token,
    registry,
    root,
    run,
    [Symbol.asyncDispose]: async () => {
      await server.stop({ withinMs: 0 });
      await handler.close();
      await registry.close();
      await root.remove();
    },
  };
}

const SERVER = `
import sys, uvicorn
uvicorn.run("mlflow.server.fastapi_app:app", host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
`;

/** Runs MLflow's own server with a database in a file. */
export async function serveTheirs(client: "new") {
  const root = await tempRoot();
  const claimed = await claimPort();
  const logFile = root.join("log");
  const program = spawnWatched([pythonOf(client), "-c", SERVER, `${claimed.port}`], {
    root: root.path,
    logFile,
    env: {
      HOME: root.path,
      _MLFLOW_SERVER_FILE_STORE: `sqlite:///${root.join("mlflow.db")}`,
      _MLFLOW_SERVER_REGISTRY_STORE: `sqlite:///${root.join("mlflow.db")}`,
      _MLFLOW_SERVER_ARTIFACT_ROOT: "mlflow-artifacts:/",
      _MLFLOW_SERVER_ARTIFACT_DESTINATION: root.join("artifacts"),
      _MLFLOW_SERVER_SERVE_ARTIFACTS: "true",
      MLFLOW_DISABLE_TELEMETRY: "true",
      MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW: "100", // else it refuses some of a hundred runs at once
    },
  });
  const url = `http://127.0.0.1:${claimed.port}`;
  const isReady = () =>
    fetch(`${url}/health`).then(
      (answer) => answer.body?.cancel().then(() => answer.ok) ?? answer.ok,
      () => false,
    );
  const end = async () => {
    await program.end();
    claimed.release();
    await root.remove();
  };
  try {
    await untilReady(program, isReady, { name: "MLflow's server", logFile });
  } catch (error) {
    await end();
    throw error;
  }
  return { url, pid: program.pid, [Symbol.asyncDispose]: end };
}
