import { loadMany } from "../../registry/contract/many.ts";
import { assert, assertEquals } from "@std/assert";
import { isRegistryError, openRegistry } from "../../mod.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { readAgainAndAgain } from "../registry/processes/read_again.ts";
import { numberedValue, numberOf } from "../registry/programs/numbered_value.ts";
import { collect } from "../registry/rejected.ts";
import { spawnDeno } from "../support/run_deno.ts";
import { REAL_SERVERS } from "../support/servers/mod.ts";
import { placeOf, type ServerWorld, testOnServers } from "./server_world.ts";

const PROCESSES = 6, SAVES = 12;

testOnServers(
  `${PROCESSES} processes with ${SAVES} automatic saves each make ${
    PROCESSES * SAVES
  } versions without gaps`,
  REAL_SERVERS,
  async (world) => {
    const saved = await saveFromManyProcesses(world);
    const all = saved.flat().map((version) => Number(version.split(".")[0])).sort((a, b) => a - b);
    assertEquals(all, Array.from({ length: PROCESSES * SAVES }, (_, i) => i + 1));
    assert(
      saved.some((versions) =>
        Number.parseInt(versions.at(-1)!) - Number.parseInt(versions[0]) > SAVES
      ),
      "they never ran at once",
    );
    const registry = await openRegistry(world.store(), { cache: false });
    const listed = (await collect(registry.versions("counted"))).map(({ version }) => version);
    assertEquals(listed, all.map((number) => `${number}.0.0`).reverse());
    const refs = saved.flat().map((version) => `counted@${version}`);
    const { results } = await loadMany(registry, refs);
    const values = results.map((result) => result.ok ? result.value : result.error);
    assertEquals(
      values,
      saved.flatMap((versions, label) => versions.map((_, i) => `${label} ${i}`)),
    );
    const { ok, versions } = await verifyRegistry(registry);
    assertEquals([ok, versions], [true, PROCESSES * SAVES]);
  },
);

testOnServers("no reader fails during overwrites", REAL_SERVERS, async (world) => {
  const registry = await openRegistry(world.store(), { mutable: true, cache: false });
  await registry.save("kept", numberedValue(0), { version: "1" });
  const writer = await startChanging(world, "overwrite");
  const seen = await readAgainAndAgain(registry, 15);
  await writer.stop();
  assert(seen.size > 3, `only ${seen.size} values were seen`);
  assertEquals((await verifyRegistry(registry)).ok, true);
});

testOnServers("a reader finds a version whole or not at all", REAL_SERVERS, async (world) => {
  const registry = await openRegistry(world.store(), { mutable: true, cache: false });
  const writer = await startChanging(world, "delete");
  const seen = new Set<number>();
  for (let i = 0; i < 1_000 && (i < 30 || seen.size < 5); i++) {
    const reads = [registry.get("kept"), registry.load("kept@1").catch(ifNotFound)];
    for (const value of await Promise.all(reads)) {
      if (value !== undefined) seen.add(numberOf(value));
    }
  }
  await writer.stop();
  assert(seen.size >= 5, `only ${seen.size} values were seen`);
  assertEquals((await verifyRegistry(registry)).ok, true);
});

function ifNotFound(error: unknown): undefined {
  if (!isRegistryError(error, "NotFound")) throw error;
}

async function startChanging(world: ServerWorld, how: "overwrite" | "delete") {
  const child = spawnProgram(world, "change_forever.ts", how);
  assertEquals((await linesOf(child).next()).value, "working");
  return {
    async stop() {
      await stop(child);
      await ended(child);
    },
  };
}

/** The versions that each process reported. All start together in an empty place. */
async function saveFromManyProcesses(world: ServerWorld): Promise<string[][]> {
  const children = Array.from(
    { length: PROCESSES },
    (_, label) => spawnProgram(world, "save_numbered.ts", `${SAVES}`, `${label}`),
  );
  const outputs = children.map(linesOf);
  for (const output of outputs) assertEquals((await output.next()).value, "ready");
  await Promise.all(children.map(stop));
  return await Promise.all(children.map(async (child, i) => {
    const { value } = await outputs[i].next();
    await ended(child);
    return JSON.parse(value!);
  }));
}

function spawnProgram(
  { server, prefix }: ServerWorld,
  program: string,
  ...args: string[]
): Deno.ChildProcess {
  return spawnDeno(`tests/servers/programs/${program}`, [
    JSON.stringify(placeOf(server)),
    prefix,
    ...args,
  ], { permissions: ["--no-check", "-A"], env: { NODE_NO_WARNINGS: "1" } });
}

async function* linesOf({ stdout }: Deno.ChildProcess): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop()!;
    yield* lines;
  }
}

async function stop({ stdin }: Deno.ChildProcess): Promise<void> {
  await new Blob(["stop\n"]).stream().pipeTo(stdin);
}

async function ended(child: Deno.ChildProcess): Promise<void> {
  const [errors, { code }] = await Promise.all([new Response(child.stderr).text(), child.status]);
  assertEquals([code, errors.replace(/^\(node:\d+\).*punycode.*\n(\(Use.*\n)?/m, "")], [0, ""]);
}
