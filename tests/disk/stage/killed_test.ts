import { assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { writeFiles } from "../../../disk/write_files.ts";
import { REPOSITORY, runDeno } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { artifactOf } from "../folder_case.ts";

const SAMPLE = { "a": "1", "b": "2", "c": "3" };

/** Writes the sample, and kills itself at the second file. */
const PROGRAM = `
import { writeFiles } from "${REPOSITORY}/disk/write_files.ts";
import { artifactOf } from "${REPOSITORY}/tests/disk/folder_case.ts";
const onFile = ({ path }) => path === "b" && process.kill(process.pid, "SIGKILL");
import process from "node:process";
await writeFiles(artifactOf(${JSON.stringify(SAMPLE)}), process.argv[2], { onFile });
`;

testInRoot("the next process takes over from a killed one", async (root) => {
  const program = root.join("program.ts");
  await Deno.writeTextFile(program, PROGRAM);
  const to = root.join("out");
  await runDeno(program, [to], { permissions: ["-A", "--no-check"] });
  const left = readdirSync(root.path).filter((name) => name.startsWith(".holdfast-"));
  assertEquals(left.length, 1);
  let there = 0;
  await writeFiles(artifactOf(SAMPLE), to, { onThere: (_, bytes) => void (there += bytes) });
  assertEquals(there, 2);
  const written = Object.keys(SAMPLE).map((name) => readFileSync(`${to}/${name}`, "utf8"));
  assertEquals(written, ["1", "2", "3"]);
  assertEquals(readdirSync(root.path).sort(), ["out", "program.ts"]);
});
