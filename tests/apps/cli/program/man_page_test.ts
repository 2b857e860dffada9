import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadCommands } from "../../../../apps/cli/commands/mod.ts";
import { manPage } from "../../../../apps/cli/commands/man.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { cliTest, succeeds } from "../../captured_io.ts";

cliTest("the manual has every command with its options", async (it) => {
  const page = await it.succeeds("man");
  for (const { name, hidden, options } of await loadCommands()) {
    const isThere = new RegExp(`^\\.SS holdfast ${name.replaceAll("-", "\\\\-")}( |$)`, "m").test(
      page,
    );
    assertEquals(isThere, !hidden, name);
    if (hidden) continue;
    for (const { flags } of options) {
      assertStringIncludes(page, `.B ${flags.replaceAll("-", "\\-")}`);
    }
  }
  assertStringIncludes(page, ".SH EXIT STATUS");
});

Deno.test("no text becomes a macro: a dot or a quote that begins a line, and backslashes, are text", () => {
  const command = {
    name: "x",
    summary: ".hidden\n'quoted'",
    args: [],
    options: [{ flags: "--at <dir>", text: "a\\b" }],
    examples: [] as const,
    run: () => Promise.resolve(),
  };
  const page = manPage([command], "1.0.0");
  assertStringIncludes(page, "\\&.hidden\n\\&'quoted'");
  assertStringIncludes(page, "a\\eb");
});

Deno.test("groff takes the manual without a warning", async (t) => {
  const groff = (args: string[]) =>
    new Deno.Command("groff", { args, stdin: "piped", stdout: "piped", stderr: "piped" });
  await using root = await tempRoot();
  const page = await succeeds("man", { cwd: root.path });
  try {
    const child = groff(["-man", "-Tutf8", "-ww", "-Kutf8"]).spawn();
    await new Blob([page]).stream().pipeTo(child.stdin);
    const { stdout, stderr } = await child.output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assert(new TextDecoder().decode(stdout).includes("holdfast save"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await t.step({ name: "groff is not installed", ignore: true, fn() {} });
  }
});
