// The last lines of the console of a run, beside all of its lines.
import { assertEquals, assertRejects } from "@std/assert";
import { lookAtRun } from "../../../../extensions/runs/look_at_run.ts";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { ConsoleTails } from "../../../../extensions/runs/wandb/console_tails.ts";
import { consoleLines } from "../../../../extensions/runs/wandb/streamed_files.ts";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { recordsOf } from "../../../../registry/records.ts";

const RUN = { name: "m", id: "7" };

async function openConsole() {
  const registry = await openRegistry("memory:");
  const run = await openRun(registry, "m", { id: "7" });
  const draft = await registry.openDraft("m", { id: "run:7" });
  return {
    registry,
    async print(time: number, offset: number, lines: readonly string[], writer?: string) {
      const at = new Date(1e12 + (writer === undefined ? 0 : time)).toISOString().slice(0, -1);
      const content = lines.map((line) => `${at} ${line}`);
      const text = new TextEncoder().encode(JSON.stringify({ offset, content, writer }));
      const end = offset + lines.length;
      const part = `stream-${String(time).padStart(15, "0")}-${end}-0-c-${time}`;
      await draft.addPart(part, [{ path: "output.log", content: text }]);
    },
    async lines() {
      const look = await lookAtRun(recordsOf(registry, "read"), RUN);
      return (await consoleLines(look)).map(({ text }) => text);
    },
    [Symbol.asyncDispose]: async () => {
      await run.close();
      await registry.close();
    },
  };
}

Deno.test("a tail of the console has the last lines, also those that were written over", async () => {
  await using console = await openConsole();
  const known = new ConsoleTails(console.registry);
  let seed = 7, end = 0;
  const random = (most: number) => (seed = seed * 48271 % 2147483647) % most;
  for (let time = 1; time <= 60; time++) {
    const offset = Math.max(0, end - random(4) * random(200)), count = 1 + random(120);
    await console.print(time, offset, Array.from({ length: count }, (_, i) => `${time} ${i}`));
    end = Math.max(end, offset + count);
    const all = await console.lines(), last = all.slice(-1000).join("\n");
    const expected = { text: last, isCut: all.length > 1000, next: `${time}` };
    // One that has followed the run, two at once, and one that has read nothing.
    const readers = [known, known, new ConsoleTails(console.registry)];
    const tails = await Promise.all(readers.map((tails) => tails.tailOf(RUN, {})));
    assertEquals(tails, [expected, expected, expected]);
    assertEquals(await known.tailOf(RUN, { after: `${time}` }), { next: `${time}` });
  }
});

Deno.test("a tail has the last lines of all programs that share a run, by their times", async () => {
  await using console = await openConsole();
  const known = new ConsoleTails(console.registry), ends = [0, 0];
  let seed = 3;
  const random = (most: number) => (seed = seed * 48271 % 2147483647) % most;
  for (let time = 1; time <= 40; time++) {
    const writer = random(2), count = 1 + random(150), offset = ends[writer]!;
    ends[writer] = offset + count;
    const lines = Array.from({ length: count }, (_, i) => `[${writer}] ${time} ${i}`);
    await console.print(time, offset, lines, `${writer}`);
    const all = await console.lines(), shown = (text: string) => text.replace(/^\[\d\] /gm, "");
    assertEquals(all.length, ends[0]! + ends[1]!);
    for (const tails of [known, new ConsoleTails(console.registry)]) {
      const { text = "", isCut } = await tails.tailOf(RUN, {});
      assertEquals([shown(text), isCut], [all.slice(-1000).join("\n"), all.length > 1000]);
    }
  }
});

Deno.test("a part that lands late is in the tail", async () => {
  await using console = await openConsole();
  const tails = new ConsoleTails(console.registry);
  await console.print(1, 0, ["a"]);
  await console.print(3, 2, ["c"]);
  assertEquals((await tails.tailOf(RUN, {})).text, "a\nc");
  await console.print(2, 1, ["b", "early c"]);
  assertEquals(await tails.tailOf(RUN, {}), { text: "a\nb\nc", isCut: false, next: "3" });
});

Deno.test("long lines end a tail, and one line is cut", async () => {
  await using console = await openConsole();
  const tails = new ConsoleTails(console.registry), line = "x".repeat(100_000);
  await console.print(1, 0, ["first", line, line, line]);
  const three = await tails.tailOf(RUN, {});
  assertEquals([three.text!.length, three.isCut], [2 ** 18, true]);
  await console.print(2, 4, ["y".repeat(1_000_000)]);
  const one = await tails.tailOf(RUN, {});
  assertEquals([one.text, one.isCut], ["y".repeat(2 ** 18), true]);
});

Deno.test("a run without a console has an empty tail, and no run has none", async () => {
  await using console = await openConsole();
  const tails = new ConsoleTails(console.registry);
  assertEquals((await tails.tailOf(RUN, {})).text, "");
  await assertRejects(() => tails.tailOf({ name: "m", id: "8" }, {}), RegistryError);
});
