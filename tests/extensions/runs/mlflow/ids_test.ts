// Ids of experiments and runs, which contain the name.
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  experimentId,
  experimentName,
  hasRunId,
  parseRunId,
  runIdOf,
} from "../../../../extensions/runs/mlflow/ids.ts";
import { nameProblem } from "../../../../core/naming/names.ts";

const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."aB0_-/:. %é"), maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 9 }),
).filter((each) => nameProblem(each) === undefined);
const id = fc.oneof(fc.stringMatching(/^[0-9a-f]{32}$/), name);

Deno.test("an id means the name and the run that it was made for", () => {
  fc.assert(fc.property(name, id, (name, id) => {
    assertEquals(experimentName(experimentId(name)), name);
    const runId = runIdOf({ name, id });
    assertEquals(parseRunId(runId), { name, id });
    if (hasRunId({ name, id })) assertMatch(runId, /^[A-Za-z0-9][\w-]{0,255}$/);
    assertMatch(experimentId(name), /^[0-9x][\w-]*$/);
  }));
});

Deno.test("no other text is an id", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[x_a-f0-9]{0,12}$/)), (text) => {
    const again = (read: () => string) => {
      try {
        return read();
      } catch {
        return text; // refused
      }
    };
    assertEquals(again(() => experimentId(experimentName(text))), text);
    assertEquals(again(() => runIdOf(parseRunId(text))), text);
  }));
  for (
    const text of ["", "0__", "__a", "a__b__c", "a_2f__b", "a", "a__../b", "a__b%2f", "a__b_0a"]
  ) {
    if (text !== "a_2f__b") assertThrows(() => parseRunId(text), Error, "not found");
  }
  for (const text of ["", "1", "x", "Default", "xDefault", "x_2F", "x_ff", "x@"]) {
    assertThrows(() => experimentName(text), Error, "No Experiment");
  }
});

Deno.test("clients that name no experiment use the first one", () => {
  assertEquals([experimentId("Default"), experimentName("0")], ["0", "Default"]);
});
