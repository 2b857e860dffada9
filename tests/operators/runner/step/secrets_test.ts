import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { type RunEvent, runPipeline } from "../../../../operators/runner/mod.ts";
import type { Registry } from "../../../../mod.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { ends, testInWorld } from "../world.ts";

const VALUES: Record<string, string> = {
  DEPLOY_KEY: "correct-horse-battery",
  STORE_SECRET: "store-secret-value",
  HOLDFAST_TOKEN: "token-of-the-service",
  HOLDFAST_ENGINE: "redis://:engine-password@127.0.0.1:6379?password=second-password",
  PLAIN: "not a secret",
};

/** A machine on which these variables are set besides those that programs need. */
const system = {
  ...realSystem,
  env: (name: string) => VALUES[name] ?? realSystem.env(name),
  envNames: () => [...new Set([...realSystem.envNames!(), ...Object.keys(VALUES)])],
};

const printing = (id: string, members = {}) =>
  step(id, {
    runAs: "command",
    startCommand: ["sh", "-c", 'env | sort > "$OUTPUT_ROOT/env"; env'],
    ...members,
  });

async function variablesOf(registry: Registry, id: string): Promise<Record<string, string>> {
  const text = await (await registry.open(`nightly:output:${id}`)).file("env").bytes();
  const lines = new TextDecoder().decode(text).trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

testInWorld("a command gets only the secrets that it names", async (here) => {
  const { registry } = here;
  const steps = [
    printing("deploys", { env: { KEY: { from_env: "DEPLOY_KEY" } } }),
    printing("stores", { params: { deep: [{ secret: { from_env: "STORE_SECRET" } }] } }),
    printing("calls", { env: { HOLDFAST_TOKEN: { from_env: "HOLDFAST_TOKEN" } } }),
    printing("plain"),
  ];
  const { end } = await runPipeline(pipeline(steps), { ...here, system });
  assertEquals(end, "ok");
  const secret = ["DEPLOY_KEY", "STORE_SECRET", "HOLDFAST_TOKEN", "KEY"];
  const seen = async (id: string) => {
    const variables = await variablesOf(registry, id);
    assertEquals([id, variables.HOLDFAST_ENGINE || undefined, variables.PLAIN], [
      id,
      undefined,
      "not a secret",
    ]);
    return Object.fromEntries(
      secret.filter((name) => name in variables).map((name) => [name, variables[name]]),
    );
  };
  assertEquals(await seen("deploys"), { KEY: VALUES.DEPLOY_KEY });
  assertEquals(await seen("stores"), {});
  assertEquals(await seen("calls"), { HOLDFAST_TOKEN: VALUES.HOLDFAST_TOKEN });
  assertEquals(await seen("plain"), {});
});

testInWorld("logs, records and errors mask all secrets", async (here) => {
  const { registry, operators } = here;
  const secrets = [
    "correct-horse-battery",
    "store-secret-value",
    "token-of-the-service",
    "engine-password",
    "second-password",
  ];
  add(operators, "tells", ({ logger, outputRoot }) => {
    logger.info(secrets.join(" "));
    Deno.writeTextFileSync(`${outputRoot}/done`, "");
    throw new Error(`Cannot log in by ${secrets.join()}`);
  });
  const steps = [
    step("tells"),
    printing("prints", {
      startCommand: ["sh", "-c", `echo ${secrets.join("; echo ")}; touch "$OUTPUT_ROOT/done"`],
    }),
    step("asks", {
      env: { KEY: { from_env: "DEPLOY_KEY" }, OTHER: { from_env: "STORE_SECRET" } },
      operator: "clean",
    }),
    step("missing", { operator: "store-secret-value" }),
  ];
  const events: RunEvent[] = [];
  const result = await runPipeline(pipeline(steps), {
    ...here,
    system,
    onEvent: (event) => void events.push(event),
  });
  assertEquals(ends(result.steps), {
    tells: "failed",
    prints: "ran",
    asks: "ran",
    missing: "failed",
  });
  const kept = [JSON.stringify([result, events])];
  for await (const name of registry.names()) {
    if (name === "nightly:run") continue; // the operator's name is in the configuration
    const artifact = await registry.open(name);
    kept.push(JSON.stringify(artifact.info));
    for (const file of artifact.files()) kept.push(new TextDecoder().decode(await file.bytes()));
  }
  const all = kept.join("\n").replaceAll('"operator":"store-secret-value"', "");
  assertStringIncludes(all, "Cannot log in by ***,***,***");
  for (const secret of secrets) assert(!all.includes(secret), `${secret} is shown`);
});
