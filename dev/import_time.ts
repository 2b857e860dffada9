// How long it takes to start: new processes that do nothing, import the library, save and load one
// value, or run a command, in turns and with everything downloaded. Prints of each the time that
// passed and the time on processors (user and system), median and least, and how much of the least
// is above the program that does nothing. A number as argument says how many rounds. Needs bash,
// which counts processor time.
import { join } from "@std/path";
import { denoSucceeds, REPOSITORY } from "../tests/support/run_deno.ts";
import { tempRoot } from "../tests/support/temp_root.ts";

/** What a process took, milliseconds. */
interface Taken {
  wall: number;
  processor: number;
}

const rounds = Number(Deno.args[0] ?? 15);
await using root = await tempRoot();
const folder = root.join("registry");
const cli = join(REPOSITORY, "apps/cli.ts");
await denoSucceeds(["run", "-A", cli, "init", folder]);

const door = new URL("../mod.ts", import.meta.url);
const programs: Record<string, string[]> = {
  "nothing": [await program("nothing", "")],
  "node:fs": [await program("fs", `import "node:fs";`)],
  "import mod.ts": [await program("import", `import "${door}";`)],
  "save and load": [
    await program(
      "save",
      `import { openRegistry } from "${door}";
      await using registry = await openRegistry(${JSON.stringify(root.join("values"))});
      await registry.save("a", { depth: 12 });
      await registry.load("a");`,
    ),
  ],
  "holdfast --version": [cli, "--version"],
  "holdfast --help": [cli, "--help"],
  "holdfast ls --help": [cli, "ls", "--help"],
  "holdfast ls": [cli, "ls", "--registry", folder],
};

const taken = new Map<string, Taken[]>(Object.keys(programs).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [name, args] of Object.entries(programs)) {
    const took = await measure(args);
    if (round > 0) taken.get(name)!.push(took); // the first fills the caches
  }
}

const nothing = taken.get("nothing")!;
console.log(
  `${rounds} rounds, ms        wall: median  least  above | processor: median  least  above`,
);
for (const [name, times] of taken) {
  const [wall, processor] = (["wall", "processor"] as const).map((kind) => {
    const of = (all: Taken[]) => all.map((each) => each[kind]).sort((a, b) => a - b);
    const [sorted, [base]] = [of(times), of(nothing)];
    return [sorted[sorted.length >> 1], sorted[0], sorted[0] - base].map((ms) =>
      ms.toFixed(0).padStart(7)
    ).join("");
  });
  console.log(`${name.padEnd(24)}${wall.padStart(28)} | ${processor.padStart(28)}`);
}

async function program(name: string, source: string): Promise<string> {
  const path = root.join(`${name}.ts`);
  await Deno.writeTextFile(path, source);
  return path;
}

async function measure(args: string[]): Promise<Taken> {
  const deno = [Deno.execPath(), "run", "-A", "--config", join(REPOSITORY, "deno.json"), ...args];
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `TIMEFORMAT="%3R %3U %3S"; time "$@" > /dev/null 2>&1`, "bash", ...deno],
    env: { NO_COLOR: "1", LC_ALL: "C" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  if (!success) throw new Error(`Cannot measure ${args.join(" ")}: ${said}`);
  const [wall, user, system] = said.trim().split(" ").map((seconds) => Number(seconds) * 1000);
  return { wall, processor: user + system };
}
