// A service for requests of W&B's clients, on a store in memory.
import { createHandler, type HandlerOptions } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../core/backend.ts";
import { createWandbGateways } from "../../../../extensions/gateways/wandb/wandb_gateway.ts";
import { openRegistry, type OpenRegistryOptions } from "../../../../mod.ts";

/** The tokens are the lists of their scopes. */
const tokens: NonNullable<HandlerOptions["tokens"]> = {
  find: (authorization) => {
    const [, scopes] = /^Bearer (\w+:.+)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(
      scopes === undefined ? undefined : createAccess(scopes, scopes.split(",").map(parseScope), {
        author: { name: "a", token: scopes },
      }),
    );
  },
};

export const ALL = "read:*,save:*";

export async function open(
  backend: Backend = createMemoryBackend(),
  options: OpenRegistryOptions = {},
) {
  const registry = await openRegistry(backend, options);
  const logged: string[] = [];
  const note = (...words: unknown[]) => void logged.push(words.join(" "));
  const handler = createHandler(registry, {
    system: options.system,
    gateways: createWandbGateways(),
    tokens,
    logger: { debug() {}, info() {}, warn: note, error: note },
  });
  const send = (path: string, body: string, { method = "POST", by = ALL, writer = "" } = {}) => {
    const headers = {
      ...(writer && { "x-wandb-use-async-filestream": "true", "x-wandb-client-id": writer }),
      "content-type": "application/json",
      authorization: `Basic ${btoa(`api:${by}`)}`,
    };
    return handler(new Request(`http://localhost${path}`, { method, body, headers }));
  };
  return {
    registry,
    logged,
    handler,
    send,
    async ask(operationName: string, variables: unknown, by?: string, writer?: string) {
      const query = `query ${operationName} {}`;
      const answer = await send("/graphql", JSON.stringify({ query, variables }), { by, writer });
      // deno-lint-ignore no-explicit-any -- JSON of W&B
      return { status: answer.status, ...await answer.json() as any };
    },
    begin(variables?: object, by?: string, writer?: string) {
      return this.ask("UpsertBucket", { project: "digits", name: "abc", ...variables }, by, writer);
    },
    /** Sends lines, also of a program that shares the run with others. */
    async stream(body: unknown, by?: string, writer?: string) {
      const path = "/files/default/digits/abc/file_stream";
      const answer = await send(path, JSON.stringify(body), { by, writer });
      await answer.body?.cancel();
      return answer.status;
    },
    lines(offset: number, losses: readonly number[], more: object = {}) {
      const content = losses.map((loss, at) =>
        JSON.stringify({ _step: offset + at, _timestamp: 1e9 + loss, _runtime: loss, loss })
      );
      return this.stream({ files: { "wandb-history.jsonl": { offset, content } }, ...more });
    },
    async known() {
      return (await this.ask("RunResumeStatus", { project: "digits", name: "abc" })).data.model
        .bucket;
    },
    async losses() {
      const artifact = await registry.open("digits");
      const text = new TextDecoder().decode(await artifact.file("history.jsonl").bytes());
      return text.trim().split("\n").map((line) => JSON.parse(line).loss);
    },
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}

export const END = { complete: true, exitcode: 0 };
