// Searches whose results take several pages of the service.
import { assertEquals } from "@std/assert";
import { openRegistry, saveMany } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PROGRAM = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
for limit in (1, 7, 20, 2000):
    print(limit, *(found.name for found in registry.search("name", limit=limit)))
try:
    registry.search("name", limit=0)
except holdfast.Invalid:
    print("refused")
`;

pythonTest("a search returns as many results as its limit, however large they are", async () => {
  await using registry = await openRegistry("memory:");
  const names = Array.from({ length: 20 }, (_, i) => `name:${100 + i}`);
  const metadata = { text: "x".repeat(60 * 1024) };
  await saveMany(registry, names.map((name, value) => ({ name, value, metadata })));
  await using place = served(registry);
  const lines = await runProgram(PROGRAM, { args: [place.location, place.token!] });
  const expected = [1, 7, 20, 2000].map((limit) => [limit, ...names.slice(0, limit)].join(" "));
  assertEquals(lines, [...expected, "refused"]);
});
