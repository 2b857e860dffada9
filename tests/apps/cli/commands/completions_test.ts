import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { realSystem } from "../../../../core/system.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { REPOSITORY } from "../../../support/run_deno.ts";
import { COMPLETION_SCRIPTS } from "../../../../apps/cli/commands/completions.ts";
import { cliTest, filledTest } from "../../captured_io.ts";

cliTest("completions prints a script for each shell", async (it) => {
  for (const shell of ["bash", "zsh", "fish"]) {
    await it.tells(`completions ${shell}`, "__complete");
  }
  await it.fails("completions tcsh", 2, "bash, zsh, fish");
});

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

/** Stands for `deno run -A apps/cli.ts`, which takes a second each time: notes its words, and answers as it does. */
const PROGRAM = `#!/bin/sh
echo "$@" >>calls
if [ "$4" = completions ]; then cat script
elif [ "$6" = zsh ]; then printf 'versions\\0verify'
else printf 'versions\\nverify\\n'; fi
`;
const BREAKS = "=:";
const ALIAS = `alias holdfast="./program run -A apps/cli.ts"`;
const SOURCED: Record<string, [args: string[], script: string]> = {
  bash: [
    ["--norc", "-c"],
    [
      `shopt -s expand_aliases`,
      ALIAS,
      `source <(holdfast completions bash)`,
      `COMP_LINE="holdfast ve" COMP_POINT=11 COMP_WORDBREAKS="${BREAKS}"`,
      `_holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join("\n"),
  ],
  zsh: [
    ["-f", "-c"],
    [
      ALIAS,
      "compdef() { : }",
      `compadd() { print -rl -- "\${@[2,-1]}" }`,
      `source <(holdfast completions zsh)`,
      `words=(holdfast ve) CURRENT=2 PREFIX=ve`,
      `_holdfast`,
    ].join("\n"),
  ],
  fish: [
    ["--no-config", "-c"],
    [ALIAS, "holdfast completions fish | source", `complete -C "holdfast ve"`].join("\n"),
  ],
};

/** The rest of the question of each script. */
const ASKED: Record<string, string> = {
  bash: ` --breaks ${BREAKS} -- holdfast ve`,
  zsh: " -- ve",
  fish: " -- ve",
};

for (const [shell, [args, script]] of Object.entries(SOURCED)) {
  Deno.test({
    name: `${shell} completes where holdfast is the alias that README says`,
    ignore: !isInstalled(shell),
    async fn() {
      await using root = await tempRoot();
      await Deno.writeTextFile(root.join("program"), PROGRAM, { mode: 0o755 });
      await Deno.writeTextFile(root.join("script"), COMPLETION_SCRIPTS[shell]);
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
      assertEquals((await Deno.readTextFile(root.join("calls"))).split("\n"), [
        `run -A apps/cli.ts completions ${shell}`,
        `run -A apps/cli.ts __complete --shell ${shell}${ASKED[shell]}`,
        "",
      ]);
    },
  });
}

function isInstalled(program: string): boolean {
  const folders = (realSystem.env("PATH") ?? "").split(":");
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}
