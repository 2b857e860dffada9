// Other work goes on while the files of a draft are listed.
import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { createHandler } from "../../../../apps/server.ts";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";

Deno.test("sorting the files of a draft and encoding them are in different turns", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  const paths = Array.from({ length: 100 }, (_, i) => `${99 - i}`);
  const draft = await registry.openDraft("a", { id: "d" });
  await draft.addPart("p", paths.map((path) => ({ path, content: new Uint8Array() })));
  const { toSorted } = Array.prototype, { stringify } = JSON;
  const seen: string[] = [], timers: Promise<void>[] = [];
  Array.prototype.toSorted = function (...given) {
    if (this.length === 100) {
      seen.push("sort");
      const turn = () => void seen.push("turn");
      setImmediate(turn);
      timers.push(realSystem.sleep(0).then(turn));
    }
    return toSorted.apply(this, given);
  };
  JSON.stringify = (value, ...more: unknown[]) => {
    if (value?.files?.length === 100) seen.push("encode");
    return stringify(value, ...more as []);
  };
  try {
    const answer = await handler(
      new Request("http://localhost/artifacts/a/drafts/d?files=true"),
    );
    assertEquals((await answer.json()).files.length, 100);
    await Promise.all(timers);
  } finally {
    Array.prototype.toSorted = toSorted;
    JSON.stringify = stringify;
  }
  assertEquals(seen.slice(0, 2), ["sort", "turn"]);
  assertEquals(seen.filter((each) => each !== "turn"), ["sort", "encode"]);
});
