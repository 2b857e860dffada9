// Links in outputs: readers of an output get what its step linked, or the step fails.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { localPath } from "../../../../mod.ts";
import type { OperatorContext } from "../../../../operators/mod.ts";
import { runPipeline, shareRun } from "../../../../operators/runner/mod.ts";
import type { ObjectTransfer, Pipeline, RunResult } from "../../../../operators/runner/mod.ts";
import type { PipelineStep } from "../../../../operators/contract/pipeline.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { type CarriedWorld, carriedWorld } from "../carry/carried_world.ts";
import { pipeline, step } from "../pipelines.ts";
import { testInWorld, type World } from "../world.ts";

/** A step that runs a script of the shell, as a function and as a command. */
function addScripts({ operators }: World): void {
  const command = ({ params, shard }: OperatorContext) => {
    const { script } = params as { script: string };
    const out = shard === undefined ? "$OUTPUT_ROOT" : `$OUTPUT_ROOT/${shard.index}`;
    return ["sh", "-e", "-c", `out="${out}"; mkdir -p "$out"; ${script}`];
  };
  operators.register("script", {
    async run(context) {
      const [program, ...args] = command(context);
      const { inputRoot, outputRoot, workspaceRoot } = context;
      const env = {
        INPUT_ROOT: inputRoot,
        OUTPUT_ROOT: outputRoot,
        WORKSPACE_ROOT: workspaceRoot,
      };
      const { success } = await new Deno.Command(program!, { args, env }).output();
      return success ? 0 : 3;
    },
    command,
  });
}

const scripted = (script: string, members: Partial<PipelineStep> = {}) =>
  step("write", {
    operator: "script",
    params: { script },
    outputs: { ".": "registry:data" },
    ...members,
  });

/** The files below a folder, as their readers see them, and its links. */
function contentOf(folder: string, under = ""): Record<string, string> {
  const content: Record<string, string> = {};
  for (const { name, isSymlink } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isSymlink) content[`${under}${name}`] = `-> ${Deno.readLinkSync(path)}`;
    else if (Deno.statSync(path).isFile) content[`${under}${name}`] = Deno.readTextFileSync(path);
    else Object.assign(content, contentOf(path, `${under}${name}/`));
  }
  return content;
}

interface Case {
  script: string;
  inputs?: PipelineStep["inputs"];
  content: Record<string, string>;
}

const CASES: Record<string, Case> = {
  "a file of the workspace": {
    script: 'echo 1 > "$WORKSPACE_ROOT/a"; ln -s "$WORKSPACE_ROOT/a" "$out/link"',
    content: { link: "1\n" },
  },
  "a folder of the workspace, by a relative path": {
    script: 'cd "$WORKSPACE_ROOT"; mkdir -p deep/er; echo 1 > deep/er/a; ln -s er/a deep/b; ' +
      'ln -sr "$WORKSPACE_ROOT/deep" "$out/link"',
    content: { "link/er/a": "1\n", "link/b": "-> er/a" },
  },
  "links to links": {
    script: 'cd "$WORKSPACE_ROOT"; echo 1 > a; ln -s "$PWD/a" b; mkdir d; ln -s ../b d/c; ' +
      'ln -s "$PWD/d" "$out/d"; ln -s d/c "$out/through"; ln -s d "$out/same"',
    content: { "d/c": "1\n", through: "1\n", same: "-> d" },
  },
  "an input, copied with its links": {
    script: 'cp -r "$INPUT_ROOT/." "$out"',
    inputs: { file: "./file" },
    content: { file: "file\n" },
  },
  "two inputs, copied with their links": {
    script: 'cp -r "$INPUT_ROOT/." "$out"',
    inputs: { file: "./file", folder: "./folder" },
    content: {
      "file/file": "file\n",
      "folder/inner": "inner\n",
      "folder/deep/inner": "inner\n",
      "folder/away": "file\n",
    },
  },
  "a folder that is the only input": {
    script: 'cp -r "$INPUT_ROOT/." "$out"; ln -s "$INPUT_ROOT/deep" "$out/link"',
    inputs: { folder: "./folder" },
    content: {
      inner: "inner\n",
      "deep/inner": "-> ../inner",
      away: "file\n",
      "link/inner": "inner\n",
    },
  },
  "its own output": {
    script: 'mkdir "$out/d"; echo 1 > "$out/d/a"; ln -s d/a "$out/plain"; ' +
      'ln -s "$out/d/a" "$out/absolute"; ln -s "$out/d" "$out/d/self"; ln -s nothing "$out/broken"',
    content: {
      "d/a": "1\n",
      plain: "-> d/a",
      absolute: "-> d/a",
      "d/self": "-> .",
      broken: "-> nothing",
    },
  },
};

function runHere(
  steps: Pipeline,
  { options: { carry: _, ...options } }: CarriedWorld,
  more: { s3?: ObjectTransfer } = {},
): Promise<RunResult> {
  return runPipeline(steps, { ...options, ...more });
}

type Way = (steps: Pipeline, world: CarriedWorld) => Promise<RunResult>;

