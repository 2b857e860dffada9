import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { collect } from "../rejected.ts";
import { testInMemory, testOnEach } from "../registries.ts";
import { CODE_POINT } from "../../support/strings/code_point.ts";

testOnEach("names() skips many versions of one name", async ({ registry }) => {
  for (let i = 0; i < 230; i++) await registry.save("many", i, { version: `${i}` });
  for (let i = 0; i < 210; i++) await registry.save("none", i, { version: `${i}` });
  await registry.delete("none", { allVersions: true });
  await registry.save("z", 1);
  assertEquals(await collect(registry.names()), ["many", "z"]);
  assertEquals(await collect(registry.names({ after: "many" })), ["z"]);
});

testInMemory("names() in pages equals one listing", async ({ registry }) => {
  const names = fc.sample(fc.string({ unit: CODE_POINT, minLength: 1, maxLength: 20 }), {
    numRuns: 300,
    seed: 7,
  });
  const saved = new Set<string>();
  for (const name of names) {
    try {
      await registry.save(name, 1);
      saved.add(name);
    } catch (error) {
      assertMatch(String((error as { code: string }).code), /^(Invalid|AlreadyExists)$/);
    }
  }
  assert(saved.size > 100, `${saved.size}`);
  const whole = await collect(registry.names());
  assertEquals(new Set(whole), saved);
  const paged: string[] = [];
  let page: string[];
  do {
    page = await collect(registry.names({ after: paged.at(-1), limit: 7 }));
    paged.push(...page);
  } while (page.length === 7);
  assertEquals(paged, whole);
});

testInMemory("names() skips many idempotency keys of a name", async ({ registry }) => {
  for (const name of ["a", "b"]) {
    for (let i = 1; i <= 210; i++) {
      await registry.save(name, i, { version: `${i}`, idempotencyKey: `key ${i}` });
    }
  }
  await registry.save("c", 1);
  assertEquals(await Array.fromAsync(registry.names()), ["a", "b", "c"]);
});
