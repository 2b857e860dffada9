// Completions in real shells, whatever characters a name or path has: TAB and Enter pass it on.
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { localPath, openRegistry } from "../../../../mod.ts";
import { COMPLETION_SCRIPTS } from "../../../../apps/cli/commands/completions.ts";
import {
  type BashLine,
  parseBashLine,
  quotedForBash,
} from "../../../../apps/cli/completion/bash_line.ts";
import { realSystem } from "../../../../core/system.ts";
import { LOADS_LATE, REPOSITORY } from "../../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { holdfast } from "../../captured_io.ts";

/** All characters from 1 to 255, without those that no path has. */
const CHARACTERS = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1))
  .filter((char) => char !== "/" && char !== "\\");
/** Words that shells expand, or that begin an option, a comment or another command. */
const EXPANDED = [
  ..."$(touch PWNED)|$(touch${IFS}PWNED)|`touch PWNED`|;touch PWNED|x&touch PWNED|x\ntouch PWNED\n"
    .split("|"),
  ..."~root|=ls|#x|!!|!x|^x^y|*|[a-z]|{a,b}|$HOME|${HOME}|$'\\x41'|x=~|a>b|<(touch PWNED)|it's"
    .replace("\\", "")
    .split("|"),
  "\u202egnp.sh\u2066",
  "e\u0301\u{1f600}ö",
];
const BREAKS = " \t\n\"'@><=;|&(:";

const hasShell = (name: string) =>
  (realSystem.env("PATH") ?? "").split(":").some((folder) => existsSync(join(folder, name)));

/** Returns the arguments that bash passes on for each word. */
async function argumentsOf(root: TempRoot, words: readonly string[]): Promise<string[]> {
  const lines = words.map((word) => `printf '%s\\0' ${word}`);
  const script = ["set -o history", "set -H", "shopt -s extglob", "cd empty", ...lines].join("\n");
  await Deno.mkdir(root.join("empty"));
  await Deno.writeTextFile(root.join("script"), script);
  const bash = new Deno.Command("bash", {
    args: ["--norc", root.join("script")],
    cwd: root.path,
    env: { LC_ALL: "C.UTF-8" },
  });
  const { stdout, stderr } = await bash.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals([...Deno.readDirSync(root.join("empty"))], []);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout).split("\0").slice(0, -1);
}

testInRoot("bash gets every character back that completions quote", async (root) => {
  const texts = [...CHARACTERS.flatMap((char) => [char, `${char}x`, `x${char}y`]), ...EXPANDED];
  const contexts = ["", "'", '"'] as const;
  const expected: string[] = [], words: string[] = [];
  for (const quote of contexts) {
    for (const text of texts) {
      const quoted = quotedForBash(text, { quote, keptLength: 0 });
      if (quoted === undefined && quote !== "") continue;
      expected.push(text);
      words.push(quote + quoted + quote);
    }
  }
  assertEquals(await argumentsOf(root, words), expected);
  for (const [i, word] of words.entries()) {
    const line = parseBashLine(`holdfast ${word} `, BREAKS);
    assertEquals(line?.words, ["holdfast", expected[i], ""], `bash would read ${word}`);
  }
}, { ignore: !hasShell("bash") });

Deno.test("a line of bash is split as bash and its readline split it", () => {
  const line = (text: string, quote: BashLine["quote"] = "", keptLength = 0) => ({
    words: ["holdfast", "info", text],
    quote,
    keptLength,
  });
  const cases: [typed: string, read: BashLine | undefined][] = [
    ["", line("")],
    ["ev", line("ev")],
    ["team:mo", line("team:mo", "", 5)],
    ["model@la", line("model@la", "", 5)],
    ["--a=b", line("--a=b", "", 4)],
    ["a\\ b\\:c", line("a b:c")],
    ["ev\\", line("ev")],
    ['"team:$', line("team:$", '"')],
    ["x:'it", line("x:it", "'", 2)],
    ["$", line("$")],
    ["$(touch", undefined],
    ["x;y", undefined],
    ["`id", undefined],
    ["$x:y", undefined],
    ["'ev'il", undefined],
    ["$'ev", undefined],
  ];
  for (const [typed, read] of cases) {
    assertEquals(parseBashLine(`holdfast info ${typed}`, BREAKS), read, typed);
  }
  assertEquals(parseBashLine("holdfast info team:mo", " \t\n"), line("team:mo"));
  assertEquals(parseBashLine("holdfast \"a b\" $'\\xc3\\xb6\\n' x", BREAKS)?.words, [
    "holdfast",
    "a b",
    "ö\n",
    "x",
  ]);
});

/** Starts a shell on a terminal, with the completions; HISTFILE and rc files of the user stay out. */
const STARTS: Record<string, (root: TempRoot) => string> = {
  bash: (root) => `bash --noprofile --rcfile ${root.join("rc")} -i`,
  zsh: () => "zsh -i",
  fish: () => `fish --no-config -i -C "source rc"`,
};
const SETUPS: Record<string, string> = {
  bash: "PS1='$ '\n",
  zsh: "PS1='$ '\nautoload -U compinit\ncompinit -D -u\n",
  fish: "",
};

/**
 * Runs the command line at the first `__complete`. Passes others on to this process through pipes: a process for each
 * would take most of the time. Notes the arguments of every other call.
 */
