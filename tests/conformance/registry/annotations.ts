// Cases about notes and labels, which change beside versions that do not.
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readLog } from "@holdfast/holdfast";
import { annotate, readAnnotations } from "@holdfast/holdfast/registry";
import { given } from "../given.ts";
import { refused, type RegistryCase } from "./registry_case.ts";

/** For registries on a store or behind a service. Others are `Unsupported`. */
export const annotationCases: readonly RegistryCase[] = [
  given("annotate() merges a change into notes and labels", async ({ registry, reopen }) => {
    await registry.save("a", 1);
    await registry.save("a", 2);
    strictEqual(await readAnnotations(registry, "a@1"), undefined);
    const first = await annotate(registry, "a@1", {
      notes: "fair",
      labels: { stage: "candidate", score: 0.93, by: { ann: true, bob: false } },
    });
    strictEqual(first.revision, 1);
    await annotate(registry, "a@1", { labels: { stage: "checked", by: { bob: null } } });
    await annotate(registry, "a", { notes: "numbers" });
    for (const each of [registry, await reopen()]) {
      const { changedAt, ...found } = (await readAnnotations(each, "a@1.0"))!;
      strictEqual(changedAt instanceof Date, true);
      const labels = { stage: "checked", score: 0.93, by: { ann: true } };
      deepStrictEqual(found, { notes: "fair", labels, revision: 2 });
      strictEqual((await readAnnotations(each, "a"))!.notes, "numbers");
      strictEqual(await readAnnotations(each, "a@latest"), undefined);
      strictEqual((await each.info("a@1")).annotations, undefined);
      deepStrictEqual((await each.info("a@1", { annotations: true })).annotations?.labels, labels);
      strictEqual((await each.info("a", { annotations: true })).annotations, undefined);
      const listed = await Array.fromAsync(each.versions("a", { details: true }));
      deepStrictEqual(listed.map(({ info }) => info!.annotations?.revision), [undefined, 2]);
    }
    const { notes, labels } = await annotate(registry, "a@1", { notes: null, labels: null });
    deepStrictEqual([notes, labels], [undefined, {}]);
    strictEqual(await registry.load("a@1"), 1);
  }, { needs: ["save", "annotations"] }),
  given("annotate() changes only the expected revision", async ({ registry }) => {
    await registry.save("a", 1);
    await refused("Conflict", annotate(registry, "a@1", { notes: "x" }, { ifRevision: 1 }));
    await annotate(registry, "a@1", { notes: "x" }, { ifRevision: 0 });
    await refused("Conflict", annotate(registry, "a@1", { notes: "y" }, { ifRevision: 0 }));
    const { revision } = await annotate(registry, "a@1", { notes: "x" });
    strictEqual(revision, 1);
    await annotate(registry, "a@1", { notes: "z" }, { ifRevision: 1 });
    await refused("NotFound", annotate(registry, "a@2", { notes: "x" }));
    await refused("NotFound", annotate(registry, "b", { notes: "x" }));
    await refused("Invalid", annotate(registry, "a@1", { labels: { x: "x".repeat(70_000) } }));
    await refused("Invalid", annotate(registry, "a@1", { label: {} } as object));
    await refused("Invalid", annotate(registry, "a@1", { labels: "x" } as object));
    await refused("Invalid", annotate(registry, "a@1", { notes: 5 } as object));
    const odd = [new Date(0), new Map(), new URL("http://a"), new Uint8Array(2), 1n, NaN, () => 1];
    for (const value of odd) {
      await refused("Invalid", annotate(registry, "a@1", { labels: { by: { value } } }));
    }
  }, { needs: ["save", "annotations"] }),
  given("concurrent changes of labels all count, and the log has each", async ({ registry }) => {
    await registry.save("a", 1);
    const labels = Array.from({ length: 8 }, (_, i) => ({ [`l${i}`]: i }));
    await Promise.all(labels.map((labels) => annotate(registry, "a@1", { labels })));
    const found = (await readAnnotations(registry, "a@1"))!;
    deepStrictEqual(found.labels, Object.assign({}, ...labels));
    const changes = (await Array.fromAsync(readLog(registry, "a")))
      .filter(({ event }) => event === "annotated");
    strictEqual(changes.length, 8);
    const sizes = changes.map(({ labels }) => Object.keys(labels!).length);
    deepStrictEqual(sizes.sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8]);
  }, { needs: ["save", "annotations"] }),
];
