import { assertEquals } from "@std/assert";
import { mkdir } from "node:fs/promises";
import { join } from "@std/path";
import { denoSucceeds, LOADS_LATE, REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import {
  FIRST_HOUR_ON,
  firstHour,
  freePort,
  runTranscript,
  withoutWhatVaries,
  writeFirstHour,
} from "./transcript.ts";

async function testPage(): Promise<void> {
  await using root = await tempRoot();
  const home = root.join("home");
  await mkdir(home);
  const [text] = await firstHour();
  const command = [
    "run",
    "--quiet",
    "-A",
    LOADS_LATE,
    `--config=${join(REPOSITORY, "deno.json")}`,
    join(REPOSITORY, "apps/cli.ts"),
  ];
  const before = `holdfast() { ${
    [Deno.execPath(), ...command].map((word) => `'${word}'`).join(" ")
  } "$@"; }`;
  const printed = await runTranscript(text, {
    home,
    env: { DENO_DIR: await denoFolder() },
    before,
    port: freePort(),
  });
  await writeFirstHour({ onDeno: printed });
  assertEquals(withoutWhatVaries(printed), withoutWhatVaries(text));
}

if (FIRST_HOUR_ON.includes("Deno")) {
  Deno.test("the page about the first hour shows what its commands print on Deno", testPage);
}

/** Returns the folder of earlier downloads: the home is empty. */
async function denoFolder(): Promise<string> {
  return JSON.parse((await denoSucceeds(["info", "--json"])).stdout).denoDir;
}
