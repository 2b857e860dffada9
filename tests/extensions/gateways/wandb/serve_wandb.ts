// A service over a socket, and programs that use it by W&B's clients.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { createHandler, createToken, listen, openTokenFile } from "../../../../apps/server.ts";
import { realSystem } from "../../../../core/system.ts";
import { createMlflowGateway } from "../../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { createWandbGateways } from "../../../../extensions/gateways/wandb/wandb_gateway.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { IS_QUICK, kindsOfShare } from "../../../support/seeds.ts";
import { tempRoot } from "../../../support/temp_root.ts";

const clients = realSystem.env("HOLDFAST_WANDB_CLIENTS") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/wandb");

/** The newest client, one between, and one of a year before. */
export type Client = "new" | "0.28" | "old";

export const CLIENTS: readonly Client[] = ["new", "0.28", "old"];

/** Returns the Python of a client, or that with TensorFlow, whose Keras W&B's callbacks need. */
export function pythonOf(client: Client | "keras"): string {
  return join(clients, client, "bin/python");
}

/**
 * Registers a test for all clients. It is ignored where they are not installed. With `HOLDFAST_DAY` it
 * runs with one of them, on other days with the others.
 */
export function clientTest(name: string, fn: (client: Client) => Promise<void>): void {
  for (const client of kindsOfShare(name, CLIENTS)) {
    const missing = IS_QUICK
      ? "a quick run starts no clients"
      : existsSync(pythonOf(client))
      ? undefined
      : "W&B's client is not installed; .ci/run installs it";
    judgeTest(`${name} (${client} client)`, missing, () => fn(client));
  }
}

const SCOPES = ["read:*", "save:*", "move:*"];

/** Serves a registry in a folder. */
export async function serveWandb({ scopes = SCOPES }: { scopes?: readonly string[] } = {}) {
  const root = await tempRoot();
  const registry = await openRegistry(root.join("registry"), { cache: false });
  const { token } = await createToken(root.join("t.json"), { scopes: [...scopes], note: "ada" });
  const tokens = await openTokenFile(root.join("t.json"));
  const gateways = [...createWandbGateways(), createMlflowGateway()];
  const logged: string[] = [];
  const note = (...words: unknown[]) => void logged.push(words.join(" "));
  const logger = { debug() {}, info() {}, warn: note, error: note };
  const handler = createHandler(registry, { tokens, gateways, logger });
  const server = await listen(handler, { port: 0, hasTokens: true });
  const execute = (
    python: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ) =>
    new Promise<string[]>((resolve, reject) =>
      execFile(python, [...args], {
        cwd: root.path,
        env: {
          PATH: realSystem.env("PATH") ?? "",
          HOME: root.path,
          WANDB_BASE_URL: server.url,
          WANDB_API_KEY: `key-${token}`,
          WANDB_SILENT: "true",
          WANDB_ERROR_REPORTING: "false",
          WANDB_DISABLE_GIT: "true",
          ...env,
        },
        maxBuffer: 2 ** 26,
      }, (error, stdout, stderr) => {
        if (error !== null) return reject(new Error(`The program failed:\n${stderr}\n${stdout}`));
        resolve(stdout.trim().split("\n").filter((line) => line.startsWith("> ")));
      })
    );
  return {
    url: server.url,
    token,
    registry,
    root,
    logged,
    /** Runs a program, and returns its lines that begin with `> `. */
    run: (client: Client, program: string, env?: Record<string, string>) =>
      execute(pythonOf(client), ["-c", program], env),
    /** Runs a program by another Python. */
    runBy: (python: string, program: string, env?: Record<string, string>) =>
      execute(python, ["-c", program], env),
    /** Runs the command of the client. */
    command: (client: Client, ...words: readonly string[]) =>
      execute(pythonOf(client), ["-m", "wandb", ...words]),
    /** Sends an operation of GraphQL, and returns the answer. */
    async ask(operationName: string, variables: unknown, by = token) {
      const answer = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Basic ${btoa(`api:${by}`)}`,
        },
        body: JSON.stringify({ operationName, query: `query ${operationName} {}`, variables }),
      });
      // deno-lint-ignore no-explicit-any -- JSON of W&B
      return { status: answer.status, ...await answer.json() as any };
    },
    /** Sends lines of a run. */
    async stream(run: string, body: unknown) {
      const answer = await fetch(`${server.url}/files/default/digits/${run}/file_stream`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`api:${token}`)}` },
        body: JSON.stringify(body),
      });
      await answer.body?.cancel();
      return answer.status;
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop({ withinMs: 0 });
      await handler.close();
      await registry.close();
      await root.remove();
    },
  };
}

/** Returns the values of a metric in the newest run of the project `digits`. */
export async function valuesOf(registry: Registry, key: string): Promise<unknown[]> {
  const artifact = await registry.open("digits");
  const text = new TextDecoder().decode(await artifact.file("history.jsonl").bytes());
  const points = text.trim().split("\n").map((line) => JSON.parse(line));
  return points.filter((point) => key in point).map((point) => point[key]);
}
