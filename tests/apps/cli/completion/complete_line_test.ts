import { assertEquals } from "@std/assert";
import { defineCommand } from "../../../../apps/cli/program/command.ts";
import type { ArgumentDefinition, OptionDefinition } from "../../../../apps/cli/program/command.ts";
import { completeLine } from "../../../../apps/cli/completion/complete_line.ts";
import type { Registry } from "../../../../core/registry.ts";

function command(
  name: string,
  args: Omit<ArgumentDefinition, "text">[] = [],
  options: Omit<OptionDefinition, "text">[] = [],
) {
  return defineCommand({
    name,
    summary: "",
    examples: [],
    hidden: name.startsWith("__"),
    args: args.map((arg) => ({ ...arg, text: "" })),
    options: options.map((option) => ({ ...option, text: "" })),
    run: () => Promise.resolve(),
  });
}

/** Completes words of an extension. */
async function wordsIn(registry: Registry, typed: string): Promise<string[]> {
  const names = await Array.fromAsync(registry.names({ prefix: typed }));
  return names.map((name) => `${name}!`);
}

const COMMANDS = [
  command("info", [{ usage: "<ref>", completes: "ref" }], [
    { flags: "-l, --long" },
    { flags: "--as <kind>", choices: ["json", "text"] },
  ]),
  command("verify", [{ usage: "[names...]", completes: "name" }], [
    { flags: "-o, --output <file>", completes: "file" },
  ]),
  command("pipeline logs", [{ usage: "<run>", completes: wordsIn }]),
  command("batch save", [], [{ flags: "--format <format>", choices: ["csv", "jsonl"] }]),
  command("batch load"),
  command("cat", [{ usage: "<ref>", completes: "ref" }, { usage: "[path]", completes: "path" }]),
  command("alias", [
    { usage: "<name>", completes: "name" },
    { usage: "[alias]", completes: "alias" },
    { usage: "[version]", completes: "version" },
  ]),
  command("__complete"),
];

function fakeRegistry(place = "default"): Registry {
  const names = ["data:raw", "data:test", "model", `at-${place}`, "night:run", "noon:run"];
  return {
    async *names({ prefix }: { prefix: string }) {
      yield* await Promise.resolve(names.filter((name) => name.startsWith(prefix)));
    },
    async *versions() {
      yield* await Promise.resolve([{ version: "2.0.0" }, { version: "1.0.0" }]);
    },
    info: (ref: string) =>
      Promise.resolve({
        files: ["a/1.csv", "a/2.csv", `b/${place}/${ref}`].map((path) => ({ path })),
      }),
    async *aliases() {
      yield await Promise.resolve({ alias: "production", version: "1.0.0" });
    },
  } as unknown as Registry;
}

const CASES: Record<string, [line: string, words: string][]> = {
  "commands and groups, without hidden ones": [
    ["", "info verify pipeline batch cat alias"],
    ["ba", "batch"],
    ["batch ", "save load"],
    ["pipeline ", "logs"],
    ["--json i", "info"],
    ["x", ""],
    ["help ", "look info verify pipeline batch cat alias"],
    ["help lo", "look"],
  ],
  "options of the command and of all commands": [
    ["info --l", "--long"],
    ["info --re", "--registry"],
    ["batch save --f", "--format"],
    ["--j", "--json"],
    ["info --h", "--help"],
  ],
  "values of options, except files": [
    ["info --as ", "json text"],
    ["info --as t", "text"],
    ["batch save --format ", "csv jsonl"],
    ["verify --output ", ""],
  ],
  "values after =": [
    ["info --as=", "--as=json --as=text"],
    ["batch save --format=c", "--format=csv"],
    ["info --none=", ""],
  ],
  "paths, aliases and versions of the first argument": [
    ["cat model@1 a/", "a/1.csv a/2.csv"],
    ["cat @team/model@1 b", "b/@team/model@1"],
    ["alias model ", "production"],
    ["alias model production ", "2.0.0 1.0.0"],
  ],
  "refs, once": [
    ["info mo", "model model@"],
    ["info data:", "data:raw data:test"],
    ["info model@", "model@latest model@production model@2.0.0 model@1.0.0"],
    ["info --long model@p", "model@production"],
    ["info model d", ""],
  ],
  "names, any number of them": [
    ["verify data:", "data:raw data:test"],
    ["verify model --output x da", "data:raw data:test"],
    ["verify model@", ""],
  ],
  "names of the registry in the line": [
    ["--registry there verify at", "at-there"],
    ["verify -r there at", "at-there"],
    ["verify --registry=there at", "at-there"],
    ["verify at", "at-default"],
  ],
  "words of an extension": [
    ["pipeline logs n", "night:run! noon:run!"],
    ["pipeline logs @team/at", "@team/at-@team!"],
  ],
};

for (const [name, lines] of Object.entries(CASES)) {
  Deno.test(`completion offers ${name}`, async () => {
    const open = (registry: string | undefined) => Promise.resolve(fakeRegistry(registry));
    for (const [line, words] of lines) {
      const topics = ["look"];
      const found = await completeLine(line.split(" "), { commands: COMMANDS, open, topics });
      assertEquals(found.join(" "), words, line);
    }
  });
}

Deno.test("completion of commands and options opens no registry", async () => {
  const open = () => Promise.reject(new Error("opened"));
  for (const line of ["", "batch ", "info --l", "info --as "]) {
    await completeLine(line.split(" "), { commands: COMMANDS, open });
  }
});
