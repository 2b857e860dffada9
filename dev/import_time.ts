/**
 * How long `import "@holdfast/holdfast"` takes in a new process, with everything downloaded: prints the median and the
 * slowest.
 *
 * @module
 */
const ROUNDS = 20;

const door = new URL("../mod.ts", import.meta.url);
const program = `const start = performance.now(); await import("${door}"); console.log(performance.now() - start);`;

const times: number[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
  });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`Cannot import ${door}: ${new TextDecoder().decode(stderr)}`);
  times.push(Number(new TextDecoder().decode(stdout)));
}
const sorted = times.slice(1).sort((a, b) => a - b); // the first fills the caches
console.log(
  `import ${door.pathname}: median ${sorted[ROUNDS / 2].toFixed(1)} ms, slowest ${sorted.at(-1)!.toFixed(1)} ms`,
);
