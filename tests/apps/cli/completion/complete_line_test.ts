import { assertEquals } from "@std/assert";
import { defineCommand } from "../../../../apps/cli/program/command.ts";
import { completeLine } from "../../../../apps/cli/completion/complete_line.ts";
import type { Registry } from "../../../../core/registry.ts";

const run = () => Promise.resolve();
const COMMANDS = [
  defineCommand({
    name: "info",
    summary: "",
    args: [{ usage: "<ref>", text: "", completes: "ref" }],
    options: [{ flags: "-l, --long", text: "" }, {
      flags: "--as <kind>",
      text: "",
      choices: ["json", "text"],
    }],
    examples: [],
    run,
  }),
  defineCommand({
    name: "verify",
    summary: "",
    args: [{ usage: "[names...]", text: "", completes: "name" }],
    options: [{ flags: "-o, --output <file>", text: "", completes: "file" }],
    examples: [],
    run,
  }),
  defineCommand({
    name: "pipeline logs",
    summary: "",
    args: [{ usage: "<run>", text: "", completes: "run" }],
    options: [],
    examples: [],
    run,
  }),
  defineCommand({
    name: "__complete",
    summary: "",
    args: [],
    options: [],
    examples: [],
    hidden: true,
    run,
  }),
];

/** A registry of two names, and the place that it was opened at. */
function offers(line: string): Promise<string[]> {
  const open = (registry: string | undefined) => Promise.resolve(fakeRegistry(registry));
  return completeLine(line.split(" "), { commands: COMMANDS, open });
}

function fakeRegistry(place = "default"): Registry {
  const names = ["data:raw", "data:test", "model", `at-${place}`, "night:run", "noon:run"];
  return {
    async *names({ prefix }: { prefix: string }) {
      yield* await Promise.resolve(names.filter((name) => name.startsWith(prefix)));
    },
    async *versions() {
      yield* await Promise.resolve([{ version: "2.0.0" }, { version: "1.0.0" }]);
    },
    aliases: () => Promise.resolve({ production: "1.0.0" }),
  } as unknown as Registry;
}

Deno.test("a command of two words is completed word by word", async () => {
  const commands = ["batch save", "batch load", "ls"].map((name) =>
    defineCommand<[]>({
      name,
      summary: "",
      args: [],
      options: [{ flags: "--format <format>", text: "", choices: ["csv", "jsonl"] }],
      examples: [],
      run: () => Promise.resolve(),
    })
  );
  const complete = (line: string) =>
    completeLine(line.split(" "), {
      commands,
      open: () => Promise.reject(new Error("it is not asked")),
    });
  assertEquals(await complete(""), ["batch", "ls"]);
  assertEquals(await complete("ba"), ["batch"]);
  assertEquals(await complete("batch "), ["save", "load"]);
  assertEquals(await complete("batch save --f"), ["--format"]);
  assertEquals(await complete("batch save --format "), ["csv", "jsonl"]);
});

Deno.test("a dash is completed to the options of the command and those of all", async () => {
  assertEquals(await offers("info --l"), ["--long"]);
  assertEquals(await offers("info --re"), ["--registry"]);
  assertEquals(await offers("--j"), ["--json"]);
  assertEquals(await offers("info --h"), ["--help"]);
});

Deno.test("the value of an option is completed to its choices, a file is left to the shell", async () => {
  assertEquals(await offers("info --as "), ["json", "text"]);
  assertEquals(await offers("info --as t"), ["text"]);
  assertEquals(await offers("verify --output "), []);
});

Deno.test("a ref is completed to names, behind the @ to latest, aliases and versions; once", async () => {
  assertEquals(await offers("info mo"), ["model", "model@"]);
  assertEquals(await offers("info data:"), ["data:raw", "data:test"]);
  assertEquals(await offers("info model@"), [
    "model@latest",
    "model@production",
    "model@2.0.0",
    "model@1.0.0",
  ]);
  assertEquals(await offers("info --long model@p"), ["model@production"]);
  assertEquals(await offers("info model d"), []);
});

Deno.test("names come from the registry that the line names", async () => {
  assertEquals(await offers("--registry there verify at"), ["at-there"]);
  assertEquals(await offers("verify -r there at"), ["at-there"]);
  assertEquals(await offers("verify --registry=there at"), ["at-there"]);
  assertEquals(await offers("verify at"), ["at-default"]);
});

Deno.test("runs are completed to pipelines, and then to their numbers", async () => {
  assertEquals(await offers("pipeline "), ["logs"]);
  assertEquals(await offers("pipeline logs n"), ["night", "noon"]);
  assertEquals(await offers("pipeline logs noo"), ["noon", "noon@"]);
  assertEquals(await offers("pipeline logs noon@"), ["noon@2", "noon@1"]);
  assertEquals(await offers("pipeline logs noon@1"), ["noon@1"]);
});

Deno.test("commands without the hidden ones, and names wherever one may stand, are completed", async () => {
  assertEquals(await offers(""), ["info", "verify", "pipeline"]);
  assertEquals(await offers("--json i"), ["info"]);
  assertEquals(await offers("x"), []);
  assertEquals(await offers("verify data:"), ["data:raw", "data:test"]);
  assertEquals(await offers("verify model --output x da"), ["data:raw", "data:test"]);
  assertEquals(await offers("verify model@"), []);
});
