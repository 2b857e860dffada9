import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { realSystem } from "../../../core/system.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { cliTest, filledTest } from "../captured_io.ts";

cliTest(
  "completions prints a script for each shell, and names them where the shell is not known",
  async (it) => {
    for (const shell of ["bash", "zsh", "fish"]) {
      await it.tells(`completions ${shell}`, "__complete");
    }
    await it.fails("completions tcsh", 2, "bash, zsh, fish");
  },
);

filledTest("bash completes commands, options, and names and refs with their colons", async (it) => {
  const program =
    `#!/bin/sh\nexec ${Deno.execPath()} run -A --quiet --config=${REPOSITORY}deno.json ${REPOSITORY}apps/cli.ts "$@"\n`;
  await Deno.writeTextFile(it.root.join("holdfast"), program, { mode: 0o755 });
  const lines = [
    "holdfast ve",
    "holdfast save --bump ",
    "holdfast info data:r",
    "holdfast load config@p",
    "holdfast cat config@",
  ];
  const script = [
    `source <(holdfast completions bash)`,
    ...lines.flatMap((line) => [
      `COMP_LINE=${
        JSON.stringify(line)
      } COMP_POINT=${line.length} COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'`,
      `_holdfast; echo "\${COMPREPLY[*]}"`,
    ]),
  ].join("\n");
  const bash = new Deno.Command("bash", {
    args: ["--norc", "-c", script],
    cwd: it.root.path,
    env: { PATH: `${it.root.path}:${realSystem.env("PATH")}` },
  });
  const { stdout, stderr } = await bash.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout).trimEnd().split("\n"), [
    "versions verify",
    "major minor patch",
    "raw raw@", // bash itself keeps "data:"
    "@production", // and "config"
    "@latest @production @2.0.0 @1.0.0",
  ]);
});

const CLI =
  `alias holdfast="${Deno.execPath()} run -A --quiet --config=${REPOSITORY}deno.json ${REPOSITORY}apps/cli.ts"`;
const SOURCED: Record<string, [args: string[], script: string]> = {
  bash: [
    ["--norc", "-c"],
    [
      `shopt -s expand_aliases`,
      CLI,
      `source <(holdfast completions bash)`,
      `COMP_LINE="holdfast ve" COMP_POINT=11`,
      `_holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join("\n"),
  ],
  zsh: [
    ["-f", "-c"],
    [
      CLI,
      "compdef() { : }",
      `compadd() { print -rl -- "\${@[2,-1]}" }`,
      `source <(holdfast completions zsh)`,
      `words=(holdfast ve) CURRENT=2`,
      `_holdfast`,
    ].join("\n"),
  ],
  fish: [
    ["--no-config", "-c"],
    [CLI, "holdfast completions fish | source", `complete -C "holdfast ve"`].join("\n"),
  ],
};

for (const [shell, [args, script]] of Object.entries(SOURCED)) {
  Deno.test({
    name: `${shell} completes where holdfast is the alias that README says`,
    ignore: !isInstalled(shell),
    async fn() {
      await using root = await tempRoot();
      const command = new Deno.Command(shell, {
        args: [...args, script],
        cwd: root.path,
        env: { HOME: root.path },
      });
      const { stdout } = await command.output();
      assertEquals(new TextDecoder().decode(stdout).trim().split("\n").sort(), [
        "verify",
        "versions",
      ]);
    },
  });
}

function isInstalled(program: string): boolean {
  const folders = (realSystem.env("PATH") ?? "").split(":");
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}
