import { assertEquals } from "@std/assert";
import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathsBelow } from "../../../disk/paths_below.ts";
import { lockFolder, takeLock } from "../../../disk/stage/lock.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { writeFiles } from "../../../disk/write_files.ts";
import { REPOSITORY, runDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { rejected } from "../../registry/rejected.ts";
import { artifactOf } from "../folder_case.ts";

const IGNORE = process.platform === "win32";
const HOUR_MS = 60 * 60 * 1000;
const SAMPLE = { "a": "1", "b": "2" };

/** Writes the sample; ends by itself, cut off, when a file is written that is called as its second argument. */
const PROGRAM = `
import { writeFiles } from "${REPOSITORY}/disk/write_files.ts";
import { artifactOf } from "${REPOSITORY}/tests/disk/folder_case.ts";
let there = 0;
await writeFiles(artifactOf(${JSON.stringify(SAMPLE)}), Deno.args[0], {
  onFile: ({ path }) => path === Deno.args[1] && Deno.exit(9),
  onThere: (_, bytes) => void (there += bytes),
});
console.log(there);
`;

/** Makes all in a folder as old as that. */
function age(folder: string, ms: number): void {
  const at = new Date(realSystem.now() - ms);
  for (const path of pathsBelow(folder)) utimesSync(join(folder, path), at, at);
}

Deno.test({
  name: "who may only read and write takes over what a process has left that is gone",
  ignore: IGNORE,
  async fn() {
    const root = await tempRoot();
    try {
      const program = root.join("program.ts");
      await Deno.writeTextFile(program, PROGRAM);
      await Deno.mkdir(root.join("files"));
      const to = root.join("files/out");
      const permissions = [
        "--no-check",
        `--allow-read=${REPOSITORY},${root.path}`,
        `--allow-write=${root.path}`,
      ];
      const killed = await runDeno(program, [to, "b"], { permissions });
      assertEquals([killed.code, killed.stderr], [9, ""]);
      assertEquals(readdirSync(root.join("files")).length, 1);
      age(root.join("files"), 2 * HOUR_MS); // what is on no device waits an hour
      const { code, stdout, stderr } = await runDeno(program, [to], { permissions });
      assertEquals([code, stdout, stderr], [0, "2\n", ""]);
      assertEquals(readdirSync(root.join("files")), ["out"]);
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name: "where nothing may be written, nobody is asked for what others have left there",
  ignore: IGNORE,
  async fn() {
    const root = await tempRoot();
    try {
      const program = root.join("program.ts");
      const watching =
        "const { openSync } = Deno; Deno.openSync = (...args) => (console.log(args[0]), openSync(...args));";
      await Deno.writeTextFile(
        program,
        `${PROGRAM}\n`.replace("let there", `${watching}\nlet there`),
      );
      const to = root.join("files/out");
      await Deno.mkdir(to, { recursive: true });
      const left = root.join(`files/.holdfast-${realSystem.id()}`);
      await Deno.mkdir(left, { mode: 0o700 });
      lockFolder(left)?.release();
      const permissions = [
        "--no-check",
        `--allow-read=${REPOSITORY},${root.path}`,
        `--allow-write=${to}`,
      ];
      const { code, stdout } = await runDeno(program, [to], { permissions });
      assertEquals([code, stdout.includes(left), stdout.includes(to)], [0, false, true]);
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name: "what a download writes that goes on is its own, however long it has touched nothing",
  ignore: IGNORE,
  async fn() {
    const root = await tempRoot();
    try {
      const slow = artifactOf(SAMPLE);
      const { bytes } = slow.files()[1];
      const begun = Promise.withResolvers<void>();
      const goesOn = Promise.withResolvers<void>();
      slow.files()[1].bytes = async () => {
        begun.resolve();
        await goesOn.promise;
        return await bytes();
      };
      const download = writeFiles(slow, root.join("out"), { overwrite: true });
      await begun.promise;
      age(root.path, 48 * HOUR_MS);
      await writeFiles(artifactOf(SAMPLE), root.join("out"));
      assertEquals(readdirSync(root.path).length, 2);
      goesOn.resolve();
      await download;
      assertEquals(readdirSync(root.path), ["out"]);
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name: "a lock is held until it is given back, and one that nobody made tells nothing",
  ignore: IGNORE,
  async fn() {
    const root = await tempRoot();
    try {
      assertEquals(takeLock(root.path), undefined);
      const lock = lockFolder(root.path);
      assertEquals(takeLock(root.path), "held");
      lock?.release();
      const taken = takeLock(root.path);
      assertEquals(typeof taken, "object");
      const again = lockFolder(root.path); // in the place of the one that was left
      if (typeof taken === "object") taken.release();
      assertEquals([takeLock(root.path), readdirSync(root.path)], ["held", ["lock"]]);
      again?.release();
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name: "what is taken over stays locked for who has opened its lock before",
  ignore: IGNORE,
  async fn() {
    const root = await tempRoot();
    try {
      const broken = artifactOf(SAMPLE);
      const fields = {
        code: "Unavailable",
        message: `Cannot read "b": the store is away`,
        hint: "Try again.",
      } as const;
      broken.files()[1].bytes = () => Promise.reject(new RegistryError(fields));
      await rejected("Unavailable", writeFiles(broken, root.join("out")));
      const [left] = readdirSync(root.path);
      const opened = await Deno.open(root.join(left, "lock"), { write: true });
      const slow = artifactOf(SAMPLE);
      const { bytes } = slow.files()[1];
      const isTaken: boolean[] = [];
      slow.files()[1].bytes = async () => {
        isTaken.push(opened.tryLockSync(true));
        return await bytes();
      };
      await writeFiles(slow, root.join("out")).finally(() => opened.close());
      assertEquals([isTaken, readdirSync(root.path)], [[false], ["out"]]);
    } finally {
      await root.remove();
    }
  },
});
