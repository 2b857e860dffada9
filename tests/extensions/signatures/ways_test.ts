// Each call that moves an alias refuses a version that the rule of the alias refuses.
import { assertEquals, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { mcp } from "../../../extensions/gateways/mcp/mcp.ts";
import { createHandler } from "../../../apps/server.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { createMlflowGateway } from "../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { defineRegistry, openRegistry, publishRelease, type Registry } from "../../../mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import "../../../extensions/signatures/signatures.ts";
import { cliTest } from "../../apps/captured_io.ts";
import { connectTo } from "../gateways/mcp/client_of.ts";

const NAME = "models:digits";
const FORCE = { force: true };
let drafts = 0;
const RULE = {
  pattern: "models:*",
  protectAliases: ["production"],
  promote: { where: "metrics.auc > 0.9" },
};

/** A registry whose alias names a good version, and named a bad one before. */
async function filled(): Promise<Registry> {
  const registry = await openRegistry("memory:", { mutable: true });
  for (const auc of [0.95, 0.5]) await registry.save(NAME, auc, { metadata: { metrics: { auc } } });
  for (const version of ["2", "1"]) await registry.setAlias(NAME, "production", version);
  await changeRules(registry, { set: RULE });
  return registry;
}

/** The methods that move an alias, of any registry. */
function methodsOf(registry: Registry): Record<string, () => Promise<unknown>> {
  const save = (options: object) => registry.save(NAME, "other", options);
  const drafted = async (options: object) => {
    const draft = await registry.openDraft(NAME, { id: `${++drafts}` });
    await draft.addFile("a", new Uint8Array([1]));
    return await draft.commit(options);
  };
  return {
    setAlias: () => registry.setAlias(NAME, "production", "2"),
    "setAlias by force": () => registry.setAlias(NAME, "production", "2", FORCE),
    "setAlias to a range by force": () => registry.setAlias(NAME, "production", "^2", FORCE),
    "setAlias to the latest by force": () => registry.setAlias(NAME, "production", "latest", FORCE),
    rollbackAlias: () => registry.rollbackAlias(NAME, "production"),
    "rollbackAlias by force": () => registry.rollbackAlias(NAME, "production", FORCE),
    save: () => save({ alias: "production" }),
    "save of several aliases": () => save({ alias: ["canary", "production"] }),
    "save with a key": () => save({ alias: "production", idempotencyKey: "job-1" }),
    "save over the version": () => save({ version: "1.0.0", onConflict: "overwrite" }),
    publish: () => publishRelease(registry, NAME, { a: `${NAME}@2` }, { alias: "production" }),
    copy: () => registry.copy(`${NAME}@2.0.0`, `${NAME}@1.0.0`, { onConflict: "overwrite" }),
    "a draft's commit": () => drafted({ alias: "production" }),
    "a draft's commit over the version": () =>
      drafted({ version: "1.0.0", onConflict: "overwrite" }),
    deleteAlias: () => registry.deleteAlias(NAME, "production"),
    delete: () => registry.delete(`${NAME}@1.0.0`),
  };
}

async function isRefused(registry: Registry, way: string, move: () => Promise<unknown>) {
  const answer = await move().then(() => "moved", (error) => String(error));
  assertMatch(answer, /rule|protect|points to it|not meet/, way);
  const { version, metadata } = await registry.info(`${NAME}@production`);
  assertEquals([way, version, metadata], [way, "1.0.0", { metrics: { auc: 0.95 } }]);
}

Deno.test("each method of a registry, of its service, and of one around it refuses", async () => {
  await using registry = await filled();
  await using handler = createHandler(registry);
  await using client = await openHttpRegistry("http://localhost", { fetch: handler });
  const around = defineRegistry(registry);
  for (const [of, each] of Object.entries({ registry, client, around })) {
    for (const [way, move] of Object.entries(methodsOf(each))) {
      await isRefused(registry, `${way} of ${of}`, move);
    }
  }
});

Deno.test("each request that moves an alias is refused", async () => {
  await using registry = await filled();
  await using handler = createHandler(registry, { gateways: [hub, createMlflowGateway({}), mcp] });
  const json = { "content-type": "application/json" };
  const send =
    (method: string, path: string, body: string, headers: HeadersInit = json) => async () => {
      const answer = await handler(
        new Request(`http://localhost/${path}`, { method, headers, body }),
      );
      if (!answer.ok) throw new Error(await answer.text());
    };
  const alias = `artifacts/${NAME}/aliases/production`;
  const commit = { "content-type": "application/x-ndjson" };
  const file = { key: "file", value: { path: "a", content: "YQ==", encoding: "base64" } };
  const lines = [{ key: "header", value: { summary: "x" } }, file].map((each) =>
    JSON.stringify(each)
  );
  await using tools = await connectTo(handler);
  const call = (name: string, args: Record<string, unknown>) => async () => {
    const answer = await tools.call(name, args);
    if (typeof answer === "string") throw new Error(answer);
  };
  const named = { name: NAME, alias: "production" };
  const ways: Record<string, () => Promise<unknown>> = {
    put: send("PUT", alias, JSON.stringify({ version: "2" })),
    "put by force": send("PUT", alias, JSON.stringify({ version: "2", force: true })),
    rollback: send("POST", `${alias}/rollback`, "{}"),
    "rollback by force": send("POST", `${alias}/rollback`, JSON.stringify({ force: true })),
    delete: send("DELETE", alias, ""),
    mlflow: send(
      "POST",
      "api/2.0/mlflow/registered-models/alias",
      JSON.stringify({ name: "digits", alias: "production", version: "2" }),
    ),
    set_alias: call("set_alias", { ...named, version: "2" }),
    roll_back_alias: call("roll_back_alias", named),
    save_version: call("save_version", { ...named, text: "x" }),
  };
  for (const [way, move] of Object.entries(ways)) await isRefused(registry, way, move);
  // A commit to the branch of an alias is refused for its branch.
  const answer = await handler(
    new Request(`http://localhost/api/models/${NAME}/commit/production`, {
      method: "POST",
      headers: commit,
      body: lines.join("\n"),
    }),
  );
  assertEquals(answer.ok, false, await answer.text());
  assertEquals((await registry.info(`${NAME}@production`)).version, "1.0.0");
});

Deno.test("a mirror into a service is refused; one into a store follows its source", async () => {
  await using source = await openRegistry("memory:");
  for (const auc of [0.95, 0.5]) await source.save(NAME, auc, { metadata: { metrics: { auc } } });
  await source.setAlias(NAME, "production", "2");
  await using target = await filled();
  await using handler = createHandler(target);
  await using client = await openHttpRegistry("http://localhost", { fetch: handler });
  const { failures } = await mirrorRegistry(source, client);
  assertMatch(String(failures.map(({ error }) => error)), /protects this alias/);
  assertEquals((await target.info(`${NAME}@production`)).version, "1.0.0");
  await using copy = await openRegistry("memory:");
  await changeRules(copy, { set: RULE });
  await mirrorRegistry(source, copy);
  assertEquals((await copy.info(`${NAME}@production`)).version, "2.0.0");
});

cliTest("each command that moves an alias is refused", async (it) => {
  await it.succeeds("init --mutable");
  await it.succeeds("save models:digits - --metadata auc=0.95");
  await it.succeeds("save models:digits - --metadata auc=0.5 --version 2.0.0");
  for (const version of ["2", "1"]) await it.succeeds(`alias models:digits production ${version}`);
  await it.succeeds(
    "rules set models:* --protect-alias production --promote-if metadata.auc>0.9",
  );
  for (
    const line of [
      "alias models:digits production 2",
      "alias models:digits production 2 --force",
      "alias models:digits production --rollback",
      "alias models:digits production --rollback --force",
      "promote models:digits@2 production",
      "promote models:digits production",
      "save models:digits - --alias production",
      "publish models:digits a=models:digits@2 --alias production",
    ]
  ) {
    const { code, err } = await it.holdfast(line);
    assertEquals([line, code === 0], [line, false]);
    assertMatch(err, /the rule "models:\*" (protects|refuses)/, line);
    assertMatch(await it.succeeds("info models:digits@production"), /1\.0\.0/);
  }
});
