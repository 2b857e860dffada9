import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { createLogLines, MAX_LINE } from "../../../operators/process/log_lines.ts";
import { defineOperator, runOperator } from "../../../operators/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { shellLine } from "../../../operators/process/shell_words.ts";
import { stepVariables } from "../../../operators/process/step_variables.ts";
import { casesOfRun, slowTest } from "../../support/seeds.ts";

function linesOf(
  pieces: (string | number[])[],
  secrets: string[] = [],
  system = createScriptedSystem(),
): string[] {
  const lines: string[] = [];
  const log = createLogLines({ secrets, system, onLine: (line) => lines.push(line) });
  for (const piece of pieces) {
    log.write(typeof piece === "string" ? new TextEncoder().encode(piece) : Uint8Array.from(piece));
  }
  log.end();
  return lines;
}

Deno.test("pieces of output may end within a character", () => {
  assertEquals(linesOf(["a\nb", "c\n\nd", [0xc3], [0xa9]]), ["a", "bc", "", "d\u00e9"]);
  assertEquals(linesOf(["a\n"]), ["a"]);
  assertEquals(linesOf([]), []);
  assertEquals(linesOf(["a", [0xc3]]), ["a\ufffd"]);
});

Deno.test("a carriage return overwrites a line, and ends it before a line feed", () => {
  const cases: [pieces: string[], lines: string[]][] = [
    [["a\r\nb\r", "\nc\r"], ["a", "b", "c"]],
    [["\r\n\n"], ["", ""]],
    [["a\r\r\nb"], ["a", "b"]],
    [["first\r 1%\r 2%\r100%\nafter\n"], ["first", "100%", "after"]],
    [["\r  0%", "\r 50%", "\r\x1b[K100%\r      \rError: disk is full\n"], [
      "  0%",
      "Error: disk is full",
    ]],
    [["\r  0%\r 50%\r100%"], ["  0%", "100%"]],
  ];
  for (const [pieces, lines] of cases) {
    assertEquals(linesOf(pieces), lines);
    assertEquals(linesOf([...pieces.join("")]), lines, "character by character");
  }
});

slowTest("the end of a log with a long progress bar is kept, and its states in between", () => {
  const system = createScriptedSystem();
  const lines: string[] = [];
  const log = createLogLines({ secrets: ["hunter2"], system, onLine: (line) => lines.push(line) });
  const write = (text: string) => log.write(new TextEncoder().encode(text));
  for (let state = 0; state <= 100_000; state++) {
    write(`\r${state} of 100000 with hunter2 `);
    system.advance(1);
  }
  write("\nTraceback: no space left\n");
  log.end();
  assertEquals(lines.length, 12);
  assertEquals(lines.slice(0, 2), ["0 of 100000 with *** ", "10000 of 100000 with *** "]);
  assertEquals(lines.slice(-2), ["100000 of 100000 with *** ", "Traceback: no space left"]);
});

Deno.test("a secret with a carriage return is masked in the lines of it", () => {
  assertEquals(linesOf(["first\rsecond\n"], ["first\rsecond"]), ["***", "***"]);
});

Deno.test("a secret at the cut of a long line is not shown in part", () => {
  const secret = "abcdefghij";
  for (let before = 0; before < 30; before++) {
    const colors = "\x1b[31m".repeat(before);
    for (const more of [0, 1, 9, 10]) {
      const [line] = linesOf([
        `${colors}${"x".repeat(MAX_LINE - more)}`,
        `${secret}${secret}${"y".repeat(100)}`,
      ], [secret]);
      assertEquals(/ab|[a-h]b|j/.test(line.replace(/… .*/, "")), false, `${before} ${more}`);
    }
  }
});

Deno.test("each line of a secret of four characters or more is masked", () => {
  assertEquals(
    linesOf(["key-1234 and key-12 a\n", "second line\n"], [
      "key-12",
      "key-1234",
      "a",
      "first\nsecond line",
    ]),
    ["*** and *** a", "***"],
  );
});

Deno.test("a secret is masked in JSON, URLs and base64", () => {
  const secret = 'pass"word/+ä\nsecond line';
  const shown = [
    'pass"word/+ä',
    "second line",
    JSON.stringify(secret),
    encodeURIComponent('pass"word/+ä'),
    btoa("second line"),
    btoa("second line").replace(/=+$/, ""),
    "cGFzcyJ3b3JkLyvDpApzZWNvbmQgbGluZQ==",
  ];
  for (const text of shown) {
    const [line] = linesOf([`before ${text.slice(0, 5)}`, `${text.slice(5)} after`], [secret]);
    assertEquals(/^before ["]?\*\*\*["=]* after$/.test(line), true, `${text}: ${line}`);
  }
});

