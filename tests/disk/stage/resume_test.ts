import { assert, assertEquals, assertRejects } from "@std/assert";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { FilePiece } from "../../../core/artifact.ts";
import { RegistryError, unavailable } from "../../../core/errors.ts";
import { noProcess } from "../../../disk/stage/process.ts";
import { writeFiles } from "../../../disk/write_files.ts";
import { artifactOf, inFolder, tree } from "../folder_case.ts";
import { IS_QUICK } from "../../support/seeds.ts";

const MIB = 1024 * 1024;
const large = Uint8Array.from({ length: 3 * MIB + 5 }, (_, i) => i % 251);
const SAMPLE = {
  "a": "1",
  "sub/b": "2",
  "none -> folder": "",
  "link -> link": "sub/b",
  "large -> executable": large,
};

/** Lists the temporary folders of downloads. */
const stagesIn = (folder: string) =>
  fs.readdirSync(folder).filter((name) => name.startsWith(".holdfast-")).sort();

/** Creates the folder of a target, or the target itself, and returns the folder of its stage. */
function folderFor(to: string, isThere: boolean): string {
  const below = isThere ? to : join(to, "..");
  fs.mkdirSync(below, { recursive: true });
  return below;
}

/** Leaves what a download leaves that is aborted after a file. */
async function abortedAfter(last: string, to: string): Promise<void> {
  const stop = new AbortController();
  const reason = new Error("aborted");
  const onFile = ({ path }: { path: string }) => path === last && stop.abort(reason);
  const writing = writeFiles(artifactOf(SAMPLE), to, { signal: stop.signal, onFile });
  await assertRejects(() => writing, Error, reason.message);
}

/** The sample, with a count of the bytes read of it. */
function counted(): { artifact: ReturnType<typeof artifactOf>; bytes(): number } {
  const artifact = artifactOf(SAMPLE);
  let bytes = 0;
  for (const file of artifact.files()) {
    const { bytes: whole, stream } = file;
    file.bytes = () => {
      bytes += file.info.size;
      return whole();
    };
    file.stream = (range) => {
      bytes += file.info.size - (range?.offset ?? 0);
      return stream(range);
    };
  }
  return { artifact, bytes: () => bytes };
}

inFolder("leftovers go with the next download, even if it writes nothing", async (root) => {
  for (const isThere of [false, true]) {
    const to = join(root, String(isThere), "out");
    const below = folderFor(to, isThere);
    await abortedAfter("a", to);
    const [left] = stagesIn(below);
    const aside = join(root, "aside");
    fs.renameSync(join(below, left), aside);
    await writeFiles(artifactOf(SAMPLE), to); // by another program, which did not see it
    fs.renameSync(aside, join(below, left));
    assertEquals((await writeFiles(artifactOf(SAMPLE), to, { dryRun: true })).written, 0);
    assertEquals(stagesIn(below), [left], "a dry run changes nothing");
    assertEquals((await writeFiles(artifactOf(SAMPLE), to)).written, 0);
    assertEquals(stagesIn(below), []);
  }
});

inFolder("a download resumes after an abort at any of its files", async (root) => {
  for (const [i, key] of Object.keys(SAMPLE).entries()) {
    for (const isThere of [false, true]) {
      const to = join(root, `${i}-${isThere}`, "out");
      const below = folderFor(to, isThere);
      const last = key.split(" ")[0];
      await abortedAfter(last, to);
      assertEquals(stagesIn(below).length, 1, `${last}: ${fs.readdirSync(below)}`);
      const { artifact, bytes } = counted();
      let there = 0;
      await writeFiles(artifact, to, { onThere: (_, bytes) => void (there += bytes) });
      const written = artifact.info.size - there;
      assert(["none", "a"].includes(last) || there > 0, `nothing was there after ${last}`);
      // The bytes of a link are always read.
      assert(bytes() <= written + 5, `${bytes()} bytes were read, ${written} were missing`);
      const start = new TextDecoder().decode(large.subarray(0, 13));
      const expected = ["a: 1", `large: ${start}`, "link -> sub/b", "none/", "sub/", "sub/b: 2"];
      assertEquals(tree(to).map((line) => line.slice(0, 20)), expected);
      assertEquals(new Uint8Array(fs.readFileSync(join(to, "large"))), large);
      assertEquals((await writeFiles(artifactOf(SAMPLE), to)).left, 5);
      assertEquals(stagesIn(below), []);
    }
  }
}, { ignore: IS_QUICK });

inFolder("only the rest of a large file is read, unless its beginning is wrong", async (root) => {
  const to = join(root, "out");
  for (const damage of [false, true]) {
    await abortedAfter("large", to);
    const begun = join(root, stagesIn(root)[0], "files/large");
    fs.truncateSync(begun, 2 * MIB);
    fs.chmodSync(begun, 0o600); // it becomes executable at the end
    if (damage) fs.writeFileSync(begun, new Uint8Array(2 * MIB));
    const { artifact, bytes } = counted();
    await writeFiles(artifact, to);
    const rest = MIB + 5;
    assertEquals(bytes() >= rest && bytes() < rest + 20, !damage, `${bytes()} bytes`);
    assertEquals(new Uint8Array(fs.readFileSync(join(to, "large"))), large);
    fs.rmSync(to, { recursive: true });
  }
});

