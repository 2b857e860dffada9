// Versions whose file is in many runs of few objects, as a save that stores only what changed
// leaves it.
import { averageFor, ListMaker } from "../../../core/bytes/content_chunks.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { Backend } from "../../../core/backend.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import type { Part, VersionRecord } from "../../../core/record.ts";
import type { Registry } from "../../../core/registry.ts";
import { keysOf, noise } from "../registries.ts";

export interface RunsOptions {
  /** Runs of new bytes, between those of the base. */
  runs: number;
  /** Bytes of a run of new bytes. */
  changed?: number;
}

/** Changes `bytes` at places that are evenly far from each other. */
function changedInRuns(
  bytes: Uint8Array,
  { runs, changed = 4_000 }: RunsOptions,
  seed: number,
) {
  const value = bytes.slice();
  const fresh = noise(runs * changed, seed);
  const step = Math.floor(bytes.byteLength / runs);
  const at = (run: number) => run * step + Math.floor(step / 3) + (seed % 7) * 100;
  for (let run = 0; run < runs; run++) {
    value.set(fresh.subarray(run * changed, (run + 1) * changed), at(run));
  }
  return { value, fresh, at };
}

/**
 * Saves the next version of `name`, whose file differs in runs from the latest one: its own object
 * has only the new bytes. Returns its content.
 */
export async function saveInRuns(
  { registry, backend }: { registry: Registry; backend: Backend },
  name: string,
  options: RunsOptions & { seed?: number },
): Promise<Uint8Array> {
  const { changed = 4_000, runs, seed = 9 } = options;
  const before = await latest(backend, name);
  const old = await (await registry.open(name)).files()[0]!.bytes();
  const { value, fresh, at } = changedInRuns(old, options, seed);
  await registry.save(name, value, { share: "none" });
  const { key, record } = await latest(backend, name);
  const [file] = record.files, [base] = before.record.files;
  const from = before.key.split("/")[4] + "/" + before.record.commit;
  const parts: Part[] = [];
  let done = 0;
  for (let run = 0; run < runs; run++) {
    parts.push(...within(base!.parts!, done, at(run), base!.from ?? from));
    parts.push({ object: file!.parts![0]!.object, offset: run * changed, size: changed });
    done = at(run) + changed;
  }
  parts.push(...within(base!.parts!, done, value.byteLength, base!.from ?? from));
  const folder = `objects/${key.split("/")[1]}/${key.split("/")[4]}/${record.commit}`;
  await backend.put(`${folder}/${file!.parts![0]!.object}`, fresh);
  const maker = new ListMaker(averageFor(value.byteLength));
  maker.update(value);
  const list = maker.end().encode()!;
  const chunks = { object: 9, size: list.byteLength, sha256: sha256(list) };
  await backend.put(`${folder}/9`, list);
  await backend.put(key, encodeRecord({ ...record, files: [{ ...file!, parts, chunks }] }));
  return value;
}

function within(parts: readonly Part[], from: number, to: number, place: string): Part[] {
  const cut: Part[] = [];
  let at = 0;
  for (const { object, offset = 0, size, from: own = place } of parts) {
    const begin = Math.max(from, at), end = Math.min(to, at + size);
    if (begin < end) {
      cut.push({ object, offset: offset + begin - at, size: end - begin, from: own });
    }
    at += size;
  }
  return cut;
}

async function latest(
  backend: Backend,
  name: string,
): Promise<{ key: string; record: VersionRecord }> {
  const [key] = await keysOf(backend, `names/${name}/versions/`);
  const bytes = await (await backend.get(key!))!.bytes();
  return { key: key!, record: decodeRecord(bytes, key!).record as VersionRecord };
}
