// Promises of runs that hold for a registry on any store, and behind a service.
import { assert, assertEquals } from "@std/assert";
import type { Registry } from "../../../mod.ts";
import { finishRun, openRun, readLoggedRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { collect, rejected } from "../../registry/rejected.ts";

export interface RunCase {
  name: string;
  run(world: { registry: Registry; other: Registry }): Promise<void>;
}

/** Returns the points of a curve without their times. */
export async function pointsOf(registry: Registry, ref: string): Promise<unknown[]> {
  const artifact = await registry.open(ref);
  const text = new TextDecoder().decode(await artifact.file("history.jsonl").bytes());
  return parsePoints(text);
}

export function parsePoints(lines: string): Record<string, unknown>[] {
  return lines.split("\n").filter((line) => line !== "").map((line) => {
    const { _time, ...point } = JSON.parse(line);
    assert(typeof _time === "number", line);
    return point;
  });
}

export const RUN_CASES: readonly RunCase[] = [
  {
    name: "a finished run is a version with its value, curve, last values and parameters",
    async run({ registry, other }) {
      const run = await openRun(registry, "digits:model", { id: "7", params: { rate: 0.1 } });
      run.log({ step: 1, loss: 0.5, test: { accuracy: 0.8 } });
      run.log({ step: 2, loss: 0.25, test: { accuracy: 0.9 } });
      const options = { metadata: { note: "a", metrics: { best: 0.9 } }, alias: "candidate" };
      const saved = await run.finish({ weights: [1, 2] }, options);
      assertEquals([saved.version, saved.skipped], ["1.0.0", false]);

      const { metadata } = await other.info("digits:model@candidate");
      const { run: { startedAt, ...about }, ...rest } = metadata as {
        run: { startedAt: string; id: string; points: number; step: number };
      };
      assert(!Number.isNaN(Date.parse(startedAt)));
      assertEquals(about, { id: "7", points: 2, step: 2 });
      assertEquals<unknown>(rest, {
        note: "a",
        params: { rate: 0.1 },
        curves: "history.jsonl",
        metrics: {
          loss: 0.25,
          test: { accuracy: 0.9, "accuracy.max": 0.9 },
          "loss.min": 0.25,
          best: 0.9,
        },
      });
      assertEquals(await pointsOf(other, "digits:model"), [
        { step: 1, loss: 0.5, test: { accuracy: 0.8 } },
        { step: 2, loss: 0.25, test: { accuracy: 0.9 } },
      ]);
      assertEquals(await other.load("digits:model"), { weights: [1, 2] });
      assertEquals(await collect(readLoggedRuns(other, { name: "digits:model" })), []);
      assertEquals((await readLoggedRun(other, "digits:model", { id: "7" })).state, "finished");
    },
  },
  {
    name: "points that are sent can be read while the run goes on, page by page",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "a b/c", params: { depth: 3 } });
      run.log({ loss: 1 });
      await run.flush();
      const [listed] = await collect(readLoggedRuns(other, { name: "m" }));
      assertEquals([listed.id, listed.state, listed.points], ["a b/c", "running", 1]);
      assertEquals(listed.params, { depth: 3 });
      const first = await readLoggedRun(other, "m", { id: "a b/c" });
      assertEquals([parsePoints(first.lines), first.more], [[{ step: 0, loss: 1 }], false]);
      const none = await readLoggedRun(other, "m", { id: "a b/c", after: first.next });
      assertEquals([none.lines, none.next], ["", first.next]);
      run.log({ loss: 0.5 });
      run.log({ loss: 0.25 });
      await run.flush();
      const second = await readLoggedRun(other, "m", { id: "a b/c", after: first.next });
      assertEquals(parsePoints(second.lines), [{ step: 1, loss: 0.5 }, { step: 2, loss: 0.25 }]);
      assertEquals(second.points, 3);
      await rejected("Invalid", readLoggedRun(other, "m", { id: "a b/c", after: "x" }), /next/);
      await rejected("NotFound", readLoggedRun(other, "m", { id: "none" }));
      await run.finish();
      assertEquals(await pointsOf(other, "m"), [
        { step: 0, loss: 1 },
        { step: 1, loss: 0.5 },
        { step: 2, loss: 0.25 },
      ]);
    },
  },
  {
    name: "a run that was left is continued by its id, or finished as it is",
    async run({ registry, other }) {
      const killed = await openRun(registry, "m", { id: "1", params: { rate: 1 } });
      killed.log({ epoch: 1 });
      killed.log({ step: 10.5, epoch: 2 });
      await killed.flush();

      const again = await openRun(other, "m", { id: "1", params: { rate: 1 } });
      again.log({ epoch: 2 });
      await again.flush();
      assertEquals((await readLoggedRun(registry, "m", { id: "1" })).points, 3);
      const { version } = await finishRun(registry, "m", { id: "1" });
      assertEquals(await pointsOf(registry, `m@${version}`), [
        { step: 0, epoch: 1 },
        { step: 10.5, epoch: 2 },
        { step: 11.5, epoch: 2 },
      ]);
      assertEquals((await registry.info("m")).metadata.params, { rate: 1 });
      await rejected("Conflict", openRun(other, "m", { id: "1" }), /finished as 1.0.0/);
      await rejected("Conflict", again.finish({ a: 1 }));
    },
  },
  {
    name: "two programs log to one run at once, and nothing is lost",
    async run({ registry, other }) {
      const [one, two] = await Promise.all(
        [registry, other].map((each) => openRun(each, "m", { id: "1" })),
      );
      one.log({ a: 1 });
      two.log({ b: 1 });
      await Promise.all([one.flush(), two.flush()]);
      one.log({ a: 2 });
      await one.flush();
      const page = await readLoggedRun(registry, "m", { id: "1" });
      two.log({ b: 2 });
      await two.flush();
      const more = await readLoggedRun(registry, "m", { id: "1", after: page.next });
      assertEquals(parsePoints(more.lines), [{ step: 1, b: 2 }]);
      await one.finish();
      const points = await pointsOf(registry, "m") as Record<string, number>[];
      assertEquals(points.map(({ a }) => a).filter(Boolean), [1, 2]);
      assertEquals(points.map(({ b }) => b).filter(Boolean), [1, 2]);
      two.log({ b: 3 });
      await rejected(
        "Conflict",
        two.flush(),
        /Cannot use run "\w+" of "m": it was finished as 1.0.0/,
      );
      await rejected("Conflict", two.finish());
    },
  },
  {
    name: "errors of the draft of a run name the run",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "1" });
      await (await other.openDraft("m", { id: "run:1" })).discard();
      run.log({ loss: 1 });
      const error = await rejected(
        "Conflict",
        run.flush(),
        /^Cannot use run "1" of "m": it was discarded/,
      );
      assertEquals(error.hint, "Open another run with another id.");
      await run.fail("discarded").catch(() => {});
    },
  },
  {
    name: "a failed run says why, saves no version, and can be finished later",
    async run({ registry, other }) {
      const run = await openRun(registry, "m", { id: "1" });
      run.log({ loss: NaN });
      await run.fail("the loss is NaN");
      assertEquals(await collect(other.versions("m")), []);
      const [{ state, reason }] = await collect(readLoggedRuns(other, { name: "m" }));
      assertEquals([state, reason], ["failed", "the loss is NaN"]);
      await rejected("Invalid", run.finish(), /has ended/);
      const left = await openRun(registry, "m", { id: "2" });
      left.log({ loss: 1 });
      await left[Symbol.asyncDispose]();
      const states = (await collect(readLoggedRuns(other, { name: "m" }))).map((
        { id, state },
      ) => [id, state]);
      assertEquals(states, [["1", "failed"], ["2", "failed"]]);
      await finishRun(other, "m", { id: "1", version: "0.1.0" });
      const { metadata } = await registry.info("m@0.1.0");
      assertEquals(metadata.metrics, { loss: "NaN" });
      assertEquals((metadata.run as { failed: string }).failed, "the loss is NaN");
      const saved = await readLoggedRun(other, "m", { id: "1" });
      assertEquals([saved.state, saved.version, saved.reason], [
        ...["failed", "0.1.0", "the loss is NaN"],
      ]);
    },
  },
  {
    name: "finishing twice saves one version, and a run without points has only its value",
    async run({ registry, other }) {
      const run = await openRun(registry, "m");
      await rejected("Invalid", run.finish(), /neither points nor files/);
      const value = { a: 1 };
      const [one, two] = await Promise.all([run.finish(value), run.finish(value)]);
      assertEquals([one.version, two.version, await run.finish()], ["1.0.0", "1.0.0", one]);
      const files = (await other.open("m")).files().map(({ info }) => info.path);
      assertEquals(files, ["data.json"]);
    },
  },
  {
    name: "values of one file are loaded beside their curve, and a file of its name stays",
    async run({ registry, other }) {
      const values = { text: "hello", bytes: new Uint8Array([1]), array: new Float32Array([1, 2]) };
      for (const [name, value] of Object.entries(values)) {
        const run = await openRun(registry, name);
        run.log({ loss: 1 });
        await run.finish(value);
      }
      assertEquals(await other.load("text"), "hello");
      assertEquals(await other.load("bytes"), new Uint8Array([1]));
      assertEquals((await pointsOf(other, "array")).length, 1);

      const draft = await openRun(registry, "own", { id: "1" });
      draft.log({ loss: 1 });
      await draft.flush();
      const inner = await registry.openDraft("own", { id: "run:1" });
      const content = new TextEncoder().encode("mine");
      await inner.addPart("value", [{ path: "history.jsonl", content }]);
      await finishRun(other, "own", { id: "1", parts: ["value"] });
      const own = await other.open("own");
      assertEquals(new TextDecoder().decode(await own.file("history.jsonl").bytes()), "mine");
      assertEquals(own.info.metadata.curves, "history-2.jsonl");
      await draft.flush();
    },
  },
];