inFolder("of pieces that were all begun, only the rests are read", async (root) => {
  const to = join(root, "out");
  let read = 0, isCut = true;
  const pieceOf = (offset: number, length: number): FilePiece => ({
    offset,
    length,
    async passTo(write) {
      const given = isCut ? length / 2 : length;
      read += given;
      await write(large.slice(offset, offset + given));
      if (isCut) throw unavailable("read", "large", "the connection broke");
    },
    async missingIn(written) {
      let equal = 0;
      for await (const chunk of written.chunks({ offset, length })) {
        while (chunk[equal] === large[offset + equal] && equal < chunk.byteLength) equal++;
      }
      return equal < length ? pieceOf(offset + equal, length - equal) : undefined;
    },
  });
  const artifact = artifactOf({ large });
  artifact.files()[0]!.pieces = () =>
    Promise.resolve([pieceOf(0, 2 * MIB), pieceOf(2 * MIB, MIB + 5)]);
  await assertRejects(() => writeFiles(artifact, to), RegistryError, "broke");
  [read, isCut] = [0, false];
  let there = 0;
  await writeFiles(artifact, to, { onThere: (_, bytes) => void (there += bytes) });
  assertEquals(read, large.byteLength - there);
  assert(there >= MIB, `${there} bytes were there`);
  assertEquals(new Uint8Array(fs.readFileSync(join(to, "large"))), large);
});

inFolder("leftovers are not trusted, and used by other versions only if equal", async (root) => {
  const to = join(root, "out");
  await abortedAfter("large", to);
  const files = join(root, stagesIn(root)[0], "files");
  fs.mkdirSync(join(root, "outside"));
  fs.rmSync(join(files, "sub"), { recursive: true });
  fs.symlinkSync("../../outside", join(files, "sub"));
  fs.writeFileSync(join(files, "more"), "more");
  await writeFiles(artifactOf({ "sub/b": "2", "a": "3" }), to);
  assertEquals(tree(to), ["a: 3", "sub/", "sub/b: 2"]);
  assertEquals(tree(join(root, "outside")), []);
});

inFolder("folders of other processes stay until they are abandoned", async (root) => {
  const id = "01951e2f-6c00-7abc-8def-0123456789ab";
  const [, machine] = noProcess().split(".");
  const names = [
    `.holdfast-${id}`,
    `.holdfast-00000000-7.ffffffff-${id}`,
    `.holdfast-00000000-${process.pid}.${machine}-${id}`,
  ];
  for (const name of names) fs.mkdirSync(join(root, name), { mode: 0o700 });
  await writeFiles(artifactOf({ a: "1" }), join(root, "out"));
  assertEquals(stagesIn(root), names.sort());
  for (const name of names) fs.utimesSync(join(root, name), 1, 1);
  await writeFiles(artifactOf({ b: "1" }), join(root, "out"));
  const running = names.filter((name) => name.includes(`-${process.pid}.`));
  assertEquals(stagesIn(root), running, "a process that runs keeps its folder");
  fs.rmdirSync(join(root, running[0]));
});

inFolder("leftovers for another target, or open to others, are not touched", async (root) => {
  const [one, other] = [join(root, "one"), join(root, "other")];
  await abortedAfter("large", one);
  const [left] = stagesIn(root);
  await writeFiles(artifactOf({ a: "2" }), other);
  assertEquals(stagesIn(root), [left]);

  fs.chmodSync(join(root, left), 0o777);
  await writeFiles(artifactOf(SAMPLE), one);
  assertEquals(stagesIn(root), process.platform === "win32" ? [] : [left]);
  fs.rmSync(join(root, left), { recursive: true, force: true });
});

inFolder("folders of processes on other machines stay", async (root) => {
  const to = join(root, "out");
  await abortedAfter("large", to);
  const [left] = stagesIn(root);
  const foreign = left.replace(/-0\.[0-9a-f]{8}-/, "-999999999.ffffffff-");
  fs.renameSync(join(root, left), join(root, foreign));
  await writeFiles(artifactOf(SAMPLE), to);
  assertEquals(stagesIn(root), [foreign]);
  fs.rmSync(join(root, foreign), { recursive: true });
});

inFolder("a store without an answer leaves nothing if there is nothing to resume", async (root) => {
  const broken = artifactOf({ a: "1" });
  const error = new RegistryError({ code: "Unavailable", message: "Cannot read it: no answer" });
  broken.files()[0].bytes = () => Promise.reject(error);
  await assertRejects(() => writeFiles(broken, join(root, "out")), RegistryError);
  assertEquals(stagesIn(root), []);
});

inFolder("a download resumes after Unavailable, and not after other errors", async (root) => {
  const to = join(root, "out");
  for (const code of ["Unavailable", "Corrupt"] as const) {
    const broken = artifactOf(SAMPLE);
    const file = broken.files().find(({ info }) => info.path === "large")!;
    file.stream = () => {
      throw new RegistryError({ code, message: "Cannot read it: no answer" });
    };
    await assertRejects(() => writeFiles(broken, to), RegistryError);
    assertEquals(stagesIn(root).length, code === "Unavailable" ? 1 : 0);
    const { artifact, bytes } = counted();
    await writeFiles(artifact, to);
    assertEquals(bytes() < artifact.info.size, code === "Unavailable");
    fs.rmSync(to, { recursive: true });
  }
});

inFolder("leftovers of another user are neither used nor removed", async (root) => {
  const to = join(root, "out");
  const victim = join(root, "victim");
  fs.mkdirSync(victim);
  fs.writeFileSync(join(victim, "precious"), "1");
  await abortedAfter("sub/b", to);
  const left = join(root, stagesIn(root)[0]);
  fs.rmSync(join(left, "files"), { recursive: true });
  fs.symlinkSync(victim, join(left, "files"));
  fs.chownSync(left, 12_345, 12_345);
  await writeFiles(artifactOf(SAMPLE), to);
  assertEquals(tree(victim), ["precious: 1"]);
  assertEquals(tree(left), [`files -> ${victim}`]);
  assertEquals(fs.readFileSync(join(to, "a"), "utf8"), "1");
  fs.rmSync(left, { recursive: true });
}, { ignore: process.getuid?.() !== 0 }); // only root can change the owner
