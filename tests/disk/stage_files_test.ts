import { assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers";
import type { Artifact, ArtifactFile } from "../../core/artifact.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { testInRoot } from "../support/temp_root.ts";
import { IS_QUICK } from "../support/seeds.ts";

const MIB = 1024 * 1024;

/** Streams that count the open ones, and their bytes. */
function countedStreams() {
  const seen = { open: 0, most: 0, bytes: 0, mostBytes: 0, cancelled: 0 };
  const file = (
    path: string,
    size: number,
    last: (sent: number) => Promise<boolean> | boolean,
  ): ArtifactFile => ({
    info: { path, size, sha256: "" },
    text: () => Promise.reject(new Error("large files are streamed")),
    json: () => Promise.reject(new Error("large files are streamed")),
    bytes: () => Promise.reject(new Error("large files are streamed")),
    stream() {
      let sent = 0;
      const close = () => {
        seen.open--;
        seen.bytes -= size;
      };
      seen.most = Math.max(seen.most, ++seen.open);
      seen.mostBytes = Math.max(seen.mostBytes, seen.bytes += size);
      return new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setImmediate(resolve));
          try {
            if (await last(sent)) {
              close();
              return controller.close();
            }
          } catch (error) {
            close();
            throw error;
          }
          controller.enqueue(new Uint8Array(MIB).fill(path.charCodeAt(0)));
          sent += MIB;
        },
        cancel() {
          seen.cancelled++;
          close();
        },
      }, { highWaterMark: 0 });
    },
  });
  return { seen, file };
}

/** Waits for a condition. */
async function until(holds: () => boolean): Promise<boolean> {
  for (let turns = 0; !holds() && turns < 100_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return true;
}

function artifactOf(files: ArtifactFile[]): Artifact {
  const info = {
    materializer: { id: "folder", formatVersion: 1 },
    files: files.map(({ info }) => info),
  };
  return { info: info as Artifact["info"], files: () => files, file: () => files[0] };
}

testInRoot("large files are written concurrently, in bounded memory", async (root) => {
  const { seen, file } = countedStreams();
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const written: string[] = [];
  const files = letters.map((path) =>
    file(path, 2 * MIB, (sent) => sent === 2 * MIB && until(() => seen.most >= 12))
  );
  const onFile = ({ path }: { path: string }) => void written.push(path);
  await writeFiles(artifactOf(files), root.join("out"), { onFile });
  assertEquals(seen.most, 12);
  assertEquals(written.sort(), letters);
  for (const path of letters) {
    assertEquals(readFileSync(root.join("out", path), "utf8"), path.repeat(2 * MIB));
  }
  const large = letters.slice(0, 8).map((path) =>
    file(path, 25 * MIB, (sent) => sent === MIB && until(() => seen.most > 1))
  );
  seen.most = 0;
  await writeFiles(artifactOf(large), root.join("large"));
  assertGreater(seen.most, 1);
  assertLessOrEqual(seen.mostBytes, 3 * 25 * MIB); // each counts with its read-ahead
}, { ignore: IS_QUICK });

testInRoot("the first failure cancels the other files, and leaves nothing", async (root) => {
  const { seen, file } = countedStreams();
  const endless = () => false;
  const fails = (sent: number) => {
    if (sent === 2 * MIB) throw new Error("it broke off");
    return false;
  };
  const files = [..."abcdef"].map((path) => file(path, 4 * MIB, path === "c" ? fails : endless));
  const writing = () => writeFiles(artifactOf(files), root.join("out"));
  await assertRejects(writing, Error, "it broke off");
  assertEquals([seen.open, seen.cancelled], [0, 5]);
  assertEquals(readdirSync(root.path), []);
});

testInRoot("an abort ends all files, also stuck ones", async (root) => {
  const { seen, file } = countedStreams();
  const stop = new AbortController();
  const never = (sent: number) => {
    if (sent === MIB) stop.abort(new Error("enough"));
    return sent === MIB ? new Promise<boolean>(() => {}) : false;
  };
  const files = [..."abcdef"].map((path) => file(path, 4 * MIB, never));
  const writing = writeFiles(artifactOf(files), root.join("out"), { signal: stop.signal });
  await assertRejects(() => writing, Error, "enough");
  assertEquals(seen.open, 0);
  assertEquals(readdirSync(root.path).includes("out"), false);
});
