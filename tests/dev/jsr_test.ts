import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { readExports } from "../support/exports.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import { readmeSamples } from "./npm/readme_samples.ts";
import { startJsr } from "./jsr/jsr_server.ts";

const PROGRAM = `
import { openRegistry } from "jsr:@holdfast/holdfast";
import { createBatch } from "jsr:@holdfast/holdfast/workers";

await using registry = await openRegistry("memory:");
await using batch = createBatch(registry, { workers: 2 });
const { succeeded } = await batch.saveMany([{ name: "a", value: 1 }, { name: "b", value: 2 }]);
console.log(succeeded.length, await registry.load("b"));
`;

Deno.test("a program that imports from JSR runs from an empty home, and is compiled with what it names", async () => {
  await using root = await tempRoot();
  await using jsr = await startJsr();
  await writeFile(root.join("main.ts"), PROGRAM);
  const home = { HOME: root.path, DENO_DIR: root.join("deno") };
  const deno = async (...args: string[]) => {
    const command = new Deno.Command(Deno.execPath(), {
      args,
      cwd: root.path,
      env: { ...home, JSR_URL: jsr.url, NO_COLOR: "1", DENORT_BIN: Deno.execPath() },
    });
    const { code, stdout, stderr } = await command.output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  assertEquals(await deno("run", "main.ts"), "2 2\n");

  const page = await readFile(join(REPOSITORY, "docs/install.md"), "utf8");
  const [line] = /^deno compile (?:.*\\\n)*.*$/m.exec(page)!;
  const words = line.split(/[\s\\]+/).slice(1);
  const exported = await readExports();
  const doors = words.filter((word) => word.startsWith("jsr:")).map((word) =>
    word.replace("jsr:@holdfast/holdfast", ".")
  );
  assert(doors.length > 0);
  const { version } = JSON.parse(await readFile(join(REPOSITORY, "deno.json"), "utf8"));
  const embedded = async () => {
    const binary = await readFile(root.join("program"));
    const urlOf = (door: string) =>
      `${jsr.url}@holdfast/holdfast/${version}${exported[door].slice(1)}`;
    return doors.filter((door) => binary.includes(urlOf(door)));
  };
  await deno(...words);
  assertEquals(await embedded(), doors);
  await deno("compile", "-A", "--output", "program", "main.ts");
  assertEquals(await embedded(), []);
});

Deno.test("the samples of README run unchanged in a fresh folder, with exactly the permissions that they list", async () => {
  await using jsr = await startJsr();
  await using home = await tempRoot();
  for (const { text, permissions } of await readmeSamples()) {
    await using root = await tempRoot();
    const run = async (granted: readonly string[]) => {
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", ...granted, "main.ts"],
        cwd: root.path,
        env: { HOME: home.path, DENO_DIR: home.join("deno"), JSR_URL: jsr.url, NO_COLOR: "1" },
      });
      const { code, stderr } = await command.output();
      return { code, told: new TextDecoder().decode(stderr) };
    };
    await mkdir(root.join("examples"));
    await writeFile(root.join("examples/a.txt"), "a file");
    await writeFile(root.join("main.ts"), text);
    await writeFile(
      root.join("deno.json"),
      '{ "imports": { "@holdfast/holdfast": "jsr:@holdfast/holdfast@^0.1" } }',
    );
    for (const left of permissions) {
      const { code } = await run(permissions.filter((flag) => flag !== left));
      assert(code !== 0, `${left} is not needed for ${text}`);
    }
    const { code, told } = await run(permissions);
    assertEquals([code, told], [0, ""], text);
  }
});

Deno.test("the page about installing names existing entry points, and one for each part that is loaded by name", async () => {
  const page = await readFile(join(REPOSITORY, "docs/install.md"), "utf8");
  const exported = await readExports();
  const named = [...page.matchAll(/`(\/[a-z0-9/-]+)`/g)].map(([, path]) => path);
  assertEquals(named.filter((path) => exported[`.${path}`] === undefined), []);
  for (
    const path of ["/workers/programs", "/backends/s3", "/backends/gcs"]
  ) {
    assertStringIncludes(page, path);
  }
});
