import { assertEquals, assertStringIncludes } from "@std/assert";
import { runDeno } from "../support/run_deno.ts";
import { partOfRun } from "../support/seeds.ts";

import { cliTest, filledTest, fillRegistry } from "./captured_io.ts";

const READ = "--allow-read=reg";
const WRITE = "--allow-write=reg";

/** Each command with the fewest permissions that it works with, on the registry `reg`. */
const TABLE: [args: string[], permissions: string[]][] = [
  [["init", "reg"], [READ, WRITE]],
  [["save", "new", "-"], [READ, WRITE]],
  [["save", "new", "file"], [READ + ",file", WRITE]],
  [["save", "new", "folder"], [READ + ",folder", WRITE]],
  [["load", "config"], [READ]],
  [["ls", "--long"], [READ]],
  [["versions", "config"], [READ]],
  [["info", "config"], [READ]],
  [["log", "config"], [READ]],
  [["diff", "config@1", "config@1"], [READ]],
  [["diff", "data:raw", "./folder"], [READ + ",folder"]],
  [["rm", "note@1", "--yes"], [READ, WRITE]],
  [["alias", "config", "canary", "1"], [READ, WRITE]],
  [["alias", "config"], [READ]],
  [["copy", "config", "other"], [READ, WRITE]],
  [["download", "data:raw", "there/out"], [READ + ",there", "--allow-write=there"]],
  [["cat", "data:raw", "a.csv"], [READ]],
  [["verify"], [READ]],
  [["verify", "--sample", "1%"], [READ]],
  [["lineage", "config", "--as", "mermaid"], [READ]],
  [["batch", "save", "manifest.csv"], [READ + ",manifest.csv", WRITE]],
  [["batch", "load", "there/manifest.csv"], [READ + ",there", "--allow-write=there"]],
  [["gc"], [READ, WRITE]],
  [["gc", "--dry-run"], [READ, WRITE]],
  [["prune", "--keep-last", "1", "--yes"], [READ, WRITE]],
  [["prune", "--keep-last", "1", "--dry-run"], [READ]],
  [["mirror", "reg", "to"], [READ + ",to", "--allow-write=to"]],
  [["doctor"], [READ, WRITE]],
  [["doctor", "--no-probe"], [READ]],
  [["remote", "ls"], []],
  [["cache", "info"], []],
  [["completions", "bash"], []],
  [["--help"], []],
];

for (const [args, permissions] of partOfRun(TABLE, 5)) {
  cliTest(
    `holdfast ${args.join(" ")} works with ${permissions.join(" ") || "no permission"} and no less`,
    async (it) => {
      await fillRegistry(it.cwd);
      await it.succeeds("save note -");
      await it.succeeds("init to");
      await Deno.mkdir(it.root.join("there"));
      if (args[0] !== "init") await Deno.rename(it.root.join(".holdfast"), it.root.join("reg"));
      await Deno.writeTextFile(it.root.join("file"), "content");
      await Deno.writeTextFile(
        it.root.join("manifest.csv"),
        args[1] === "save" ? "name,value\nb,1\n" : "ref\nconfig\n",
      );
      await Deno.writeTextFile(it.root.join("there/manifest.csv"), "ref,to\nconfig,out\n");
      await Deno.rename(it.root.join("data"), it.root.join("folder"));
      const run = (permissions: string[]) => {
        const line = ["init", "completions", "--help"].includes(args[0])
          ? args
          : [...args, "--registry", "reg"];
        return runDeno("apps/cli.ts", line, { cwd: it.cwd, permissions, stdin: "input" });
      };
      // Without its registry every command is refused alike: one shows it.
      for (const left of permissions.filter((flag) => flag !== READ || args[0] === "ls")) {
        const without = await run(permissions.filter((flag) => flag !== left));
        // Both list what they could not do.
        const listed = args[0] === "mirror" || args[0] === "batch";
        const code = args[0] === "doctor" || (listed && left.includes("-write=")) ? 1 : 6;
        assertEquals(without.code, code, `without ${left}: ${without.stdout}${without.stderr}`);
      }
      const { code, stderr } = await run(permissions);
      assertEquals(code, 0, stderr);
    },
  );
}

filledTest("the default registry needs no permission for variables", async (it) => {
  await Deno.writeTextFile(it.root.join(".env"), "HOLDFAST_REGISTRY=./other\n");
  const run = (permissions: string[]) =>
    runDeno("apps/cli.ts", ["ls", "-q"], {
      cwd: it.root.path,
      permissions,
      env: { HOLDFAST_REGISTRY: "./none" },
    });
  const { code, stdout, stderr } = await run(["--allow-read=.holdfast"]);
  assertEquals([code, stdout], [0, "config\ndata:raw\nnote\n"], stderr);
  assertEquals(
    (await run(["--allow-read=.holdfast,none", "--allow-env=HOLDFAST_REGISTRY"])).code,
    3,
    "it names none",
  );
  const blind = await run([]);
  assertEquals(blind.code, 3);
  assertStringIncludes(blind.stderr, "--allow-read");
});

filledTest("a row without read permission is Denied", async (it) => {
  await Deno.rename(it.root.join(".holdfast"), it.root.join("reg"));
  await Deno.writeTextFile(it.root.join("file"), "content");
  await Deno.writeTextFile(it.root.join("rows.csv"), "name,path\na,file\n");
  const line = ["-r", "reg", "--json", "batch", "save", "rows.csv"];
  const permissions = ["--allow-read=reg,rows.csv", WRITE];
  const { code, stdout } = await runDeno("apps/cli.ts", line, { cwd: it.root.path, permissions });
  assertEquals(code, 1);
  const { error } = JSON.parse(stdout.split("\n")[0]);
  assertEquals(error.code, "Denied");
  assertStringIncludes(error.hint, "--allow-read");
});
