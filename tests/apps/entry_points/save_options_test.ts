// Every entry point takes each option of `save`, or there is a reason why not.
import { assertEquals } from "@std/assert";
import { toolsOf } from "../../../extensions/gateways/mcp/server.ts";
import { describeTool } from "../../../extensions/gateways/mcp/tool.ts";
import { SaveRequestSchema } from "../../../apps/server/schemas/saving.ts";
import { SAVE, type SaveOptions } from "../../../core/registry/operations/saving.ts";
import { COMMAND_TABLE } from "../run_cli.ts";

interface Taking {
  /** The names of its own options. */
  takes: string[];
  /** Its name of an option. @default the same */
  names?: { readonly [Option in keyof SaveOptions]?: string };
  /** Why it does not have others. */
  without: { readonly [Option in keyof SaveOptions]?: string };
}

const camelCase = (name: string) => name.replace(/[-_](\w)/g, (_, letter) => letter.toUpperCase());

async function flagsOfSave(): Promise<string[]> {
  const { options } = (await COMMAND_TABLE.load()).find(({ name }) => name === "save")!;
  return options.map(({ flags }) => camelCase(/--([\w-]+)/.exec(flags)![1]!));
}

function argumentsOfTool(): string[] {
  const tool = toolsOf({}).find(({ name }) => name === "save_version")!;
  const { properties } = describeTool(tool).inputSchema as { properties?: object };
  return Object.keys(properties!);
}

async function parametersOfPython(): Promise<string[]> {
  const source = await Deno.readTextFile("python/holdfast/service_registry.py");
  const [, parameters = ""] = /def save\(([^)]*)\)/.exec(source)!;
  return Array.from(parameters.matchAll(/(\w+):/g), ([, name]) => camelCase(name!));
}

const LATEST = "it shares with the latest version";
const NEW = "the version of a save is new";

const ENTRY_POINTS: Readonly<Record<string, Taking>> = {
  "HTTP": {
    takes: Object.keys(SaveRequestSchema.entries),
    names: { as: "materializer" },
    without: { onProgress: "the client counts what it sends", signal: "a request can be ended" },
  },
  "command line": {
    takes: await flagsOfSave(),
    names: { inputs: "input" },
    without: {
      base: LATEST,
      ifCommit: NEW,
      onProgress: "the terminal shows it",
      signal: "Ctrl-C",
    },
  },
  "MCP": {
    takes: argumentsOfTool(),
    names: { idempotencyKey: "key" },
    without: {
      as: "it has an argument for each kind",
      base: LATEST,
      bump: "a model gives the version",
      compress: "models save small content",
      ifCommit: NEW,
      onConflict: "a model gets the error, and decides",
      onProgress: "calls are short",
      share: "models save small content",
      signal: "a call can be cancelled",
      skipIfUnchanged: "a model asks for a version",
    },
  },
  "Python": {
    takes: await parametersOfPython(),
    names: { onProgress: "progress" },
    without: {
      as: "the type of the value decides",
      base: LATEST,
      bump: "programs give the version",
      ifCommit: NEW,
      signal: "Python has exceptions",
    },
  },
};

for (const [name, { takes, names = {}, without }] of Object.entries(ENTRY_POINTS)) {
  Deno.test(`${name}: a save takes each option, or has a reason why not`, () => {
    const options = Object.keys(SAVE.options) as (keyof SaveOptions)[];
    const missing = options.filter((option) => !takes.includes(names[option] ?? option));
    assertEquals(missing.sort(), Object.keys(without).sort());
  });
}
