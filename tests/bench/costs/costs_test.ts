import { assertEquals, assertLessOrEqual } from "@std/assert";
import { countAll } from "./costs.ts";

Deno.test("reads and saves of a name take the same requests however many names there are", async () => {
  const [few, many] = [await countAll(3), await countAll(120)];
  const ofName = (counted: typeof few) => counted.filter(({ unit }) => unit === "a million");
  assertEquals(ofName(few), ofName(many));
  const requests = (name: string) => many.find((row) => row.name === name)?.requests;
  assertEquals(requests("load by alias"), { list: 1, get: 2 });
  assertEquals(requests("all names"), { list: 1 });
  assertLessOrEqual(requests("`log --all`, the newest 50")!.get!, 100);
});
