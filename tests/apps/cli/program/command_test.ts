import { assertEquals } from "@std/assert";
import { defineCommand } from "../../../../apps/cli/program/command.ts";
import { runProgram } from "../../../../apps/cli/program/program.ts";
import { realSystem } from "../../../../core/system.ts";

Deno.test("the arguments and options of a command arrive in the types of their definitions", async () => {
  const got: unknown[] = [];
  const copy = defineCommand({
    name: "copy",
    summary: "",
    args: [
      { usage: "<from>", text: "" },
      { usage: "[to]", text: "" },
      { usage: "[more...]", text: "" },
    ],
    options: [
      { flags: "-n, --dry-run", text: "" },
      { flags: "--no-aliases", text: "" },
      { flags: "--most-bytes <count>", text: "", parse: Number },
      { flags: "--sort <order>", text: "", choices: ["name", "size"] },
      { flags: "--where <text>", text: "", repeat: true },
      { flags: "--force [step]", text: "", repeat: true },
    ],
    examples: [],
    // deno-lint-ignore require-await
    async run(args, flags) {
      const words: [from: string, to: string | undefined, more: string[]] = args;
      const values: {
        dryRun?: boolean;
        aliases?: boolean;
        mostBytes?: number;
        sort?: "name" | "size";
        where?: string[];
        force?: string[] | true;
      } = flags;
      got.push([...words], { ...values, cache: undefined }); // of every command
    },
  });
  const all = ["a", "b", "c", "d", "--dry-run", "--no-aliases", "--most-bytes", "3"];
  await run(["copy", ...all, "--sort", "size", "--where", "x", "--where", "y", "--force"]);
  await run(["copy", "a"]);
  assertEquals(got, [
    ["a", "b", ["c", "d"]],
    {
      dryRun: true,
      aliases: false,
      mostBytes: 3,
      sort: "size",
      where: ["x", "y"],
      force: true,
      cache: undefined,
    },
    ["a", undefined, []],
    { aliases: true, cache: undefined },
  ]);

  async function run(args: string[]): Promise<void> {
    const written = { write: () => Promise.resolve(), isTerminal: false };
    const io = { stdout: written, stderr: written, system: realSystem } as never;
    await runProgram(args, {
      commands: [copy],
      groups: [],
      io,
      version: "1",
      run: async (command, { args, options }) => await command.run(args, options, {} as never) ?? 0,
    });
  }
});
