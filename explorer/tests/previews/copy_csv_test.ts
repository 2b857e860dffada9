// Rows that are copied as CSV are read back exactly.
import { assertEquals } from "@std/assert";
import { findPython, runPython } from "../../../tests/support/numpy.ts";
import { countFormulas, csvOf } from "../../src/format/csv.ts";

const python = await findPython("pandas");
const why = python === undefined
  ? " (ignored: neither HOLDFAST_PYTHON nor python3 has pandas)"
  : "";

const TITLES = ["name", 'say "hi"', "a, b", "n"];
const ROWS = [
  ["plain", 0.1 + 0.2, 2n ** 63n, -0],
  ["two\nlines", 5e-324, -1.7976931348623157e308, 1e21],
  ['"quoted", or not', NaN, Infinity, 9007199254740991],
  [" space ", null, undefined, true],
  ["\r", new Date(0), ["a", 1], { b: 2 }],
];

Deno.test("CSV has quotes where they are needed, and all digits", () => {
  assertEquals(csvOf(TITLES, ROWS.slice(0, 3)).split("\n"), [
    'name,"say ""hi""","a, b",n',
    "plain,0.30000000000000004,9223372036854775808,-0",
    '"two',
    'lines",5e-324,-1.7976931348623157e+308,1e+21',
    '"""quoted"", or not",NaN,Infinity,9007199254740991',
    "",
  ]);
  assertEquals(csvOf(["a"], [[null], [""]]), 'a\n""\n""\n'); // no line is empty
});

Deno.test("texts that spreadsheets take for formulas are counted, and numbers are none", () => {
  const formulas = ["=1+1", "+A1", "-A1", '@SUM("a")', "\t=1", "-1-cmd|' /C calc'!A0"];
  const others = ["a=1", "-1.5", "+2e3", "-", "", -1, -5n, null, undefined, [-1], "1-1"];
  assertEquals(countFormulas([formulas, others]), formulas.length);
  assertEquals(csvOf(["=a"], [["=1+1"], ["-1.5"]]), "=a\n=1+1\n-1.5\n"); // values stay exact
});

Deno.test({
  name: `Python reads the same cells from CSV${why}`,
  ignore: python === undefined,
  async fn() {
    const program = `
import csv, io, json, sys
print(json.dumps(list(csv.reader(io.StringIO(sys.argv[1], newline="")))))
`;
    const read = JSON.parse(await runPython(python ?? "", program, [csvOf(TITLES, ROWS)]));
    assertEquals(read, [
      TITLES,
      ["plain", "0.30000000000000004", "9223372036854775808", "-0"],
      ["two\nlines", "5e-324", "-1.7976931348623157e+308", "1e+21"],
      ['"quoted", or not', "NaN", "Infinity", "9007199254740991"],
      [" space ", "", "", "true"],
      ["\r", "1970-01-01T00:00:00.000Z", '["a",1]', '{"b":2}'],
    ]);
  },
});
