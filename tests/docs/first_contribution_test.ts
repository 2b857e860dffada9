// The page about the first contribution: its changes, made in a copy of the repository, hold.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";
import { slowTest } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";

const COPIED = ["deno.json", "deno.lock", "mod.ts", "core", "disk", "registry", "backends"]
  .concat(["materializers", "formats", "files", "dev/std", "tests/formats", "tests/support"]);

interface Block {
  /** The last path of the paragraph before it. */
  path: string;
  language: string;
  text: string;
}

function blocksOf(page: string): Block[] {
  const blocks = page.matchAll(/^([^\n]+(?:\n[^\n]+)*)\n\n(`{3,})(\w+)[^\n]*\n([^]*?)^\2$/gm);
  return Array.from(blocks, ([, before = "", , language = "", text = ""]) => {
    const [, path = ""] = /`([^`]+\.ts)`[^`]*$/.exec(before) ?? [];
    return { path, language, text };
  });
}

/** Applies a difference without line numbers: each line of context is the next one that is equal. */
function changed(file: string, difference: string): string {
  const lines = file.split("\n");
  let at = 0;
  for (const [sign, ...rest] of difference.trimEnd().split("\n")) {
    const line = rest.join("");
    if (sign === "+") lines.splice(at++, 0, line);
    else {
      at = lines.indexOf(line, at) + (sign === " " ? 1 : 0);
      assertEquals(at < 1, false, `Cannot find the line: ${line}`);
      if (sign === "-") lines.splice(at, 1);
    }
  }
  return lines.join("\n");
}

slowTest(
  "the changes of the first contribution hold, and the program prints what it says",
  async () => {
    const page = await readFile(join(REPOSITORY, "docs/first_contribution.md"), "utf8");
    await using root = await tempRoot();
    for (const path of COPIED) {
      await mkdir(dirname(root.join(path)), { recursive: true });
      await cp(join(REPOSITORY, path), root.join(path), { recursive: true });
    }
    const blocks = blocksOf(page);
    const program = blocks.find(({ text }) => text.includes("console.log"))!.text;
    for (const { path, language, text } of blocks.filter(({ path }) => path.endsWith(".ts"))) {
      const isNew = language === "ts";
      const file = isNew ? text : changed(await readFile(root.join(path), "utf8"), text);
      await writeFile(root.join(path), file);
    }
    await writeFile(root.join("main.ts"), program);
    const deno = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: root.path,
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assertEquals(code, 0, text);
      return text;
    };
    const paths = ["formats/lines.ts", "formats/mod.ts", "tests/formats/lines_test.ts"];
    await deno("fmt", "--check", ...paths, "tests/formats/mutate/samples.ts");
    await deno("check", ...paths);
    const tested = ["tests/formats/lines_test.ts", "tests/formats/known_formats_test.ts"];
    assertStringIncludes(await deno("test", "-A", "--no-check", ...tested), " | 0 failed");
    const [, printed = ""] = /console\.log\(.*\/\/ (.*)$/m.exec(program)!;
    assertStringIncludes(await deno("run", "-A", "--no-check", "main.ts"), printed);
    for (const path of page.match(/`((?:tests|formats|\.github)\/[\w./]+)`/g) ?? []) {
      const isKnown = await readFile(root.join(path.slice(1, -1))).catch(() =>
        readFile(join(REPOSITORY, path.slice(1, -1)))
      ).then(() => true, () => false);
      assertEquals(isKnown, true, path);
    }
  },
);
