import { assert, assertEquals } from "@std/assert";
import { COMMAND_TABLE } from "../../run_cli.ts";
import { reachable, readModuleGraph } from "../../../support/module_graph.ts";
import { sourceFiles } from "../../../support/source_files.ts";

const commandFiles = (await sourceFiles(["apps"])).filter((path) =>
  path.startsWith("apps/cli/commands/") && path !== "apps/cli/commands/mod.ts"
);
const graph = await readModuleGraph(["apps/cli.ts", ...commandFiles], { atStart: true });

Deno.test("the command line starts with no command, and with nothing that only a command uses", () => {
  const loaded = [...reachable(graph, "apps/cli.ts")];
  assert(loaded.includes("npm:commander"));
  const heavy =
    /^apps\/cli\/(commands\/(?!mod\.ts)|batch\/|pipelines\/)|^workers\/|^formats\/(?!arrays\/|content\/file_faults)|^registry\/(?!maintenance\.ts|contract|places|tools|operations\/look\/value_changes)|csv/;
  assertEquals(loaded.filter((path) => heavy.test(path)), []);
});

Deno.test("the definition of a command, which its help shows, loads nothing of how values are stored", () => {
  const heavy =
    /^workers\/|^formats\/(?!arrays\/|content\/file_faults)|^apps\/cli\/batch\/run_rows|^registry\/(?!mod\.ts|maintenance\.ts|contract|places|tools|operations\/look\/value_changes)|csv/;
  const loaded = commandFiles.flatMap((file) =>
    [...reachable(graph, file)].filter((path) => heavy.test(path))
  );
  assertEquals(loaded, []);
});

Deno.test("every command is loaded by the words that call it, alone", async () => {
  const names = (await COMMAND_TABLE.load()).map(({ name }) => name);
  assertEquals(names.length, new Set(names).size);
  for (const name of names) {
    const loaded = await COMMAND_TABLE.loadFor([...name.split(" "), "--help"]);
    assertEquals(loaded.map((command) => command.name), [name]);
  }
});

Deno.test("options of every command before the words, and their values, are no command", async () => {
  const called = async (...args: string[]) =>
    (await COMMAND_TABLE.loadFor(args)).map(({ name }) => name);
  assertEquals(await called("--json", "-q", "ls", "save"), ["ls"]);
  assertEquals(await called("-r", "save", "ls"), ["ls"]);
  assertEquals(await called("--registry", "save", "batch", "save"), ["batch save"]);
  assertEquals(await called("--registry=save", "ls"), ["ls"]);
  assertEquals(await called("--version"), []);
});

Deno.test("all commands are loaded where it takes a closer look", async () => {
  const { length } = await COMMAND_TABLE.load();
  for (const line of ["", "--help", "help ls", "lst", "batch", "-qr ls save", "--version ls"]) {
    const args = line.split(" ").filter(Boolean);
    assertEquals((await COMMAND_TABLE.loadFor(args)).length, length, line);
  }
});
