import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { damageRecords } from "../../damage_records.ts";
import { fillRegistry, holdfast, noise, succeeds } from "../../captured_io.ts";

Deno.test("du shows each name, what is shared, and from when on garbage may go", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await succeeds("save big -", { cwd, stdin: noise(200_000) });
  await succeeds("save big - --metadata n=2", { cwd, stdin: noise(200_000) });
  await succeeds("save small -", { cwd, stdin: noise(10) });
  const before = await succeeds("du", { cwd });
  assertMatch(
    before,
    /^NAME +VERSIONS +SIZE +STORED +SHARED +GARBAGE\nbig +2 +391 KiB +197 KiB +195 KiB +0 B\nsmall /,
  );
  assertMatch(before, /\n\d+ KiB in \d+ objects, nothing of it garbage\n$/);
  await succeeds("rm big@1 --yes", { cwd });
  await succeeds("rm big@2 --yes", { cwd });
  assertMatch(
    await succeeds("du big", { cwd }),
    /, 19\d KiB of it garbage: 19\d KiB from \d{4}-\d\d-\d\d \d\d:\d\d on\n$/,
  );
  const { names, garbage } = JSON.parse(await succeeds("du --json", { cwd }));
  assertEquals(
    names.map(({ name, versions }: { name: string; versions: number }) => [name, versions]),
    [["big", 0], ["small", 1]],
  );
  assertEquals(garbage.freeableBytes, 0);
  assertMatch(garbage.nextAt, /^\d{4}-/);
});

Deno.test("du goes on past a damaged record, and ends with 1", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const [key] = await damageRecords(root.join(".holdfast"), "note");
  const { code, err, out } = await holdfast("du", { cwd });
  assertEquals(code, 1);
  assertMatch(out, /\nnote +0 /);
  assertStringIncludes(err, `not counted in full: ${key}: `);
});
