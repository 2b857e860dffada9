// python-dotenv, which reads such files for programs of Python, as the judge.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import { parseVariables } from "../../../core/text/variables_file.ts";
import { realSystem } from "../../../core/system.ts";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { runPython } from "../../support/numpy.ts";
import { IS_QUICK } from "../../support/seeds.ts";

/** The clients of MLflow have python-dotenv, the newest first. */
const pythons = ["new", "old"]
  .map((client) => join(realSystem.env("HOLDFAST_MLFLOW_CLIENTS") ?? "", client, "bin/python"));
const missing = IS_QUICK || !pythons.every((python) => existsSync(python))
  ? "python-dotenv; .ci/run installs it"
  : undefined;

const PROGRAM = `
import io, json, logging, sys
from dotenv import dotenv_values
logging.disable()
print(json.dumps([dotenv_values(stream=io.StringIO(text)) for text in json.loads(sys.argv[1])]))
`;

const PIECES = [
  ..."AB= \t#'\"\\$\nxn",
  "\r\n",
  "export ",
  "${A}",
  "${B:-x}",
  " #",
  "=",
  "\nA=",
  "\nB=",
];
const WRITTEN = fc.tuple(
  fc.constantFrom("", "B=1\n", "B=1\nA='", 'B=1\nA="'),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }).map((all) => all.join("")),
  fc.constantFrom("", "'", '"', "'\n", '"\n'),
).map((parts) => parts.join(""));

judgeTest("a file of variables has the values that python-dotenv reads", missing, async () => {
  const texts = fc.sample(WRITTEN, { numRuns: 4_000, seed: 96 });
  const [judged, before] = await Promise.all(
    pythons.map(async (python) =>
      JSON.parse(await runPython(python, PROGRAM, [JSON.stringify(texts)]))
    ),
  );
  let compared = 0;
  let refused = 0;
  for (const [i, text] of texts.entries()) {
    const file = parseVariables(text, ".env");
    for (const name of ["A", "B"]) {
      // a name without `=` is None
      if (/^\s*[^\s#=][^=\r\n]*$/m.test(text)) continue;
      try {
        const value = file.valueOf(name);
        assertEquals(value, judged[i][name] ?? undefined, JSON.stringify(text));
        if (value !== undefined && value === before[i][name]) compared++;
      } catch (error) {
        if (!isRegistryError(error, "Invalid")) throw error; // it keeps silent
        refused++;
      }
    }
  }
  assert(compared > 1_000, `${compared} values, ${refused} refused`);
});