const WAYS: Record<string, Way> = {
  "on this machine": (steps, world) => runHere(steps, world),
  async "on an engine"(steps, world) {
    await using _worker = await world.work(steps);
    return await runPipeline(steps, world.options);
  },
  async "in tasks of an array"(steps, { options: { carry: _, ...options } }) {
    const tasks = [0, 1].map((index) =>
      shareRun(steps, { ...options, shard: { index, count: 2 }, array: "array" })
    );
    return (await Promise.all(tasks))[0]!;
  },
};

function testWay(name: string, test: (world: CarriedWorld) => Promise<void>): void {
  testInRoot(name, async (root) => {
    await using world = await carriedWorld(root);
    addScripts(world);
    await Deno.writeTextFile(root.join("file"), "file\n");
    await Deno.mkdir(root.join("folder/deep"), { recursive: true });
    await Deno.writeTextFile(root.join("folder/inner"), "inner\n");
    await Deno.symlink("../inner", root.join("folder/deep/inner"));
    await Deno.symlink(root.join("file"), root.join("folder/away"));
    await test(world);
  });
}

for (const [way, run] of Object.entries(WAYS)) {
  for (const runAs of ["thread", "command"] as const) {
    for (const shards of [1, 2]) {
      const shared = shards === 1 ? "" : " in shards";
      testWay(`links of a ${runAs}${shared} ${way} lead to content`, async (world) => {
        const steps = Object.values(CASES).map(({ script, inputs }, index) =>
          scripted(script, {
            id: `case${index}`,
            runAs,
            shards,
            inputs: inputs ?? {},
            outputs: { ".": `registry:case${index}` },
          })
        );
        const result = await run(pipeline(steps), world);
        const reasons = Object.values(result.steps).flatMap(({ reason }) => reason ?? []);
        assertEquals([result.end, reasons], ["ok", []]);
        for (const [index, [what, { content }]] of Object.entries(CASES).entries()) {
          const to = `${world.root}/copy${index}`;
          await world.registry.download(`case${index}`, { to: `${to}/` });
          for (let shard = 0; shard < shards; shard++) {
            const under = shards === 1 ? to : `${to}/${shard}`;
            assertEquals(contentOf(under), content, what);
          }
        }
      });
    }
  }
}

const BOTH = 'cd "$WORKSPACE_ROOT"; echo 1 > a; mkdir d; echo 2 > d/b; ' +
  'ln -s "$PWD/a" "$out/a"; ln -s "$PWD/d" "$out/d"; mkdir "$out/e"; ln -s ../a "$out/e/a"';

testWay("links are followed wherever an output is kept", async (world) => {
  const uploaded: Record<string, string> = {};
  const s3 = {
    async upload({ path }: { path: string }, url: string) {
      uploaded[url] = await Deno.readTextFile(path);
    },
    async *list(url: string) {
      for (const key of Object.keys(uploaded).sort()) {
        if (!key.startsWith(url)) continue;
        yield await Promise.resolve({ url: key, size: 1, modifiedAt: 0, etag: "" });
      }
    },
    info: () => Promise.resolve({ size: 1, modifiedAt: 0 }),
  } as unknown as ObjectTransfer;
  const runAs = "command";
  const steps = [
    scripted(BOTH, { id: "none", runAs, outputs: {} }),
    scripted(BOTH, { id: "whole", runAs, outputs: { ".": "./whole" } }),
    scripted(BOTH, { id: "paths", runAs, outputs: { a: "./a", d: "./d", "e/a": "./e" } }),
    scripted(BOTH, {
      id: "names",
      runAs,
      outputs: { a: "registry:a", d: "registry:d", e: "registry:e" },
    }),
    scripted(BOTH, {
      id: "objects",
      runAs,
      outputs: { a: "s3://b/a", d: "s3://b/d/", "e/a": "s3://b/e" },
    }),
    step("read", { operator: "clean", inputs: { none: "step:none", names: "step:names" } }),
  ];
  const result = await runHere(pipeline(steps), world, { s3 });
  const reasons = Object.values(result.steps).flatMap(({ reason }) => reason ?? []);
  assertEquals([result.end, reasons], ["ok", []]);

  const { root, registry } = world;
  const texts = (...paths: string[]) =>
    paths.map((path) => Deno.readTextFileSync(`${root}/${path}`));
  assertEquals(texts("whole/a", "whole/d/b", "whole/e/a"), ["1\n", "2\n", "1\n"]);
  assertEquals(texts("a", "d/b", "e"), ["1\n", "2\n", "1\n"]);
  assertEquals(Deno.lstatSync(`${root}/e`).isSymlink, false);
  assertEquals(uploaded, { "s3://b/a": "1\n", "s3://b/d/b": "2\n", "s3://b/e": "1\n" });
  const stored: Record<string, Record<string, string>> = {
    "nightly:output:none": { a: "1\n", "d/b": "2\n", "e/a": "-> ../a" },
    a: { a: "1\n" },
    d: { b: "2\n" },
    e: { a: "1\n" },
  };
  for (const [ref, content] of Object.entries(stored)) {
    await registry.download(ref, { to: `${root}/got/${ref}/` });
    assertEquals(contentOf(`${root}/got/${ref}`), content, ref);
  }
});

