// Contents of the registries that an earlier program writes into a folder.
// Uses only functions that all commits have, and runs where they are. Those were in `registry/mod.ts`
// before they had an entry point.
import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import type { Registry as AnyRegistry } from "../../../core/registry.ts";
import type * as root from "../../../mod.ts";
import type * as maintenance from "../../../apps/maintenance.ts";
import type * as tools from "../../../registry/mod.ts";
import type * as runs from "../../../extensions/runs/mod.ts";

type MirrorRegistry = (
  from: AnyRegistry,
  to: AnyRegistry,
  options?: object,
) => Promise<{ failures: { error: Error }[] }>;

/** The entry points of one commit. */
export type Program =
  & Pick<
    typeof root & typeof maintenance & typeof tools,
    "openRegistry" | "publishRelease" | "changeRules" | "annotate"
  >
  & { mirrorRegistry: MirrorRegistry }
  & Partial<Pick<typeof runs, "openRun">>;

type Registry = Awaited<ReturnType<Program["openRegistry"]>>;
type Draft = Awaited<ReturnType<Registry["openDraft"]>>;

export async function programAt(root: string): Promise<Program> {
  const modules = [
    "mod.ts",
    "extensions/maintenance/mod.ts",
    "apps/maintenance.ts", // has mirrors and verification since they have folders
    "registry/mod.ts",
    "runs/mod.ts", // until extensions had a directory of their own
    "extensions/runs/mod.ts",
  ]
    .map((path) => new URL(path, root)).filter((module) => existsSync(module));
  const all = await Promise.all(modules.map((module) => import(module.href)));
  const program = Object.assign({}, ...all);
  return { publishRelease: program.publish, ...program };
}

/** Lines of text: large, but small in the repository. Another `edition` has another line. */
export function lines(edition: number, count = 8_000): Uint8Array<ArrayBuffer> {
  const line = (i: number) =>
    `row ${i} ${(i * i) % 9973} ${i + 50 === count ? edition : 0} ${"of many lines ".repeat(2)}\n`;
  return Uint8Array.from(Buffer.from(Array.from({ length: count }, (_, i) => line(i)).join("")));
}

function noise(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0, state = 1; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function twice(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([bytes, bytes]));
}

/** More than fit into a record: one object has them all. */
export const SMALL_FILES: Record<string, unknown> = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`part ${i}`, lines(i, 200 + i)]),
);
/** More than a record lists. */
const MANY_FILES = Object.fromEntries(
  Array.from({ length: 1_300 }, (_, i) => [`part ${i}`, new Uint8Array(i % 2)]),
);
/** Equal values of all commits. */
export const VALUES: Record<string, unknown> = {
  "plain@1": "first",
  "plain@2": { answer: 42, big: 2n ** 70n, when: new Date(0), none: NaN },
  "plain@4.0.0-rc.1": "candidate",
  "plain@5.1.0": "with build",
  "large@1": lines(1),
  "large@2": lines(2),
  "packed@1": SMALL_FILES,
  "packed@2": { ...SMALL_FILES, "part 3": lines(99, 300) },
  "many@1": MANY_FILES,
  "gzip@1": "compressed ".repeat(20_000),
  "zstd@1": twice(noise(70_000)),
  "parent@1": { of: "children" },
  "parent@2": "of words",
  "noted@1": "noted",
  "safe@1": "protected",
  "safe@2": "protected too",
  "scratch:run@1": 1,
  "scratch:run@3": 3,
  "serving@1/model": "first",
  "serving@2/data": lines(2),
  "serving@live/tokens": SMALL_FILES,
};
/** Versions that neither deletes nor rules remove without force. */
export const HELD = ["plain@1", "plain@2", "packed@1", "large@2", "safe@1", "safe@2", "serving@2"];

/** Writes all registries below a folder. */
export async function writeContent(program: Program, folder: string): Promise<void> {
  const open = (name: string, options: object = {}) =>
    program.openRegistry(`${folder}/${name}`, { durability: "os", cache: false, ...options });
  const main = await open("main");
  await writeValues(main);
  await writeDated(main);
  await writeDrafts(main);
  if (program.openRun !== undefined) await writeRuns(program.openRun, main);
  await program.annotate(main, "noted@1", { notes: "Best so far", labels: { stage: "checked" } });
  await program.annotate(main, "noted@1", { labels: { stage: "live", score: 0.5 } });
  await program.annotate(main, "noted", { notes: "Of the name" });
  await program.publishRelease(main, "serving", { model: "plain@1", tokens: "packed@1" });
  await program.publishRelease(main, "serving", { data: "large@2", tokens: "packed@1" });
  await main.setAlias("serving", "live", "2");
  await program.changeRules(main, { set: { pattern: "safe", protect: true } });
  const keepWhere = "metadata.score >= 0.5";
  await program.changeRules(main, { set: { pattern: "scratch:*", keepLast: 1, keepWhere } });
  const mirror = await open("mirror");
  await program.mirrorRegistry(main, mirror, { names: ["serving", "noted"] });
  const mutable = await open("mutable", { mutable: true });
  for (const value of ["one", "two"]) {
    await mutable.save("over", value, { version: "1", onConflict: "overwrite" });
  }
  const single = await open("single", { versioned: false, mutable: true });
  await single.save("only", "old", { onConflict: "overwrite" });
  await single.save("only", lines(4, 2_000), { onConflict: "overwrite" });
  for (const registry of [main, mirror, mutable, single]) await registry[Symbol.asyncDispose]();
}

