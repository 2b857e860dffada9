// Promises about the life of a run: its parameters and tags, its writers, and its end.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Registry } from "../../../mod.ts";
import { discardRun, finishRun, openRun, updateRun } from "../../../extensions/runs/mod.ts";
import { readLoggedRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { realSystem } from "../../../core/system.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { collect, rejected } from "../../registry/rejected.ts";
import { pointsOf, type RunCase } from "./run_cases.ts";

const lookAt = (registry: Registry) => readLoggedRun(registry, "m", { id: "1", lines: false });
const metadataOf = async (registry: Registry) => (await registry.info("m")).metadata;

export const LIFE_CASES: readonly RunCase[] = [
  {
    name: "parameters and tags come late, and only `replace` changes one",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", {
        id: "1",
        params: { rate: 0.1 },
        tags: { a: "x" },
      });
      await run.update({ params: { depth: null, net: { b: 1, a: [1, 2] } }, tags: { host: "n1" } });
      await run.update({ params: { net: { a: [1, 2], b: 1 }, rate: 0.1 } }); // equal
      const wrong = [
        { params: { rate: 0.2 } },
        { params: { depth: 1 } },
        { params: { more: 1, net: { a: [2, 1], b: 1 } } },
        { tags: { host: "n2" } },
        { tags: { host: null } },
      ];
      for (const change of wrong) await rejected("Conflict", run.update(change), /, not /);
      await rejected("Conflict", run.update({ params: { rate: 0.2 } }), /"rate" is 0.1, not 0.2/);
      await updateRun(other, "m", { id: "1", params: { rate: 0.3 }, replace: true });
      await updateRun(other, "m", {
        id: "1",
        tags: { a: null, host: "n3", done: true },
        replace: true,
      });
      const facts = { params: { rate: 0.3, depth: null, net: { b: 1, a: [1, 2] } } };
      const { params, tags } = await lookAt(registry);
      assertEquals<unknown>({ params, tags }, { ...facts, tags: { host: "n3", done: true } });
      const [listed] = await collect(readLoggedRuns(other, { name: "m" }));
      assertEquals([listed.params, listed.tags], [params, tags]);
      run.log({ loss: 1 });
      await run.finish();
      const saved = await metadataOf(other);
      assertEquals([saved.params, saved.tags], [params, tags]);
      await rejected("Conflict", updateRun(other, "m", { id: "1", params: { late: 1 } }));
      await rejected("NotFound", updateRun(other, "m", { id: "2", params: { late: 1 } }));
    },
  },
  {
    name: "what metadata cannot hold is neither a parameter nor a tag",
    async run({ registry }) {
      const run = await openRun(registry, "m", { id: "1", params: { text: "x".repeat(20_000) } });
      const wrong = [
        { params: { more: "é".repeat(8_000) } }, // bytes, not characters
        { params: { rate: NaN } },
        { tags: { text: "x".repeat(9_000) } },
        { tags: { list: ["a"] } },
      ];
      for (const change of wrong) await rejected("Invalid", run.update(change as object));
      assertEquals(Object.keys((await lookAt(registry)).params), ["text"]);
      await run.close();
    },
  },
  {
    name: "a run that is opened again adds parameters, and refuses other values",
    async run({ registry, other }) {
      const first = await openRun(registry, "m", { id: "1", params: { rate: 0.9 } });
      await rejected(
        "Conflict",
        openRun(other, "m", { id: "1", params: { rate: 0.1, more: 1 } }),
        /"rate" is 0.9, not 0.1/,
      );
      const again = await openRun(other, "m", { id: "1", params: { rate: 0.9, depth: 3 } });
      again.log({ loss: 1 });
      await again.finish();
      assertEquals((await metadataOf(registry)).params, { rate: 0.9, depth: 3 });
      await first.close();
    },
  },
  {
    name: "programs that begin one run at once have its parameters in common, or are refused",
    async run({ registry, other }) {
      const params = [{ a: 1, same: 0 }, { b: 2, same: 0 }, { c: 3, same: 0 }, { same: 1 }];
      const all = await Promise.allSettled(
        params.map((own, i) => openRun(i % 2 ? registry : other, "m", { id: "1", params: own })),
      );
      const present = (await lookAt(registry)).params;
      for (const [i, { status }] of all.entries()) {
        const has = Object.entries(params[i]).every(([key, value]) => present[key] === value);
        assertEquals(status, has ? "fulfilled" : "rejected", JSON.stringify([i, present]));
      }
      for (const { status, value } of all as PromiseFulfilledResult<never>[]) {
        if (status === "fulfilled") await (value as { close(): Promise<void> }).close();
      }
    },
  },
  {
    name: "of programs that set one parameter at once, one sets it",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "1" });
      const all = await Promise.allSettled(Array.from({ length: 8 }, (_, value) => {
        const params = { [`own ${value}`]: value, common: value };
        return updateRun(value % 2 ? registry : other, "m", { id: "1", params });
      }));
      const set = all.flatMap(({ status }, value) => status === "fulfilled" ? [value] : []);
      assertEquals(set.length, 1);
      const params = { [`own ${set[0]}`]: set[0], common: set[0] };
      assertEquals((await lookAt(other)).params, params);
      const tags = Array.from({ length: 8 }, (_, n) => ({ [`tag ${n}`]: n }));
      await Promise.all(tags.map((own) => updateRun(other, "m", { id: "1", tags: own })));
      assertEquals((await lookAt(other)).tags, Object.assign({}, ...tags));
      await run.close();
    },
  },
  {
    name: "a helper that fails or closes ends only itself",
    async run({ registry, other }) {
      const main = await openRun(registry, "m", { id: "1" });
      main.log({ loss: 0.5 });
      await main.flush();
      const helper = await openRun(other, "m", { id: "1" });
      helper.log({ validation: 0.4 });
      await nextMillisecond(); // nothing else orders what two programs do in one
      await helper.fail("the helper has no memory");
      await nextMillisecond();
      assertEquals((await lookAt(other)).reason, "the helper has no memory");
      const closed = await openRun(other, "m", { id: "1" });
      closed.log({ test: 0.3 });
      await closed.close();
      await closed.close();
      await rejected("Invalid", closed.finish(), /has ended/);
      await closed[Symbol.asyncDispose]();
      assertEquals((await lookAt(other)).state, "running");
      await main.finish({ weights: [1] });
      const { run, metrics } = await metadataOf(other);
      assertEquals((run as { failed?: string }).failed, undefined);
      const { loss, validation, test } = metrics as Record<string, number>;
      assertEquals([loss, validation, test], [0.5, 0.4, 0.3]);
    },
  },
  {
    name: "the failure of the program that goes on is that of the run",
    async run({ registry, other }) {
      const main = await openRun(registry, "m", { id: "1" });
      await (await openRun(other, "m", { id: "1" })).close();
      await nextMillisecond();
      main.log({ loss: NaN });
      await main.fail("the loss is NaN");
      const { state, reason } = await lookAt(other);
      assertEquals([state, reason], ["failed", "the loss is NaN"]);
      await finishRun(other, "m", { id: "1" });
      const { run } = await metadataOf(other);
      assertEquals((run as { failed?: string }).failed, "the loss is NaN");
    },
  },
  {
    name: "a discarded run takes no points, and is in no list",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "1" });
      run.log({ loss: 1 });
      await run.flush();
      assertEquals(await discardRun(other, "m", { id: "2" }), false);
      assertEquals(await discardRun(other, "m", { id: "1" }), true);
      assertEquals(await discardRun(other, "m", { id: "1" }), false);
      assertEquals((await lookAt(other)).state, "discarded");
      assertEquals(await collect(readLoggedRuns(other, { name: "m" })), []);
      run.log({ loss: 2 });
      await rejected("Conflict", run.flush(), /it was discarded/);
      await rejected("Conflict", finishRun(other, "m", { id: "1" }), /it was discarded/);
      await rejected("Conflict", updateRun(other, "m", { id: "1", params: { a: 1 } }));
      await rejected("Conflict", openRun(other, "m", { id: "1" }), /it was discarded/);
      const kept = run.abandon().trim().split("\n");
      assertEquals(JSON.parse(kept[1]).loss, 2);
      await rejected("Invalid", run.flush(), /has ended/);
    },
  },
  {
    name: "points that a program could not send are stored later, and once",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "1" });
      run.log({ loss: 1 });
      await run.flush();
      run.log({ loss: 2, text: "a\nb" });
      run.log({ step: 5, loss: NaN });
      const first = run.abandon();
      run.log({ loss: 3 });
      assertThrows(() => run.log({ loss: [3] as never }));
      const kept = `${first}${run.abandon()}${run.abandon()}{"half a li`.split("\n");
      await rejected("Invalid", run.finish(), /has ended/);
      const later = await openRun(other, "m", { id: "1" });
      for (let times = 0; times < 2; times++) await later.restore(kept);
      later.log({ loss: 3 });
      const another = await openRun(other, "m", { id: "2" });
      for (const wrong of [kept, kept.slice(1), ["{}"], ['{"kept": {"name": "m", "id": "2"}}']]) {
        await rejected("Invalid", another.restore(wrong), /not its kept points/);
      }
      await another.close();
      await later.finish();
      assertEquals(await pointsOf(registry, "m"), [
        { step: 0, loss: 1 },
        { step: 1, loss: 2, text: "a\nb" },
        { step: 5, loss: "NaN" },
        { step: 6, loss: 3 },
        { step: 1, loss: 3 },
      ]);
    },
  },
  {
    name: "leaving a run never hides the error of the program",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "1" });
      run.log({ loss: 1 });
      await run.flush();
      await finishRun(other, "m", { id: "1" });
      run.log({ loss: 2 });
      const error = await assertRejects(async () => {
        try {
          throw new TypeError("mine");
        } finally {
          await run[Symbol.asyncDispose](); // as `await using` does
        }
      });
      assertEquals([(error as Error).name, (error as Error).message], ["TypeError", "mine"]);
    },
  },
  {
    name: "a run is finished with its own files only",
    async run({ registry, other }) {
      const one = await openRun(registry, "m", { id: "1" });
      const two = await openRun(other, "m", { id: "1" });
      const draft = await registry.openDraft("m", { id: "run:1" });
      const content = new Uint8Array([1]);
      for (const part of ["a", "b"]) await draft.addPart(part, [{ path: part, content }]);
      const finish = (parts?: string[]) => finishRun(other, "m", { id: "1", parts });
      await rejected("NotFound", finish(["c"]), /missing: "c"/);
      one.log({ loss: 1 }); // a finish that was refused has not ended it
      await one.flush();
      const saved = await finish(["a"]);
      for (const parts of [undefined, ["a"]]) {
        assertEquals((await finish(parts)).version, saved.version);
      }
      for (const parts of [["b"], [], ["a", "b"]]) {
        await rejected("Conflict", finish(parts), /finished with other files/);
      }
      await rejected("Conflict", two.finish(), /finished with other files/);
      await rejected("Invalid", openRun(registry, "m", { id: "" }), /it is empty/);
      await one.close();
    },
  },
  {
    name: "a run with files of another program is not finished without them",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "1" });
      run.log({ loss: 1 });
      await run.flush();
      const draft = await registry.openDraft("m", { id: "run:1" });
      const content = new Uint8Array([1]);
      await draft.addPart("artifact-1", [{ path: "plot.png", content }]);
      const lacks = /files that its version would lack \("artifact-1"\)/;
      await rejected("Conflict", finishRun(other, "m", { id: "1" }), lacks);
      await rejected("Conflict", run.finish({ rate: 1 }), lacks);
      await run.close();
      const saved = await finishRun(other, "m", { id: "1", parts: ["artifact-1"] });
      const { files } = await registry.info("m", { version: saved.version });
      assertEquals(files.map(({ path }) => path).sort(), ["history.jsonl", "plot.png"]);
    },
  },
];

async function nextMillisecond(): Promise<void> {
  const start = realSystem.now();
  while (realSystem.now() === start) await nextTurn();
}