testWay("a step whose links lead elsewhere fails, and nothing is published", async (world) => {
  const secret = `${world.root}/secret`;
  await Deno.writeTextFile(secret, "secret");
  const refused: Record<string, [script: string, ...names: string[]]> = {
    "a file of the machine": [
      `ln -s ${secret} "$out/link"; mkdir "$out/d"; ln -s /etc "$out/d/etc"`,
      `"link" leads to "${secret}", which is not a file of the step`,
      '"d/etc" leads to "/etc"',
    ],
    "a file of the machine, through the workspace": [
      `mkdir "$WORKSPACE_ROOT/d"; ln -s ${secret} "$WORKSPACE_ROOT/d/s"; ` +
      'ln -s "$WORKSPACE_ROOT/d" "$out/d"',
      `"d/s" leads to "${secret}", which is not a file of the step`,
    ],
    "a file beside an input": ['ln -s "$INPUT_ROOT/../secret" "$out/link"', '"link" leads to'],
    "a removed file": ['ln -s "$WORKSPACE_ROOT/none" "$out/link"', "which does not exist"],
    "itself, elsewhere": [
      'ln -s "$WORKSPACE_ROOT/l" "$WORKSPACE_ROOT/l"; ln -s "$WORKSPACE_ROOT/l" "$out/link"',
      "which does not exist",
    ],
    "a folder that contains it": [
      'ln -s "$OUTPUT_ROOT/.." "$out/up"',
      '"up" leads to',
      "which contains the link",
    ],
    "a folder that leads back": [
      'cd "$WORKSPACE_ROOT"; mkdir a b; ln -s "$PWD/b" a/b; ln -s "$PWD/a" b/a; ln -s "$PWD/a" "$out/a"',
      '"a/b/a" leads to',
      "which contains the link",
    ],
    "a pipe": [
      'mkfifo "$WORKSPACE_ROOT/p"; ln -s "$WORKSPACE_ROOT/p" "$out/pipe"',
      "which is a pipe, a socket or a device",
    ],
  };
  for (const [what, [script, ...parts]] of Object.entries(refused)) {
    for (const shards of [1, 2]) {
      const one = scripted(script, { runAs: "command", shards, inputs: { folder: "./folder" } });
      const { steps } = await runHere(pipeline([one]), world);
      const { end, exitCode, reason = "" } = steps.write!;
      assertEquals([end, exitCode], ["failed", 3], `${what}: ${reason}`);
      assertStringIncludes(reason, 'Cannot save the output of step "write": ');
      for (const part of parts) {
        assertStringIncludes(reason.replaceAll(/"[01]\//g, '"'), part, what);
      }
      assertEquals(await world.registry.has("data"), false, what);
    }
  }
});

testWay("an output that is a link to nothing fails its step by name", async (world) => {
  const one = scripted('ln -s "$WORKSPACE_ROOT/none" "$out/model"', {
    runAs: "command",
    outputs: { model: "registry:data" },
  });
  const { steps } = await runHere(pipeline([one]), world);
  assertStringIncludes(steps.write!.reason ?? "", '"model" leads to ');
});

testWay("copies of what links lead to count as disk of the step", async (world) => {
  await Deno.writeTextFile(`${world.root}/large`, "x".repeat(100_000));
  const one = scripted('cp -r "$INPUT_ROOT/." "$out"', {
    runAs: "command",
    inputs: { large: "./large" },
    resources: { diskLimit: 50_000 },
  });
  const { steps } = await runHere(pipeline([one]), world);
  assertEquals([steps.write!.end, steps.write!.exitCode], ["failed", 4]);
  assertStringIncludes(steps.write!.reason!, "its workspace and output hold");
});

testWay("an input that a link publishes is the planned one", async (world) => {
  const script = `cp -r "$INPUT_ROOT/." "$out"; echo other > ${world.root}/file`;
  const one = scripted(script, { runAs: "command", inputs: { file: "./file" } });
  const { steps } = await runHere(pipeline([one]), world);
  assertStringIncludes(steps.write!.reason ?? "", "it has changed since the run was planned");
});

testInWorld("an unpacked archive publishes no file of the machine", async (here, root) => {
  await Deno.writeTextFile(root.join("key"), "secret");
  await Deno.mkdir(root.join("pack"));
  await Deno.symlink(root.join("key"), root.join("pack/readme.txt"));
  const tar = new Deno.Command("tar", { args: ["cf", "data.tar", "pack"], cwd: root.path });
  assert((await tar.output()).success);
  await here.registry.save("archive", localPath(root.join("data.tar")));
  const one = step("write", {
    runAs: "command",
    inputs: { archive: "registry:archive" },
    startCommand: ["sh", "-c", 'tar xf "$INPUT_ROOT/data.tar" -C "$OUTPUT_ROOT"'],
  });
  const { steps } = await runPipeline(pipeline([one]), here);
  assertStringIncludes(steps.write!.reason ?? "", '"pack/readme.txt" leads to ');
  assertEquals(await here.registry.has("nightly:output:write"), false);
});
