// Long commands that end early: they show what they did or found until then.
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { parseVersion } from "../../../../core/naming/versions.ts";
import { recordKey, versionCell } from "../../../../registry/format/layout.ts";
import { keyFile } from "../../../backends/local/key_file.ts";
import { withPatchedFs } from "../../../backends/patched_fs.ts";
import { type CliRun, type CliTest, cliTest, filledTest, noise } from "../../captured_io.ts";
import { damageRecords } from "../../damage_records.ts";
import { walkFiles } from "../../walk_files.ts";

/** The file of a record: `generation` 2 is the deletion of a version that was saved once. */
function recordFile(ref: string, generation: number): string {
  const [name, version] = ref.split("@");
  const cell = versionCell(name, parseVersion(version), true);
  return keyFile(".holdfast", recordKey(cell, generation));
}

/** Runs a command, and stops it when it first looks at a path that begins so. */
async function stoppedAt(place: string, line: string, it: CliTest): Promise<CliRun> {
  const stopping = new AbortController();
  const look = (path: unknown) => {
    if (String(path).startsWith(it.root.join(place))) stopping.abort();
  };
  const run = await withPatchedFs((real) => ({
    existsSync: (path: string) => (look(path), real.existsSync(path)),
    openSync: (path: string, flags: string, mode?: number) => (
      look(path), real.openSync(path, flags, mode)
    ),
    readdirSync: (path: string, options: object) => (look(path), real.readdirSync(path, options)),
  }), () => it.holdfast(line, { signal: stopping.signal }));
  assert(stopping.signal.aborted, `"${line}" never looked at ${place}`);
  assertNotEquals(run.code, 0);
  return run;
}

cliTest("a prune that is stopped lists what it deleted", async (it) => {
  const count = 18; // the newest version is deleted last and alone
  await it.succeeds("init");
  for (let i = 1; i <= count; i++) {
    await it.succeeds("save many - --as json", { stdin: String(i) });
  }
  const deletion = recordFile(`many@${count}`, 2);
  const { out, err } = await stoppedAt(deletion, "prune --keep-last 0 --yes", it);
  const gone = Array.from({ length: count - 1 }, (_, i) => `many@${i + 1}.0.0`);
  assertEquals(out.trimEnd().split("\n").sort(), gone.sort());
  assertStringIncludes(err, `Deleted ${count - 1} versions\n`);
});

filledTest("a verify that is stopped lists the problems that it found", async (it) => {
  await damageRecords(it.root.join(".holdfast"), "note");
  const { out, err } = await stoppedAt(".holdfast/lineage", "verify", it);
  assertMatch(out, /^REF +CODE +PROBLEM\nnote@1\.0\.0 +Corrupt +/);
  assertStringIncludes(err, "Found 1 problem\n");
  const json = await stoppedAt(".holdfast/lineage", "verify --json", it);
  assertEquals(JSON.parse(json.out).ref, "note@1.0.0");
});

filledTest("a gc that is stopped tells what it freed", async (it) => {
  await it.succeeds("save big -", { stdin: noise(200_000) });
  await it.succeeds("rm big@1 --yes");
  await Deno.mkdir(it.root.join(".holdfast/uploads")); // it comes after all names
  const { out, err } = await stoppedAt(".holdfast/uploads", "gc --now --yes", it);
  assertEquals(out, "");
  assertMatch(err, /^Freed \d+ KiB in \d+ objects\n/);
  await it.tells("du", "no garbage");
});

filledTest("a mirror that is stopped lists what failed", async (it) => {
  await it.succeeds("save big -", { stdin: noise(200_000) });
  await it.succeeds("save zoo - --as json", { stdin: "1" });
  for await (const payload of walkFiles(it.root.join(".holdfast/objects/big"))) {
    await Deno.remove(payload);
  }
  const line = "mirror .holdfast copy --create --concurrency 1";
  const { out } = await stoppedAt(recordFile("zoo@1", 1), line, it);
  assertMatch(out, /^REF +CODE +PROBLEM\nbig@1\.0\.0 +Corrupt +/);
});
