// A service for clients of MLflow, and the requests that they send.
import { assert, assertEquals } from "@std/assert";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { HandlerOptions } from "../../../../apps/server.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../backends/mod.ts";
import { createMlflowGateway } from "../../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { openRegistry } from "../../../../mod.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";

/** The tokens of a test are the lists of their scopes. */
export const tokens: NonNullable<HandlerOptions["tokens"]> = {
  find: (authorization: string | null) => {
    const [, scopes] = /^Bearer (\w+:.+|admin)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(
      scopes === undefined ? undefined : createAccess(scopes, scopes.split(",").map(parseScope), {
        author: { name: `${scopes.length}`, token: scopes },
      }),
    );
  },
};

// deno-lint-ignore no-explicit-any -- JSON of MLflow
export type Json = any;

export interface Failure {
  status: number;
  error_code: string;
  message: string;
}

/** Opens a service on a store, whose answers are checked. */
export async function openMlflow(
  { backend = createMemoryBackend(), token, models, ...options }:
    & HandlerOptions
    & { backend?: Backend; token?: string; models?: string } = {},
) {
  const registry = await openRegistry(backend, { system: options.system });
  const handler = createCheckedHandler(registry, {
    gateways: [createMlflowGateway({ models })],
    ...options,
  });
  const headers = { ...token && { authorization: `Bearer ${token}` } };
  const send = (method: string, path: string, init: RequestInit = {}) =>
    handler(new Request(`http://localhost/api/${path}`, { method, headers, ...init }));
  const answered = async (answer: Response): Promise<Json> => {
    const body = await answer.json();
    if (answer.status !== 200) throw { status: answer.status, ...body };
    return body;
  };
  const sending = (sent: Promise<Response>): Promise<Json> => later(sent.then(answered));
  const get = (path: string, query: Record<string, string> = {}): Promise<Json> =>
    sending(send("GET", `2.0/mlflow/${path}?${new URLSearchParams(query)}`));
  const post = (path: string, body: unknown): Promise<Json> =>
    sending(send("POST", `2.0/mlflow/${path}`, {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { ...headers, "content-type": "application/json" },
    }));
  return {
    registry,
    handler,
    send,
    get,
    post,
    /** Sends an artifact. */
    put: (path: string, body: BodyInit): Promise<Json> =>
      sending(send("PUT", `2.0/mlflow-artifacts/artifacts/${path}`, { body })),
    /** Reads an artifact. */
    text: (path: string, headers: Record<string, string> = {}): Promise<string> =>
      later(
        send("GET", `2.0/mlflow-artifacts/artifacts/${path}`, { headers }).then(
          async (answer) => {
            const text = await answer.text();
            if (answer.status >= 300) throw { status: answer.status, ...JSON.parse(text) };
            return text;
          },
        ),
      ),
    /** Lists artifacts. */
    list: (path: string): Promise<string[]> => {
      const query = new URLSearchParams({ path });
      const listed = sending(send("GET", `2.0/mlflow-artifacts/artifacts?${query}`));
      return later(
        listed.then(({ files }) =>
          files.map(({ path, is_dir }: Json) => is_dir ? `${path}/` : path)
        ),
      );
    },
    /** Begins a run, and returns its id. */
    async begin(name = "digits", body: Json = {}): Promise<string> {
      const { experiment_id } = await post("experiments/create", { name })
        .catch(() => get("experiments/get-by-name", { experiment_name: name }))
        .then((found) => found.experiment ?? found);
      const { run } = await post("runs/create", { experiment_id, start_time: 1000, ...body });
      return run.info.run_id;
    },
    async run(run_id: string): Promise<Json> {
      return (await get("runs/get", { run_id })).run;
    },
    async end(run_id: string, status = "FINISHED"): Promise<Json> {
      return (await post("runs/update", { run_id, status, end_time: 9000 })).run_info;
    },
    async values(run_id: string, metric_key: string): Promise<unknown[]> {
      const { metrics } = await get("metrics/get-history", { run_id, metric_key });
      return metrics.map(({ value, step }: Json) => [step, value]);
    },
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}

export type OpenMlflow = Awaited<ReturnType<typeof openMlflow>>;

/** Marks a request as one whose failure is looked at later. */
function later<T>(sent: Promise<T>): Promise<T> {
  sent.catch(() => {});
  return sent;
}

/** Returns the error of a request that must fail. */
export async function failureOf(sent: Promise<unknown>): Promise<Failure> {
  const failure = await sent.then(() => undefined, (error) => error);
  assert(failure !== undefined, "it was accepted");
  if (failure instanceof Error) throw failure;
  return failure;
}

export async function assertRefused(
  sent: Promise<unknown>,
  code: string,
  words: string,
): Promise<void> {
  const { error_code, message, status } = await failureOf(sent);
  assertEquals(error_code, code, message);
  assert(message.includes(words), message);
  assert(status < 500, `${status}: clients repeat it`);
}

/** Returns the members of a list of MLflow as an object. */
export function byKey(list: { key: string; value: unknown }[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}
