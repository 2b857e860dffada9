import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isRegistryError, openRegistry } from "../../../../mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";

import { cliTest, holdfast } from "../../captured_io.ts";

const KEYS = {
  S3_MODELS_ACCESS_KEY: "a",
  S3_MODELS_SECRET_KEY: "b",
  S3_MODELS_REGION: "eu-central-1",
};
const STORES = [
  "s3://models?endpoint=http://127.0.0.1:1",
  "gs://models?endpoint=http://127.0.0.1:1",
];
const PLACES = [...STORES, "http://127.0.0.1:1"];

for (const place of PLACES) {
  cliTest(`--wait says how long ${place} is waited for, and the hint says so`, async (it) => {
    const waited = async (...options: string[]) => {
      const system = createScriptedSystem({ environment: KEYS });
      const before = system.now();
      await it.fails(["ls", "-r", place, ...options], 7, "--wait 90s", { cwd: it.cwd, system });
      return system.now() - before;
    };
    const unsaid = await waited();
    assert(unsaid < 10_000, `${unsaid} ms`);
    const said = await waited("--wait", "60s");
    assert(said > 20_000, `${said} ms`);
  });

  Deno.test(`retryForMs says how long openRegistry waits for ${place}`, async () => {
    const system = createScriptedSystem({ environment: KEYS });
    const before = system.now();
    const error = await openRegistry(place, { system, retryForMs: 60_000 }).catch((error) => error);
    assert(isRegistryError(error, "Unavailable"), String(error));
    assert(system.now() - before > 20_000, `${system.now() - before} ms`);
  });
}

Deno.test("--wait says how long a store that is probed is waited for", async () => {
  const system = createScriptedSystem({ environment: KEYS });
  const before = system.now();
  await holdfast(["probe", STORES[0], "--wait", "60s"], { cwd: "/", system });
  assert(system.now() - before > 20_000, `${system.now() - before} ms`);
});

Deno.test("--wait takes a time with its unit", async () => {
  const { code, err } = await holdfast("ls --wait 90", { cwd: "/" });
  assertEquals(code, 2);
  assertStringIncludes(err, "90s");
});
