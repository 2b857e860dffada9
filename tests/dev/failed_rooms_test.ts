// Test files that passed are noted also when others failed, and none whose tests did not all run.
import { assertEquals } from "@std/assert";
import { readdir, writeFile } from "node:fs/promises";
import { FailedModules, withoutFailedRooms } from "../../dev/held_over/failed_rooms.ts";
import { slowTest } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";

const OK = "./green_test.ts => a test ... ok (1ms)\n";
const FAILED = "./red_test.ts => a test ... FAILED (1ms)\n";
const summary = (failed: number) => `\nFAILED | 1 passed | ${failed} failed (2 steps) (1s)\n`;

function failedIn(output: string): string[] | undefined {
  const modules = new FailedModules();
  for (const letter of output) modules.add(letter); // output comes in parts of any length
  return modules.names === undefined ? undefined : [...modules.names];
}

Deno.test("modules with failures are found in the output, unless one of them is unknown", () => {
  assertEquals(failedIn(OK + FAILED + summary(1)), ["red_test.ts"]);
  const uncaught = "Uncaught error from ../../tmp/a/load_test.ts FAILED\n";
  assertEquals(failedIn(uncaught + OK + FAILED + summary(2)), ["load_test.ts", "red_test.ts"]);
  assertEquals(failedIn(OK + FAILED + summary(2)), undefined); // another failure was not printed
  assertEquals(failedIn(OK + FAILED), undefined); // ended by a signal
  assertEquals(failedIn(OK), undefined);
  const printed = `------- output -------\nx => y ... FAILED${FAILED}----- output end -----\n`;
  assertEquals(failedIn(printed + OK + summary(1)), undefined);
});

Deno.test("files are noted that were held over, or whose module ended without a failure", () => {
  const run = { digest: "a", time: 1 };
  const passed = { held: run, green: run, red: run, beside: run, cut: run };
  const rooms = new Map([["1", ["green"]], ["2", ["red", "beside"]], ["3", ["cut"]]]);
  const noted = withoutFailedRooms(passed, rooms, new Set(["2"]), new Set(["1", "2"]));
  assertEquals(Object.keys(noted), ["held", "green"]);
});

/** Modules of tests, and whether all of their tests pass. */
const MODULES: Record<string, [text: string, isGreen: boolean]> = {
  green: ['Deno.test("a", () => console.log("b => c ... ok"));', true],
  red: ['Deno.test("a", () => { console.log("-"); throw new Error(); });', false],
  step: [
    'Deno.test("a", async (t) => { await t.step("b", () => { throw new Error(); }); });',
    false,
  ],
  load: ['Deno.test("a", () => {}); throw new Error();', false],
  exit: ['Deno.test("a", () => Deno.exit(0));', false],
  timer: [
    'import { setTimeout } from "node:timers";' +
    'Deno.test("a", () => void setTimeout(() => { throw new Error(); }, 0));' +
    'Deno.test("b", () => new Promise((resolve) => setTimeout(resolve, 100)));',
    false,
  ],
};

slowTest("only green modules are noted after a run of Deno with each kind of failure", async () => {
  await using root = await tempRoot();
  for (const [name, [text]] of Object.entries(MODULES)) {
    const mark = JSON.stringify(root.join(`${name}.ended`));
    const end = `Deno.test.afterAll(() => Deno.writeTextFileSync(${mark}, ""));`;
    await writeFile(root.join(`${name}_test.ts`), `${end}\n${text}\n`);
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--parallel", "."],
    cwd: root.path,
    env: { NO_COLOR: "1" },
  }).output();
  const modules = new FailedModules();
  modules.add(new TextDecoder().decode(stdout));
  const names = Object.keys(MODULES), run = { digest: "a", time: 1 };
  const ended = (await readdir(root.path)).filter((name) => name.endsWith(".ended"))
    .map((name) => name.replace(".ended", "_test.ts"));
  const noted = withoutFailedRooms(
    Object.fromEntries(names.map((name) => [name, run])),
    new Map(names.map((name) => [`${name}_test.ts`, [name]])),
    modules.names ?? new Set(names.map((name) => `${name}_test.ts`)),
    new Set(ended),
  );
  assertEquals(Object.keys(noted), names.filter((name) => MODULES[name]![1]));
});
