// Uses a registry and its mirror, chosen by a seed, and writes every created record to a journal:
// its content before it is sent, and its landing. Prints a line for each step.
//
// Arguments: role (`writer` or `keeper`), folder, folder of the mirror, journal, seed, number of
// steps, "mutable" or not.
import { appendFileSync } from "node:fs";
import process from "node:process";
import type { Backend } from "../../../../core/backend.ts";
import { isRegistryError } from "../../../../core/errors.ts";
import { prune } from "../../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { createLocalBackend, openRegistry, realSystem } from "../../../../mod.ts";
import { createRandom } from "../../../simulate/random.ts";
import { withShiftedTime } from "../../../simulate/with_shifted_time.ts";

const [role, path, mirrorPath, journal, seed, steps, kind] = process.argv.slice(2);
const WEEK_MS = 7 * 24 * 3_600_000;
/** Data older than this is old for collectors: steps are shorter, and none has payload. */
const OLD_MS = 1_000;
const NAME = "a";
const ALIASES = ["live", "old"];
const VERSIONS = ["1.0.0", "1.1.0", "2.0.0", "3.0.0"];

const random = createRandom(Number(seed));
const options = { mutable: kind === "mutable", cache: false } as const;
const local = (folder: string) => createLocalBackend({ path: folder, durability: "os" });
const registry = await openRegistry(withJournal(local(path)), options);
const mirror = await openRegistry(local(mirrorPath), options);

for (let step = 0; step < Number(steps); step++) {
  try {
    await (role === "writer" ? write(step) : keep());
    console.log("done");
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    console.log(error.code);
  }
}

async function write(step: number): Promise<void> {
  const version = random.pick(VERSIONS), alias = random.pick(ALIASES);
  const choice = random.int(10);
  if (choice < 4) {
    const named = options.mutable
      ? { version, onConflict: "overwrite" } as const
      : random.chance(0.3)
      ? { version }
      : {};
    await registry.save(NAME, `${seed}.${step}`, named);
  } else if (choice < 6) await registry.delete(`${NAME}@${version}`, { force: true });
  else if (choice < 9) await registry.setAlias(NAME, alias, version);
  else await registry.deleteAlias(NAME, alias);
}

async function keep(): Promise<void> {
  const choice = random.int(6);
  if (choice < 3) {
    const folder = random.pick([path, mirrorPath]);
    await collectGarbage(await openRegistry(withOldAge(local(folder)), options));
  } else if (choice < 5) await mirrorRegistry(registry, mirror);
  else await prune(registry, { keepLast: 2, keepAliased: random.chance(0.5) });
}

function withOldAge(inner: Backend): Backend {
  const isOld = (modifiedAt: number) => realSystem.now() - modifiedAt > OLD_MS;
  return withShiftedTime(inner, {
    shiftMs: ({ key, modifiedAt }) =>
      key.startsWith("scratch/") || !isOld(modifiedAt) ? 0 : -WEEK_MS,
  });
}

function withJournal(inner: Backend): Backend {
  const put: Backend["put"] = async (key, body, given) => {
    if (given?.mode !== "create" || !/^names\/a\/(versions|aliases)\//.test(key)) {
      return await inner.put(key, body, given);
    }
    const id = realSystem.id();
    const text = new TextDecoder().decode(body as Uint8Array);
    note({ id, key, text });
    const result = await inner.put(key, body, given);
    note({ id, landed: result.written });
    return result;
  };
  return Object.assign(Object.create(inner), { put });
}

function note(entry: Record<string, unknown>): void {
  appendFileSync(journal, `${JSON.stringify(entry)}\n`);
}
