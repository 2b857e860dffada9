// Numbers that users pass as text keep their digits, or are refused, at every entry point.
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RegistryError } from "../core/errors.ts";
import { splitEntry, valueOf } from "../apps/metadata_text.ts";
import { parseExactJson } from "../core/text/json_text.ts";
import { json } from "../formats/json.ts";
import { parsePipeline } from "../operators/config/mod.ts";
import { annotate, readAnnotations } from "../registry/mod.ts";
import { cliTest } from "./apps/captured_io.ts";
import { ADDRESS, testService } from "./apps/client/service.ts";
import { mcp } from "../extensions/gateways/mcp/mcp.ts";
import { createHandler } from "../apps/server.ts";
import { createTable, csv, tsv } from "../formats/csv.ts";
import { hub } from "../extensions/gateways/hub/hub.ts";
import { openRegistry } from "../mod.ts";
import { pythonTest, runProgram, served } from "./python/reader.ts";
import { contentBytes, fileOf } from "./formats/format_files.ts";
import { rowsOfRun } from "./support/seeds.ts";

const EXACT = ["9007199254740992", "1000000000000000000", "1e21", "0.30000000000000004", "-5"];
const INEXACT = [
  "9007199254740993",
  "1234567890123456789",
  "9223372036854775808",
  "1e999",
  "1e-400",
];
/** Numbers whose sign JSON would lose when it is written again. */
const NEGATIVE_ZEROS = ["-0", "-0.0", "-0e3"];

const COMMANDS: [line: string, changed: string, stdin?: string][] = [
  ["save b - -m id:=N", "b"],
  ["note a --label id:=N", "a"],
  ["note a@1 --label id:=N", "a@1"],
  ["publish r m=a@1 -m id:=N", "r"],
  ["batch save -", "c", '{"name":"c","value":1,"metadata":{"id":N}}'],
  ["batch save - --format csv", "d", 'name,value,metadata\nd,1,"{""id"":N}"\n'],
];

cliTest("commands keep the digits of numbers, or refuse them", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save a -");
  for (const [line, changed, stdin = "x"] of rowsOfRun(COMMANDS)) {
    const run = (number: string) =>
      it.holdfast(line.replace("N", number), { stdin: stdin.replace("N", number) });
    for (const number of EXACT) {
      const { code, err } = await run(number);
      assertEquals(code, 0, err);
      const shown = await it.succeeds(`${changed === "a" ? "note" : "info"} ${changed} --json`);
      assertStringIncludes(shown, `"id":${JSON.stringify(Number(number))}`, line);
    }
    for (const number of INEXACT) {
      const { code, out, err } = await run(number);
      assertEquals(code === 0, false, line);
      assertStringIncludes(out + err, `${number}: it would be rounded`, line);
      assertStringIncludes(out + err, "as a string", line);
    }
    for (const number of NEGATIVE_ZEROS) {
      const { code, out, err } = await run(number);
      assertEquals(code === 0, false, line);
      assertStringIncludes(out + err, "-0", line);
    }
  }
});

const SAVE = '{"materializer":{"id":"bytes","formatVersion":1},"metadata":{"id":N},"files":[]}';
const BODIES: [method: string, path: string, body: string][] = [
  ["POST", "artifacts/b/versions", SAVE],
  ["PATCH", "artifacts/a/annotations", '{"labels":{"id":N}}'],
  ["PATCH", "artifacts/a/versions/1.0.0/annotations", '{"labels":{"id":[{"deep":N}]}}'],
  ["PATCH", "rules", '{"set":{"pattern":"x","keepLast":N}}'],
  ["POST", "artifacts/a/versions/1.0.0/copy", '{"to":"c","more":N}'],
];

