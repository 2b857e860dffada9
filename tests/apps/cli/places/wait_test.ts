import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isRegistryError, openRegistry } from "../../../../mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { holdfast } from "../../captured_io.ts";

const KEYS = {
  S3_MODELS_ACCESS_KEY: "a",
  S3_MODELS_SECRET_KEY: "b",
  S3_MODELS_REGION: "eu-central-1",
};
const STORE = "s3://models?endpoint=http://127.0.0.1:1";
const LOCATIONS = [STORE, "gs://models?endpoint=http://127.0.0.1:1", "http://127.0.0.1:1"];

/** Runs a command against a server that is down; returns how long it waited. */
async function waitedFor(...line: string[]): Promise<{ ms: number; code: number; err: string }> {
  const system = createScriptedSystem({ environment: KEYS });
  const before = system.now();
  const { code, err } = await holdfast(line, { cwd: "/", system });
  return { ms: system.now() - before, code, err };
}

for (const location of LOCATIONS) {
  Deno.test(`--wait and retryForMs limit the wait for ${location}`, async () => {
    for (const [options, least, most] of [[[], 0, 10_000], [["--wait", "60s"], 20_000, 1e9]]) {
      const { ms, code, err } = await waitedFor("ls", "-r", location, ...options as string[]);
      assertEquals(code, 7, err);
      assertStringIncludes(err, "--wait 90s");
      assert(ms >= Number(least) && ms < Number(most), `${ms} ms`);
    }
    const system = createScriptedSystem({ environment: KEYS });
    const before = system.now();
    const opening = openRegistry(location, { system, retryForMs: 60_000 });
    const error = await opening.catch((error) => error);
    assert(isRegistryError(error, "Unavailable"), String(error));
    assert(system.now() - before > 20_000, `${system.now() - before} ms`);
  });
}

Deno.test("--wait applies to init, and needs a unit", async () => {
  assert((await waitedFor("init", STORE, "--wait", "60s")).ms > 20_000);
  const { code, err } = await waitedFor("ls", "--wait", "90");
  assertEquals(code, 2);
  assertStringIncludes(err, "90s");
});
