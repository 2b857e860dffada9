// Runs that programs log to.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../../mod.ts";
import { openRun } from "../../../../../extensions/runs/mod.ts";
import { filledTest } from "../../../../apps/captured_io.ts";

filledTest("runs lists and prints a run that was left, and finish saves it", async (it) => {
  {
    await using registry = await openRegistry(`${it.cwd}/.holdfast`);
    await using run = await openRun(registry, "net", { id: "7", params: { rate: 0.1 } });
    run.log({ loss: 0.5 });
    run.log({ loss: 0.25 });
    await run.flush();
  }
  const listed = JSON.parse(await it.succeeds("runs ls --json"));
  assertEquals([listed.name, listed.id, listed.state, listed.points], ["net", "7", "failed", 2]);
  assertStringIncludes(await it.succeeds("runs ls net"), "without `finish`");
  assertEquals(await it.succeeds("runs ls config"), "");
  const lines = (await it.succeeds("runs show net 7")).trim().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).loss), [0.5, 0.25]);
  await it.fails("runs show net 8", 3, "holdfast runs ls net.");
  await it.tells("runs finish net 7 -a kept", "Saved net@1.0.0");
  await it.tells("runs finish net 7", "Saved net@1.0.0");
  await it.fails("runs rm net 7 --yes", 4, "holdfast rm net@1.0.0");
  const { metadata } = JSON.parse(await it.succeeds("info net@kept --json"));
  assertEquals(metadata.metrics, { loss: 0.25, "loss.min": 0.25 });
  await it.fails("runs finish net 8", 3, 'Cannot finish run "8"');
  await it.fails("runs ls nett", 3, "Did you mean net?");
});

filledTest("runs log takes the lines of any program, and finish adds its files", async (it) => {
  const lines = '{"step": 1, "loss": NaN, "note": "loss: NaN"}\nepoch 1 of 2\n' +
    '{"step": 2, "loss": 0.5}\n{"loss": [1]}\n{"loss": 9007199254740993}\n{"step": 3, "lo';
  const line = "runs log net 7 -p rate:=0.1 -p optimizer=adam";
  const out = await it.succeeds(line, { stdin: lines });
  assertEquals(out.split("\n").slice(0, 2), ["epoch 1 of 2", '{"loss": [1]}']);
  assertStringIncludes(out, "Logged 2 points to run 7, 2 left out");
  const again = JSON.parse(
    await it.succeeds("runs log net 7 --json", { stdin: '{"step": 3, "loss": 0.5}' }),
  );
  assertEquals([again.first, again.points], [2, 1]);
  await Deno.mkdir(it.root.join("model"));
  await Deno.writeTextFile(it.root.join("model", "w.bin"), "weights");
  await it.fails("runs finish net 8 model", 3);
  await it.tells("runs finish net 7 model -a live", "Saved net@1.0.0");
  const { metadata, files } = JSON.parse(await it.succeeds("info net@live --json"));
  assertEquals(metadata.params, { rate: 0.1, optimizer: "adam" });
  assertEquals(metadata.metrics, { loss: 0.5, "loss.min": 0.5, note: "loss: NaN" });
  assertEquals(files.map(({ path }: { path: string }) => path), ["history.jsonl", "w.bin"]);
});

filledTest(
  "runs log stores no point that is not UTF-8, and prints other lines as they are",
  async (it) => {
    const line = (...parts: (string | number)[]) =>
      parts.flatMap((part) =>
        typeof part === "number" ? part : [...new TextEncoder().encode(part)]
      );
    const stdin = Uint8Array.from([
      ...line('\ufeff{"name": "\ufffd"}\n', '{"name": "caf', 0xe9, '"}\n', "Stra", 0xdf, "e\n"),
      ...line('{"loss": 1}'),
    ]);
    const { bytes, out, err } = await it.holdfast("runs log net 7", { stdin });
    assertStringIncludes(
      err,
      "Cannot log a point: it is not UTF-8. Write names in UTF-8.",
    );
    const printed = line('{"name": "caf', 0xe9, '"}\n', "Stra", 0xdf, "e\n");
    assertEquals([...bytes.subarray(0, printed.length)], printed);
    assertStringIncludes(out, "Logged 2 points to run 7, 1 left out");
    const points = (await it.succeeds("runs show net 7")).trim().split("\n");
    assertEquals(points.map((point) => JSON.parse(point).name), ["\ufffd", undefined]);
  },
);

filledTest("runs set adds parameters and tags, and runs rm discards a run", async (it) => {
  await it.succeeds("runs log net 7 -p rate:=0.1 -t host=n1", { stdin: '{"loss": 1}' });
  await it.tells("runs set net 7 -p depth:=3 -t host=n1", "Changed run 7 of net");
  await it.fails("runs set net 7 -p rate:=0.2", 4, "by runs set with --replace");
  await it.fails("runs log net 7 -p rate:=0.2", 4, '"rate" is 0.1, not 0.2', { stdin: "" });
  await it.fails("runs set net 7", 2, "nothing is given");
  await it.fails("runs set net 7 -t x", 2, 'read tag "x"');
  await it.fails("runs set net 7 -p x", 2, 'read parameter "x"');
  await it.fails("runs set net 7 -t x:=[]", 2, "Cannot tag run");
  await it.fails(`runs set net 7 -t x=${"x".repeat(9000)}`, 2, "set tags of run");
  await it.fails("runs set net 8 -t a=b", 3, "holdfast runs ls net.");
  await it.succeeds("runs set net 7 -p rate:=0.2 -t host:=null --replace");
  const { params, tags } = JSON.parse(await it.succeeds("runs ls net --json"));
  assertEquals([params, tags], [{ rate: 0.2, depth: 3 }, {}]);
  await it.fails("runs rm net 7", 2, "--yes");
  await it.fails("runs rm net 8 --yes", 3);
  await it.tells("runs rm net 7 --yes", "Discarded run 7 of net");
  await it.fails("runs rm net 7 --yes", 4, "it is discarded");
  assertEquals(await it.succeeds("runs ls"), "");
});