testService("bodies of requests with numbers that would change are 400", async (service) => {
  await service.behind.save("a", 1);
  for (const [method, path, text] of BODIES) {
    for (const number of INEXACT) {
      const headers = { "content-type": "application/json" };
      const body = text.replace("N", number);
      const asked = new Request(`${ADDRESS}/${path}`, { method, headers, body });
      const response = await service.handler(asked);
      assertEquals(response.status, 400, path);
      assertStringIncludes(await response.text(), `${number}: it would be rounded`, path);
    }
  }
  for (const [method, path, text] of BODIES.slice(0, 3)) {
    for (const number of NEGATIVE_ZEROS) {
      const body = text.replace("N", number);
      const headers = { "content-type": "application/json" };
      const asked = new Request(`${ADDRESS}/${path}`, { method, headers, body });
      const response = await service.handler(asked);
      assertEquals(response.status, 400, path);
      assertStringIncludes(await response.text(), "is -0", path);
    }
  }
});

const CALL = (name: string, given: string) =>
  `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"${name}","arguments":${given}}}`;

Deno.test("calls of MCP keep numbers, or are refused", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", 1);
  await using handler = createHandler(registry, { gateways: [mcp] });
  const call = async (body: string) => {
    const accept = "application/json, text/event-stream";
    const headers = { accept, "content-type": "application/json" };
    return await (await handler(new Request(`${ADDRESS}/mcp`, { method: "POST", headers, body })))
      .text();
  };
  const calls = [
    CALL("save_version", '{"name":"b","text":"x","metadata":{"id":N}}'),
    CALL("annotate", '{"ref":"a","labels":{"id":N}}'),
    CALL("save_version", '{"name":"c","json":{"id":[N]}}'),
  ];
  for (const body of calls) {
    for (const number of INEXACT) {
      assertStringIncludes(await call(body.replace("N", number)), `${number}: it would be rounded`);
    }
    for (const number of NEGATIVE_ZEROS) {
      const text = await call(body.replace("N", number));
      if (body !== calls[2]) assertStringIncludes(text, "is -0");
      else assertEquals(await registry.load("c"), { id: [-0] }); // values keep it
    }
    for (const number of [...EXACT, "NaN"]) {
      const text = await call(body.replace("N", number));
      const isError = /"isError":true|"error":/.test(text);
      assertEquals(isError, number === "NaN", text);
    }
  }
  const { metadata } = await registry.info("b@1");
  assertEquals(metadata.id, Number(EXACT[0]));
  assertEquals((await readAnnotations(registry, "a"))?.labels.id, Number(EXACT.at(-1)));
});

Deno.test("requests of the Hub with numbers that would change are refused", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { gateways: [hub] });
  const send = async (path: string, type: string, body: string) => {
    const headers = { "content-type": type };
    return await handler(new Request(`${ADDRESS}/${path}`, { method: "POST", headers, body }));
  };
  const oid = "0".repeat(64);
  const requests = [
    ["api/models/a/preupload/main", "application/json", '{"files":[{"path":"a","size":N}]}'],
    [
      "a.git/info/lfs/objects/batch",
      "application/vnd.git-lfs+json",
      `{"operation":"upload","objects":[{"oid":"${oid}","size":N}]}`,
    ],
  ] as const;
  for (const [path, type, body] of requests) {
    for (const number of [...INEXACT, "NaN"]) {
      const answer = await send(path, type, body.replace("N", number));
      assertEquals(answer.status, 400, `${path} ${number}: ${await answer.text()}`);
    }
  }
});

testService("answers with a number that would change are refused", async (service) => {
  const { handler, behind } = service;
  await behind.save("a", 1, { metadata: { id: 1 } });
  await annotate(behind, "a", { labels: { id: 1 } });
  const registry = await service.through(async (request) => {
    const response = await handler(request);
    const text = await response.text();
    return new Response(text.replaceAll('"id":1}', `"id":${INEXACT[1]}}`), response);
  });
  for (const call of [() => registry.info("a"), () => readAnnotations(registry, "a")]) {
    await assertRejects(call, RegistryError, `${INEXACT[1]}: it would be rounded`);
  }
});