Deno.test("stepVariables() returns variables that a step cannot replace", async () => {
  const seen: Record<string, string>[] = [];
  const operator = defineOperator({
    run: (context) => void seen.push(stepVariables(context)),
    command: () => ["true"],
  });
  await runOperator(operator, {
    pipelineId: "p",
    nodeId: "n",
    operatorId: "o",
    inputRoot: "/",
    params: { rate: 0.5 },
    env: { OWN: "1", NODE_ID: "x", PIPELINE_ID: "y", HOLDFAST_PARAMS: "z" },
    shard: { index: 1, count: 4 },
  });
  const [{ OUTPUT_ROOT, WORKSPACE_ROOT, ...rest }] = seen;
  assertEquals([OUTPUT_ROOT, WORKSPACE_ROOT].every((path) => path.startsWith("/")), true);
  assertEquals(rest, {
    HOLDFAST_ENGINE: "", // its password is not for commands
    OWN: "1",
    PIPELINE_ID: "p",
    NODE_ID: "n",
    OPERATOR_ID: "o",
    INPUT_ROOT: "/",
    HOLDFAST_PARAMS: '{"rate":0.5}',
    HOLDFAST_SHARD: "1/4",
  });
  await runOperator(operator, { inputRoot: "/" });
  assertEquals(seen[1].HOLDFAST_SHARD, ""); // the step does not see the shard of tasks that share a run
});

Deno.test("shellLine() quotes any word", async () => {
  const words = ["a b", "it's", `"$HOME"`, "`id`; $(id) | x > y & z", "\\", "é\n☂", "", "*"];
  const args = ["-c", `for word in ${shellLine(words)}; do printf '%s\\037' "$word"; done`];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\x1f").slice(0, -1), words);
});

/** Returns all that the lines of a log hold in base64 or hex, from any place in a row of digits. */
function decodings(lines: readonly string[]): Uint8Array[] {
  const rows = lines.flatMap((line) => line.match(/[A-Za-z0-9+/_-]+/g) ?? []);
  const hex = lines.flatMap((line) => line.match(/[0-9a-f]+/gi) ?? []);
  return [
    ...rows.flatMap((row) => [0, 1, 2, 3].map((at) => Buffer.from(row.slice(at), "base64url"))),
    ...hex.flatMap((row) => [0, 1].map((at) => Buffer.from(row.slice(at), "hex"))),
  ];
}

/** True if 12 bytes in a row of a secret are in a decoding. */
function isShown(secret: Uint8Array, decoded: readonly Uint8Array[]): boolean {
  const inside = decoded.map((bytes) => Buffer.from(bytes).toString("latin1")).join("\0");
  const whole = Buffer.from(secret).toString("latin1");
  for (let from = 0; from + 12 <= whole.length; from++) {
    if (inside.includes(whole.slice(from, from + 12))) return true;
  }
  return false;
}

const wrapped = (digits: string, width: number) =>
  digits.match(new RegExp(`.{1,${width}}`, "g"))!.join("\n");

const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength });

slowTest("no line shows 12 bytes of a secret in base64 or hex, however lines are broken", () => {
  const unit = fc.oneof(
    fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }),
    fc.constantFrom(..."é中😀\n"),
  );
  const secrets = fc.string({ unit, minLength: 12, maxLength: 200 });
  const coding = fc.constantFrom("base64" as const, "base64url" as const, "hex" as const);
  fc.assert(
    fc.property(
      secrets,
      coding,
      fc.tuple(bytesOf(40), bytesOf(40)),
      fc.integer({ min: 1, max: 120 }),
      fc.tuple(fc.constantFrom("", "a/b", "token: ", '{"key":"'), fc.integer({ min: 1, max: 99 })),
      (secret, coding, [before, after], width, [label, size]) => {
        const bytes = new TextEncoder().encode(secret);
        const digits = Buffer.concat([before, bytes, after]).toString(coding);
        const printed = new TextEncoder().encode(`${label}${wrapped(digits, width)}\n`);
        const chunks = Array.from(
          { length: Math.ceil(printed.length / size) },
          (_, at) => [...printed.subarray(at * size, at * size + size)],
        );
        const lines = linesOf(chunks, [secret]);
        assertEquals(isShown(bytes, decodings(lines)), false, lines.join("\n"));
      },
    ),
    { numRuns: casesOfRun(300), endOnFailure: true },
  );
});

slowTest("a private key whose lines are broken anew is masked", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 48, maxLength: 400 }),
      fc.integer({ min: 15, max: 120 }),
      (key, width) => {
        const body = Buffer.from(key).toString("base64");
        const secret = `-----BEGIN PRIVATE KEY-----\n${
          wrapped(body, 64)
        }\n-----END PRIVATE KEY-----\n`;
        const lines = linesOf([wrapped(body, width)], [secret]);
        assertEquals(isShown(key, decodings(lines)), false, lines.join("\n"));
      },
    ),
    { numRuns: casesOfRun(50), endOnFailure: true },
  );
});

Deno.test("digits that are not of the secret are shown", () => {
  const line = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 " +
    "/usr/lib/python3/dist-packages/some_module/that_is_long.py aGVsbG8gd29ybGQsIHRoaXMgaXMgbm8=";
  assertEquals(linesOf([line], ["a-secret-of-many-characters-1234567890"]), [line]);
});
