import { assert, assertEquals } from "@std/assert";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { realSystem } from "../../../core/system.ts";
import { createRates } from "../../../registry/jobs/rates.ts";

Deno.test("a rate is measured when it is first asked, once for each kind of work", () => {
  const system = createScriptedSystem();
  let looks = 0;
  const monotonic = () => {
    looks++;
    system.advance(1);
    return system.monotonic();
  };
  const rates = createRates({ ...system, monotonic });
  assertEquals(looks, 0);
  assertEquals(rates("hash", 256 * 1024), 1);
  assertEquals(rates("hash", 1024 * 1024), 4);
  assertEquals(looks, 2);
  for (
    const work of ["copy", "encode gzip", "decode gzip", "encode zstd", "decode zstd"] as const
  ) rates(work, 1);
  assertEquals(looks, 12);
});

Deno.test("on this machine compressing takes longer than copying", () => {
  const rates = createRates(realSystem);
  assert(rates("encode gzip", 1) > rates("copy", 1));
});