Deno.test("typed entries of metadata keep text, and refuse numbers that would change", () => {
  const typed = (entry: string) => valueOf(splitEntry(entry)!);
  for (const number of [...INEXACT, ...EXACT]) assertEquals(typed(`n=${number}`), number);
  for (const number of INEXACT) assertThrows(() => typed(`n:=${number}`), RegistryError);
  for (const number of EXACT) assertEquals(typed(`n:=${number}`), Number(number));
});

Deno.test("params of pipelines are exact or refused", () => {
  for (const number of INEXACT) {
    const text = `{"pipeline":{"id":"p","operators":[{"operator_id":"a","operator":"a",` +
      `"params":{"id":${number}}}]}}`;
    for (const language of ["json", "yaml"] as const) {
      assertThrows(() => parsePipeline(text, { language }), RegistryError, "64-bit number");
    }
  }
});

Deno.test("a file of JSON that was written is read", async () => {
  for (const number of [1e18, 2 ** 63, 1e21, 1e300]) {
    const bytes = await contentBytes(await json().encode({ number }));
    assertEquals(await json().decode(fileOf(bytes)), { number });
  }
});

Deno.test("cells of CSV keep numbers, or are refused", async () => {
  const NUMBERS: Record<"number" | "int64", Record<string, number | bigint | undefined>> = {
    number: {
      "9007199254740993": undefined,
      "1e400": undefined,
      "1e-400": undefined,
      "-0.0": -0,
      "NaN": undefined,
      "1e21": 1e21,
    },
    int64: {
      "9007199254740993": 9007199254740993n,
      "-9223372036854775808": -(2n ** 63n),
      "9223372036854775808": undefined,
      "1e400": undefined,
      "-0.0": undefined,
      "NaN": undefined,
    },
  };
  for (const create of [csv, tsv]) {
    for (const type of ["number", "int64"] as const) {
      const format = create({ columns: { n: type } });
      for (const [text, expected] of Object.entries(NUMBERS[type])) {
        const read = async () => {
          const table = await format.decode(fileOf(new TextEncoder().encode(`n\n${text}\n`)));
          return await Array.fromAsync(table.rows());
        };
        if (expected === undefined) {
          await assertRejects(read, RegistryError, text);
          continue;
        }
        const rows = await read();
        assertEquals(rows, [{ n: expected }], text);
        const table = createTable([{ name: "n", type }], [{ n: rows[0]!.n }]);
        const written = await contentBytes(await format.encode(table as never));
        const [, cell] = new TextDecoder().decode(written).split("\n");
        assertEquals(type === "int64" ? BigInt(cell!) : Number(cell), expected, text);
      }
    }
  }
});

const OF_PYTHON = `
import sys
import holdfast
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
for text in sys.argv[3:]:
    number = float(text) if any(each in text for each in ".eN") else int(text)
    try:
        saved = registry.save("p", "x", metadata={"id": number})
        found = registry.open(saved.ref).metadata["id"]
        print(repr(found) == repr(number) or found == number != 0)
    except holdfast.Invalid as error:
        print(len(error.hint) > 0 and "refused")
`;

pythonTest("metadata of Python keeps numbers, or is refused", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const kept = [...EXACT, "1e999", "-1e999", "NaN"]; // infinities and NaN have their own form
  const refused = ["9007199254740993", "1234567890123456789", "9223372036854775808", "-0.0"];
  const args = [service.location, service.token!, ...kept, ...refused];
  assertEquals(await runProgram(OF_PYTHON, { args }), [
    ...kept.map(() => "True"),
    ...refused.map(() => "refused"),
  ]);
});

Deno.test("every number that JSON.stringify() writes is exact, and no other whole number", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
    assertEquals(parseExactJson(JSON.stringify([number])), JSON.parse(JSON.stringify([number])));
  }));
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (whole) => {
    const parsed = () => parseExactJson(`{"a": ${whole}}`);
    if (String(Number(whole)) === String(whole)) assertEquals(parsed(), { a: Number(whole) });
    else assertThrows(parsed, RegistryError, "it would be rounded");
  }));
});
