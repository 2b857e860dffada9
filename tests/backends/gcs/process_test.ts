import { assert, assertEquals } from "@std/assert";
import { runDeno } from "../../support/run_deno.ts";
import { serverTest } from "../../support/servers/mod.ts";
import { startStrictGcs } from "../../support/strict_gcs/mod.ts";

const PROGRAM = "tests/backends/gcs/programs/move_bytes.ts";
const permissions = ["--allow-net=127.0.0.1", "--allow-env"];

Deno.test("a stream of 256 MiB takes less than 250 MiB of memory", async () => {
  const fake = await startStrictGcs();
  try {
    const bytes = 256 * 2 ** 20;
    const ran = await runDeno(PROGRAM, [fake.endpoint, fake.bucket, String(bytes)], {
      permissions,
    });
    // Node prints no warning about the library.
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const { received, peak } = JSON.parse(ran.stdout);
    assertEquals(received, bytes);
    assert(peak < 250 * 2 ** 20, `${Math.round(peak / 2 ** 20)} MiB`);
  } finally {
    await fake[Symbol.asyncDispose]();
  }
});

serverTest(
  "a program that used a bucket exits by itself",
  "fake-gcs",
  async ({ endpoint, bucket }) => {
    const ran = await runDeno(PROGRAM, [endpoint, bucket, String(9 * 2 ** 20)], { permissions });
    assertEquals([ran.code, JSON.parse(ran.stdout).received], [0, 9 * 2 ** 20], ran.stderr);
  },
);
