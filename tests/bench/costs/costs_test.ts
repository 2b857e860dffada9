import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { estimateNight } from "../../../apps/cli/doctor/check_night.ts";
import { maintainedBy } from "../../../apps/cli/program/maintained.ts";
import { EXTENSIONS } from "../../../apps/extensions.ts";
import { countAll } from "./costs.ts";

const NAMES = 400;
/** gc looks at a thirtieth of the names, by their hash and the day. */
const BY_CHANCE = 8 * Math.sqrt(NAMES / 30);

Deno.test("reads and saves of a name take the same requests however many names there are", async () => {
  const [few, many] = [await countAll(3), await countAll(120)];
  const ofName = (counted: typeof few) => counted.filter(({ unit }) => unit === "a million");
  assertEquals(ofName(few), ofName(many));
  const requests = (name: string) => many.find((row) => row.name === name)?.requests;
  assertEquals(requests("load by alias"), { list: 1, get: 2 });
  assertEquals(requests("all names"), { list: 1 });
  assertLessOrEqual(requests("`log --all`, the newest 50")!.get!, 100);
});

Deno.test("gc takes no request for a save, and few for a deletion", async () => {
  const rows = await countAll(NAMES);
  const requests = (name: string) => {
    const { list = 0, get = 0, put = 0 } = rows.find((row) => row.name === name)!.requests;
    return list + get + put;
  };
  const quiet = requests("`gc`, a night after no change") + 3 * BY_CHANCE;
  assertLessOrEqual(requests("`gc`, a tenth of the names saved again"), quiet);
  assertLessOrEqual(requests("`gc`, as many new names"), quiet);
  assertLessOrEqual(requests("`gc`, as many deletions"), quiet + 8 * NAMES / 10);
});

Deno.test("the estimate of a night is near what it costs", async () => {
  const names = NAMES;
  const rows = new Map((await countAll(names)).map(({ name, requests }) => [name, requests]));
  const estimate = estimateNight({ names, records: names }, maintainedBy(EXTENSIONS));
  const counted = (name: string, method: string) => rows.get(name)![method] ?? 0;
  const { gc, prune, mirror, verify } = estimate;
  const of: [estimated: typeof prune, rows: string[]][] = [
    [gc, ["`gc`, a night after no change"]],
    [prune, ["`prune`, nothing to delete"]],
    [mirror, ["source", "target"].map((side) => `\`mirror\`, a run that finds no change: ${side}`)],
    [verify, ["`verify`"]],
  ];
  for (const [estimated, names] of of) {
    for (const method of ["list", "get"] as const) {
      const requests = names.reduce((sum, name) => sum + counted(name, method), 0);
      const tolerance = 6 + requests / 10 + (estimated === gc ? BY_CHANCE : 0);
      const text = `${names[0]}: ${estimated[method]} ${method}, counted ${requests}`;
      assert(Math.abs(estimated[method] - requests) <= tolerance, text);
    }
  }
});