async function writeValues(registry: Registry): Promise<void> {
  const save = registry.save.bind(registry);
  await save("plain", VALUES["plain@1"], { metadata: { score: 0.5, "a.b": { c: "ä" } } });
  await save("plain", VALUES["plain@2"], { idempotencyKey: "run 7" });
  await save("plain", "deleted");
  await save("plain", VALUES["plain@4.0.0-rc.1"], { version: "4.0.0-rc.1" });
  await save("plain", VALUES["plain@5.1.0"], { version: "5.1.0+build.7" });
  await registry.delete("plain@3");
  for (const version of ["1", "2"]) await registry.setAlias("plain", "production", version);
  await registry.setAlias("plain", "été_🦊", "1");
  await registry.deleteAlias("plain", "été_🦊");
  await save("large", VALUES["large@1"]);
  await save("large", VALUES["large@2"]); // shares bytes
  await save("packed", SMALL_FILES);
  await save("packed", VALUES["packed@2"]); // shares files of a pack
  await save("many", MANY_FILES);
  await save("gzip", VALUES["gzip@1"], { compress: "gzip" });
  await save("zstd", VALUES["zstd@1"], { compress: "zstd" });
  const { digest } = await registry.info("large@1");
  await save("parent", VALUES["parent@1"], { inputs: ["plain@2", { ref: "large@1", digest }] });
  await save("parent", "of words", { inputs: ["plain@production", "plain"] });
  await save("noted", VALUES["noted@1"], { idempotencyKey: "note" });
  for (const version of ["1", "2"]) await save("safe", VALUES[`safe@${version}`]);
  for (const [i, score] of [0.9, 0.2, 0.1].entries()) {
    await save("scratch:run", i + 1, { metadata: { score } });
  }
}

/** Some programs took a date for a version, of which it is the year and a prerelease. */
async function writeDated(registry: Registry): Promise<void> {
  try {
    await registry.save("dated", "of a day", { version: "2026-11-25" });
  } catch {
    return; // others refuse it
  }
  await registry.save("report", "of that day", { inputs: ["dated@2026-11-25"] });
}

/** Earlier programs name `addFile` of a draft `add`. */
async function addFile(draft: Draft, path: string, content: Uint8Array): Promise<void> {
  await draft.addPart(path, [{ path, content }]);
}

async function writeDrafts(registry: Registry): Promise<void> {
  const open = await registry.openDraft("drafted", { id: "open" });
  await addFile(open, "a.txt", Buffer.from("inline"));
  await addFile(open, "b.txt", lines(5, 2_000));
  const ended = await registry.openDraft("drafted", { id: "ended" });
  await addFile(ended, "a.txt", Buffer.from("committed"));
  await ended.commit();
  const gone = await registry.openDraft("drafted", { id: "gone" });
  await addFile(gone, "a.txt", Buffer.from("discarded"));
  await gone.discard();
}

/** A run whose program was killed, with a second writer, one that failed, and a finished one. */
async function writeRuns(openRun: typeof runs.openRun, registry: Registry): Promise<void> {
  const killed = await openRun(registry, "logged", { id: "killed", params: { rate: 0.1 } });
  killed.log({ step: 1, loss: 0.5 });
  await killed.flush();
  const params = { rate: 0.2 }; // earlier programs ignore other values, today's refuses them
  const again = await openRun(registry, "logged", { id: "killed", params })
    .catch(() => openRun(registry, "logged", { id: "killed" }));
  again.log({ loss: 0.25 });
  await again.flush();
  const failed = await openRun(registry, "logged", { id: "failed" });
  failed.log({ loss: NaN });
  await failed.fail("the loss is NaN");
  const done = await openRun(registry, "logged", { id: "done", params: { rate: 0.3 } });
  done.log({ loss: 0.1 });
  await done.finish({ weights: [1, 2] }, { alias: "live" });
}