const PROGRAM = `#!/bin/sh
if [ "$1" = __complete ] && [ ! -e started ]; then
  : >started
  exec ${Deno.execPath()} run -A --quiet ${LOADS_LATE} --config=${REPOSITORY}deno.json ${REPOSITORY}apps/cli.ts "$@"
fi
if [ "$1" = __complete ]; then
  printf '%s\\0' "$@" >asked
  exec cat answer
fi
for each in "$@"; do printf '%s\\0' "$each" >>calls; done
printf '\\n\\0' >>calls
`;

/** Answers the completions that the program asks for through its pipes. */
async function answerCompletions(root: TempRoot): Promise<void> {
  for (;;) {
    const asked = await Deno.readTextFile(root.join("asked"));
    if (asked === "") return;
    const { bytes } = await holdfast(asked.split("\0").slice(0, -1), { cwd: root.path });
    await Deno.writeFile(root.join("answer"), bytes);
  }
}

/** Types lines into a shell, each ended by Enter, and returns the arguments of each call. */
async function typed(shell: string, root: TempRoot, lines: readonly string[]): Promise<string[][]> {
  const pipes = new Deno.Command("mkfifo", { args: ["asked", "answer"], cwd: root.path });
  assertEquals((await pipes.output()).code, 0);
  await Deno.mkdir(root.join("bin"));
  await Deno.writeTextFile(root.join("bin/holdfast"), PROGRAM, { mode: 0o755 });
  for (const name of ["rc", ".zshrc"]) {
    await Deno.writeTextFile(root.join(name), SETUPS[shell] + COMPLETION_SCRIPTS[shell]);
  }
  const child = new Deno.Command("script", {
    args: ["-qec", STARTS[shell](root), "/dev/null"],
    cwd: root.path,
    env: {
      PATH: `${root.join("bin")}:${realSystem.env("PATH")}`,
      HOME: root.path,
      ZDOTDIR: root.path,
      TERM: "dumb",
      HISTFILE: "/dev/null",
      LC_ALL: "C.UTF-8",
      SHELL: "/bin/sh",
      DENO_DIR: denoFolder(),
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const shown = new Response(child.stdout).text();
  const answered = answerCompletions(root);
  const writer = child.stdin.getWriter();
  await writer.write(
    new TextEncoder().encode([...lines, "exit"].map((line) => `${line}\r`).join("")),
  );
  await child.status;
  await Deno.writeTextFile(root.join("asked"), "");
  await answered;
  await writer.close().catch(() => {});
  const calls = await Deno.readTextFile(root.join("calls")).catch(() => "");
  const read = calls.split("\n\0").slice(0, -1).map((call) => call.split("\0").slice(0, -1));
  if (read.length !== lines.length) throw new Error(`${shell} showed: ${await shown}`);
  await shown;
  return read;
}

function denoFolder(): string {
  return realSystem.env("DENO_DIR") ?? join(realSystem.env("HOME") ?? "", ".cache/deno");
}

for (const shell of Object.keys(STARTS)) {
  testInRoot(`${shell}: TAB and Enter pass a name or path on, and run nothing`, async (root) => {
    const notIn = shell === "fish" ? /^~|[\n\t]/ : /(?!)/;
    const files = [0, 64, 128, 192].map((from, i) =>
      `${"abcd"[i]}${
        CHARACTERS.filter((char) => {
          const code = char.charCodeAt(0);
          return code >= from && code < from + 64 && !notIn.test(char);
        }).join("")
      }`
    );
    const begins = EXPANDED.filter((text) => !/[/\n]/.test(text) && !notIn.test(text));
    await Deno.mkdir(root.join("files"));
    for (const file of files) await Deno.writeTextFile(root.join("files", file), "x");
    await using registry = await openRegistry(root.join(".holdfast"));
    await registry.save("good:model", localPath(root.join("files")));
    await registry.save("evil:$(touch${IFS}PWNED)", "x");
    await registry.save("a name's", Uint8Array.of(1));
    for (const [i, file] of begins.entries()) {
      await Deno.mkdir(root.join(`only${i}`));
      await Deno.writeTextFile(root.join(`only${i}`, file), "x");
      await registry.save(`only${i}`, localPath(root.join(`only${i}`)));
    }
    const its = begins.indexOf("it's");
    const expected = [
      ["info", "evil:$(touch${IFS}PWNED)"],
      ["cat", "a name's", "data.bin"],
      ["cat", "only0", "$(touch PWNED)"],
      ["cat", `only${its}`, "it's"],
      ...files.map((file) => ["cat", "good:model", file]),
      ...begins.map((file, i) => ["cat", `only${i}`, file]),
    ];
    const lines = [
      "holdfast info ev\t",
      "holdfast cat 'a name'\\''s' data\t",
      "holdfast cat only0 '$\t",
      `holdfast cat only${its} "it\t`,
      ...files.map((file) => `holdfast cat good:model ${file[0]}\t`),
      ...begins.map((_, i) => `holdfast cat only${i} \t`),
    ];
    assertEquals(await typed(shell, root, lines), expected);
    assertEquals(["PWNED", "files/PWNED"].filter((path) => existsSync(root.join(path))), []);
  }, { ignore: !hasShell(shell) || Deno.build.os !== "linux" });
}
