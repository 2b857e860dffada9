// The entries of the audit trail name what the log of the registry says was changed, whichever
// protocol asked for it.
import { assertEquals } from "@std/assert";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { type AuditEntry, createHandler } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { LogEntry } from "../../../../core/registry/log.ts";
import { openRegistry, publishRelease, readRegistryLog, type Registry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { openAllGateways } from "../../../extensions/gateways/all_gateways.ts";

const TOKEN = "token";
const tokens = {
  find: (authorization: string | null) =>
    Promise.resolve(
      authorization === `Bearer ${TOKEN}`
        ? createAccess(TOKEN, [parseScope("admin")], { author: { name: "ada", token: TOKEN } })
        : undefined,
    ),
};

const encoder = new TextEncoder();

interface Asked {
  client: Registry;
  send(method: string, path: string, body: unknown, type?: string): Promise<unknown>;
}

const tool = (name: string, args: object) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, arguments: args },
});

/** Changes, each by one request that changes something, in this order. */
const CHANGES: Readonly<Record<string, (asked: Asked) => Promise<unknown>>> = {
  "a save": ({ client }) => client.save("m", 1, { alias: ["production", "canary"] }),
  "another save": ({ client }) => client.save("m", 2, { bump: "major" }),
  "an alias": ({ client }) => client.setAlias("m", "production", "2.0.0"),
  "an alias by a range": ({ client }) => client.setAlias("m", "canary", "latest"),
  "an alias, back": ({ client }) => client.rollbackAlias("m", "production"),
  "no alias": ({ client }) => client.deleteAlias("m", "canary"),
  "notes of a version": ({ client }) => annotate(client, "m@1.0.0", { notes: "n" }),
  "notes by an alias": ({ client }) => annotate(client, "m@production", { notes: "p" }),
  "notes of a name": ({ client }) => annotate(client, "m", { notes: "n" }),
  "a copy": ({ client }) => client.copy("m@2.0.0", "copied"),
  "a delete": ({ client }) => client.delete("m", { version: "2.0.0" }),
  "a restore": ({ client }) => client.undelete("m", { version: "2.0.0" }),
  "a third save": ({ client }) => client.save("m", 3, { bump: "major" }),
  "a delete of a version in short": ({ client }) => client.delete("m", { version: "3.0" }),
  "a restore of a version in short": ({ client }) => client.undelete("m", { version: "3" }),
  "a release": ({ client }) => publishRelease(client, "serving", { model: "m@2.0.0" }),
  "a draft": async ({ client }) => {
    const draft = await client.openDraft("drafted", { id: "d1" });
    await draft.addPart("p", [{ path: "a", content: encoder.encode("1") }]);
    await draft.commit({ alias: "production" });
  },
  "a run": async ({ client }) => {
    await using run = await openRun(client, "logged", { id: "r1" });
    run.log({ step: 1, loss: 1 });
    await run.flush();
    await run.finish({ weights: 1 });
  },
  "a commit of the Hub": ({ send }) =>
    send(
      "POST",
      "/api/models/hubbed/commit/main",
      [
        { key: "header", value: { summary: "s" } },
        { key: "file", value: { path: "a", content: "eA==", encoding: "base64" } },
      ].map((line) => JSON.stringify(line)).join("\n"),
      "application/x-ndjson",
    ),
  "a tool of MCP": ({ send }) =>
    send("POST", "/mcp", tool("set_alias", { name: "m", alias: "mcp", version: "1.0.0" })),
  "a model of MLflow": ({ send }) =>
    send("POST", "/api/2.0/mlflow/model-versions/create", {
      name: "m",
      source: "mlflow-artifacts:/versions/drafted/1.0.0",
    }),
  "an alias of MLflow": ({ send }) =>
    send("POST", "/api/2.0/mlflow/registered-models/alias", {
      name: "m",
      alias: "champion",
      version: "1",
    }),
  "a tag of MLflow": ({ send }) =>
    send("POST", "/api/2.0/mlflow/model-versions/set-tag", {
      name: "m",
      version: "1",
      key: "k",
      value: "v",
    }),
};

Deno.test("each change has the names, versions and aliases of the log in the audit trail", async () => {
  const trail: AuditEntry[] = [];
  await using registry = await openRegistry("memory:");
  await using all = await openAllGateways();
  await using handler = createHandler(registry, {
    tokens,
    audit: (entry) => void trail.push(entry),
    gateways: all.gateways,
  });
  const client = await openHttpRegistry("http://localhost", {
    token: TOKEN,
    retryForMs: 0,
    fetch: (request) => handler(request),
  });
  const send = async (method: string, path: string, body: unknown, type = "application/json") => {
    const answer = await handler(
      new Request(`http://localhost${path}`, {
        method,
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: {
          authorization: `Bearer ${TOKEN}`,
          "content-type": type,
          accept: "application/json, text/event-stream",
        },
      }),
    );
    const text = await answer.text();
    assertEquals(answer.status < 300, true, text);
  };
  const logged = new Set<string>();
  const faults: string[] = [];
  for (const [what, change] of Object.entries(CHANGES)) {
    trail.length = 0;
    await change({ client, send });
    const done = trail.filter(({ outcome }) => outcome === "done");
    const events: LogEntry[] = [];
    for await (const entry of readRegistryLog(registry)) {
      const id = JSON.stringify([
        entry.event,
        entry.name,
        entry.version,
        entry.alias,
        entry.commit,
      ]);
      if (logged.has(id)) continue;
      logged.add(id);
      events.push(entry);
    }
    if (events.length === 0) faults.push(`${what}: the log has no change`);
    for (const { event, name, version, alias } of events) {
      const isNamed = done.some((entry) =>
        entry.name === name &&
        (alias !== undefined
          ? entry.aliases?.includes(alias)
          : version === undefined || entry.version === version)
      );
      if (isNamed) continue;
      const shown = done.map(({ name, version, aliases }) => ({ name, version, aliases }));
      faults.push(`${what}: ${event} ${name} ${version} ${alias}: ${JSON.stringify(shown)}`);
    }
  }
  assertEquals(faults, []);
});
