// The extension of examples/extension, as somebody outside builds it: against the npm package, and against what
// `deno publish` takes, never against the tree.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "@std/path";
import { writePageModule } from "../../explorer/build.ts";
import { denoSucceeds, REPOSITORY } from "../support/run_deno.ts";
import { kindsOfShare } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";
import {
  compilerOf,
  type Ran,
  runIn,
  sharedPackage,
  TYPESCRIPTS,
} from "./npm/installed_package.ts";

const EXAMPLE = join(REPOSITORY, "examples/extension");

/** Runs one command line with the extension, as words without quotes. */
type Holdfast = (line: string) => Promise<Ran>;

/** Tries the command, the condition and the help of the extension in an empty folder. */
async function tryExtension(folder: string, holdfast: Holdfast): Promise<void> {
  const succeeds = async (line: string) => {
    const { code, stdout, stderr } = await holdfast(line);
    assertEquals(code, 0, `${line}: ${stderr}`);
    return stdout;
  };
  await writeFile(join(folder, "model.txt"), "weights");
  await succeeds("init");
  await succeeds("save m model.txt");
  await succeeds("save m model.txt --metadata license=MIT");
  assertEquals((await holdfast("card m@1")).code, 1);
  assertMatch(await succeeds("help extensions"), /^ {2}card <ref> +Show the card of a version/m);
  const rule = await succeeds("rules set m --protect-alias production --card license");
  assertStringIncludes(rule, "promoted only if the metadata has license");
  const refused = await holdfast("promote m@1 production");
  assertStringIncludes(refused.stderr, "refuses version 1.0.0: its metadata has no license");
  await succeeds("promote m@2 production");
  const { code, stdout } = await holdfast("cards check");
  assertEquals([code, stdout], [1, "m@2.0.0\nm@1.0.0\n"]);
}

/** Registers a test of one of two forms of the package: in CI one runs a day. */
const testOf = (form: "npm" | "published") =>
  kindsOfShare("own extension", ["npm", "published"]).includes(form) ? Deno.test : Deno.test.ignore;

testOf("npm")("npm: an extension is right for strict TypeScript, and runs on Node", async () => {
  const { project, env, runtime } = await sharedPackage();
  const folder = join(project, "extension");
  await cp(EXAMPLE, folder, { recursive: true });
  const node = await runtime("node@22");
  const tsc = join(project, "node_modules", compilerOf(TYPESCRIPTS[1]), "bin/tsc");
  const flags =
    "--module nodenext --target es2022 --noEmit --strict --allowImportingTsExtensions " +
    "--exactOptionalPropertyTypes --skipLibCheck --types node extension_test.ts";
  const checked = await runIn({ cwd: folder, env }, [node, tsc, ...flags.split(" ")]);
  assertEquals([checked.code, checked.stdout], [0, ""]);
  const tested = await runIn({ cwd: folder, env }, [node, "--test", "extension_test.ts"]);
  assertMatch(tested.stdout, /^(#|ℹ) fail 0$/m, tested.stdout);
  const command = [node, join(project, "node_modules/@holdfast/holdfast/bin/holdfast.js")];
  await tryExtension(
    folder,
    (line) =>
      runIn({ cwd: folder, env }, [...command, "--extension", "extension.ts", ...line.split(" ")]),
  );
});

/** Copies what `deno publish` takes. */
async function copyPublished(folder: string): Promise<void> {
  await writePageModule();
  const flags = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const { stdout, stderr } = await denoSucceeds(flags);
  const files = Array.from(
    (stdout + stderr).matchAll(/file:(\/\S+)/g),
    ([, path]) => relative(REPOSITORY, path!),
  ).filter((path) => !path.startsWith(".."));
  for (const path of new Set(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(join(REPOSITORY, path), join(folder, path)).catch(() => {}); // a place in a file
  }
}

testOf("published")("published: an extension runs on Deno", async () => {
  await using root = await tempRoot();
  await copyPublished(root.join("holdfast"));
  const { workspace, tasks: _, ...configuration } = JSON.parse(
    await Deno.readTextFile(join(REPOSITORY, "deno.json")),
  );
  await writeFile(root.join("holdfast/deno.json"), JSON.stringify(configuration));
  // Packages of JSR, where it cannot be reached.
  const standIns = (workspace as string[]).filter((path) => path.startsWith("./dev/std/"));
  for (const path of standIns) {
    await cp(join(REPOSITORY, path), root.join(path), { recursive: true });
  }
  await cp(EXAMPLE, root.join("cards"), { recursive: true });
  await writeFile(root.join("cards/deno.json"), "{}");
  const members = ["./holdfast", "./cards", ...standIns];
  const lock = await Deno.readTextFile(join(REPOSITORY, "deno.lock"));
  await writeFile(root.join("deno.lock"), lock);
  await writeFile(root.join("deno.json"), JSON.stringify({ workspace: members }));
  const env = { NO_COLOR: "1", XDG_CONFIG_HOME: root.path, HOLDFAST_REGISTRY: "" };
  const folder = root.join("cards");
  const deno = (...args: string[]) => runIn({ cwd: folder, env }, [Deno.execPath(), ...args]);
  const tested = await deno("test", "-A", "extension_test.ts"); // and its types
  assertEquals(tested.code, 0, tested.stdout + tested.stderr);
  const program = ["run", "-A", "--quiet", "../holdfast/apps/cli.ts", "--extension"];
  await tryExtension(folder, (line) => deno(...program, "extension.ts", ...line.split(" ")));
});
