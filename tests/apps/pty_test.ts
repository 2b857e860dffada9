import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";
import { partOfRun } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";
import { fillRegistry } from "./captured_io.ts";

/** `script` of util-linux gives a program a terminal; other systems have another one, or none. */
const ignore = Deno.build.os !== "linux";

const QUESTION = "Deno requests";

/** Runs the command line on a terminal without a width. A question of Deno ends the run: nobody is there to answer. */
async function onTerminal(
  flags: string,
  line: string,
  cwd: string,
): Promise<{ code: number; shown: string }> {
  const config = join(REPOSITORY, "deno.json");
  const command = `${Deno.execPath()} run -q --config=${config} ${flags} ${
    join(REPOSITORY, "apps/cli.ts")
  } ${line}`;
  const child = new Deno.Command("script", {
    args: ["-qec", `stty cols 0; exec ${command}`, "/dev/null"],
    cwd,
    env: { TERM: "xterm" },
    stdin: "null", // to the program on the terminal, the end of what is typed
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let shown = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const asked = shown.includes(QUESTION);
    shown += text;
    if (!asked && shown.includes(QUESTION)) child.kill(); // its terminal goes with it, and that ends the program
  }
  const { code } = await child.status;
  return { code, shown };
}

Deno.test(
  { name: "on a terminal, Deno asks nothing with the smallest permissions", ignore },
  async () => {
    await using root = await tempRoot();
    const { path: cwd } = root;
    await fillRegistry(cwd);
    await Deno.rename(root.join(".holdfast"), root.join("reg"));
    await Deno.mkdir(root.join("there"));
    await Deno.writeTextFile(root.join("file"), "content");
    const write = "--allow-read=reg --allow-write=reg";
    const cases: [flags: string, line: string, code?: number][] = [
      ["--allow-read=new/reg --allow-write=new/reg", "init new/reg"],
      ["--allow-read=reg,file --allow-write=reg", "save new file -r reg"],
      ["--allow-read=reg", "ls --long -r reg"],
      ["--allow-read=reg", "load config -r reg"],
      ["--allow-read=reg", "verify -r reg"],
      ["--allow-read=reg", "load nothing -r reg", 3],
      [write, "gc --dry-run -r reg"],
      [write, "rm note@1 -r reg", 1],
      ["--allow-read=reg,there --allow-write=there", "download data:raw there/out -r reg"],
      ["", "save --help"],
      ["", "nonsense", 2],
      ["", "ls", 3],
    ];
    for (const [flags, line, expected = 0] of partOfRun(cases, 3)) {
      const { code, shown } = await onTerminal(flags, line, cwd);
      assertEquals(shown.includes(QUESTION), false, `${line}: ${shown}`);
      assertEquals(code, expected, `${line}: ${shown}`);
    }
    assertStringIncludes(
      (await onTerminal("", "ls -r reg", cwd)).shown,
      QUESTION,
      "a question would be seen",
    );
    assertStringIncludes(
      (await onTerminal("--allow-read=reg", "ls -r reg", cwd)).shown,
      "data:raw  1.0.0",
    );
  },
);
