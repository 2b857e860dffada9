// Programs that log to one run, each with lines and numbers of its own. Only the primary one ends it.
import { assertEquals } from "@std/assert";
import { END, open } from "./open_wandb.ts";

const at = (second: number) => `2026-01-01T00:00:0${second}.0`;
const log = (offset: number, ...content: string[]) => ({
  files: { "output.log": { offset, content } },
});
const event = (offset: number, second: number, name: string) => {
  const content = [JSON.stringify({ _timestamp: 1e9 + second, [name]: second })];
  return { files: { "wandb-events.jsonl": { offset, content } } };
};
/** The configuration by which a primary program describes its machine. */
const machine = (writer: string) => ({
  config: JSON.stringify({ _wandb: { value: { e: { [writer]: { host: "n1" } } } } }),
});

Deno.test("lines of programs that share a run are kept beside each other, each once", async () => {
  await using service = await open();
  await service.begin({}, undefined, "one");
  const texts = async (path: string) => {
    const artifact = await service.registry.open("digits");
    return new TextDecoder().decode(await artifact.file(path).bytes()).trim().split("\n");
  };
  const first = log(0, `${at(1)} [one] a`, `${at(4)} [one] 10 %`);
  await service.stream(first, undefined, "one");
  await service.stream(log(0, `${at(2)} [two] b`, `ERROR ${at(3)} [two] c`), undefined, "two");
  await service.stream(first, undefined, "one"); // again, as its answer was lost
  await service.stream(log(1, `${at(5)} [one] 20 %`), undefined, "one"); // a progress bar
  await service.stream(event(0, 1, "system.cpu/l:one"), undefined, "one");
  await service.stream(event(0, 0, "system.cpu/l:two"), undefined, "two");
  await service.lines(0, [1]);

  const asked = { project: "digits", name: "abc", last: 3 };
  const { project: { run } } = (await service.ask("RunConsoleLogTail", asked)).data;
  const edges = run.logLines.edges as { node: { label: string; line: string; level: string } }[];
  assertEquals(edges.map(({ node: { label, line, level } }) => [label, line, level]), [
    ["two", "b", ""],
    ["two", "c", "error"],
    ["one", "20 %", ""],
  ]);
  await service.stream(END, undefined, "one");
  assertEquals(await texts("output.log"), ["[one] a", "[two] b", "[two] c", "[one] 20 %"]);
  const cpus = (await texts("wandb-events.jsonl")).map((line) => Object.keys(JSON.parse(line))[1]);
  assertEquals(cpus, ["system.cpu/l:two", "system.cpu/l:one"]);

  // One that is late is in the next version.
  const late = log(2, `${at(6)} [two] d`);
  await service.stream(late, undefined, "two");
  await service.stream(late, undefined, "two");
  assertEquals((await texts("output.log")).slice(-2), ["[one] 20 %", "[two] d"]);
  assertEquals((await service.registry.info("digits")).version, "2.0.0");
});

Deno.test("a shared run that its primary begins again goes on until that one ends it", async () => {
  await using service = await open();
  const points = (offset: number, losses: readonly number[], more: object, writer: string) => {
    const content = losses.map((loss) => JSON.stringify({ _step: loss, _timestamp: loss, loss }));
    const files = { "wandb-history.jsonl": { offset, content } };
    return service.stream({ files, ...more }, undefined, writer);
  };
  const version = async () => (await service.registry.info("digits")).version;
  await service.begin(machine("one"), undefined, "one");
  await points(0, [1, 2], {}, "one");
  await points(2, [3], END, "one");
  await service.begin(machine("one"), undefined, "one"); // its last configuration, again
  assertEquals(await version(), "1.0.0");
  await service.begin(machine("two"), undefined, "two");
  await points(0, [4], {}, "helper");
  await points(0, [5], {}, "two");
  await points(1, [6], {}, "helper");
  assertEquals([(await service.known()).state, await version()], ["running", "1.0.0"]);
  await points(1, [7], END, "two");
  assertEquals([(await service.known()).state, await version()], ["finished", "2.0.0"]);
  assertEquals(await service.losses(), [1, 2, 3, 4, 5, 6, 7]);
});
