// The cost of retrained weights by values: pairs of a small model, and checkpoints of one training in a
// row, beside zstd, xdelta3 and restic where they are installed.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import {
  layer,
  safetensors,
  type Tensor,
  trained,
} from "../../registry/payload/weights/weights.ts";
import { timedProgram } from "../buckets/s5cmd.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "../measure.ts";
import { MIB } from "../values.ts";

const run = promisify(execFile);
export const MODEL = "model.safetensors";

type Model = Record<string, Tensor>;
type Pair = [before: Model, after: Model];

export async function createWeightsGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const peers = await installed(["zstd", "xdelta3", "restic"]);
  const measures: Measure[] = [];
  for (const [kind, pair] of Object.entries(pairsOf(quick ? 4 : 32))) {
    const files = pair.map((model, i) => {
      const path = join(folder, `${kind.replaceAll(" ", "-")}-${i}`);
      fs.writeFileSync(path, safetensors(model));
      return path;
    }) as [string, string];
    const mib = fs.statSync(files[1]).size / MIB, theirs = peers.map((peer) => PEERS[peer]!);
    measures.push(...theirs.flatMap((of) => of({ kind, folder, files, mib })));
    measures.push(...ours({ kind, folder, files, mib, hasZstd: peers.includes("zstd") }));
  }
  measures.push(inARow(folder, quick ? 4 : 30, quick ? 2 : 16));
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Returns layers of a MiB each, or of fewer rows. */
export function stateOf(count: number, rows = 512): Model {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${i}`, layer(rows, 1024, i)]),
  );
}

/** Returns a state in which a share of the values moved to a neighbor. */
export function step(model: Model, share?: number, seed = 10): Model {
  return Object.fromEntries(
    Object.entries(model).map(([name, tensor], i) => [name, trained(tensor, 99 * seed + i, share)]),
  );
}

/** Returns pairs of states, by what training did between them. */
function pairsOf(mib: number): Record<string, Pair> {
  const full = stateOf(mib), adapters = stateOf(mib, 64), embedding = layer(512 * mib, 1024, 1);
  const grown = concatBytes([embedding.bytes, layer(10, 1024, 2).bytes]);
  return {
    "a step, 1 % of the values": [full, step(full, 0.01)],
    "a step, 5 % of the values": [full, step(full, 0.05)],
    "many steps, 40 % of the values": [full, step(full, 0.4)],
    "a LoRA, 90 % of its values": [adapters, step(adapters, 0.9)],
    "an embedding with ten more rows": [
      { embedding },
      { embedding: { ...embedding, shape: [512 * mib + 10, 1024], bytes: grown } },
    ],
  };
}

interface Compared {
  kind: string;
  folder: string;
  files: [before: string, after: string];
  mib: number;
}

/** Saves the second state, and loads it; the fact is the growth of the store, in percent. */
function ours({ kind, folder, files, mib, hasZstd }: Compared & { hasZstd: boolean }): Measure[] {
  let added = "";
  const opened = async <T>(use: (place: string) => Promise<T>) => {
    const place = fs.mkdtempSync(join(folder, "registry-"));
    const data = join(fs.mkdtempSync(join(folder, "data-")), MODEL);
    const registry = await openRegistry(place, { cache: false });
    const save = (path: string) => {
      fs.copyFileSync(path, data);
      return registry.save("a", localPath(data), { share: "values" });
    };
    try {
      await save(files[0]);
      const timing = await timed(async () => {
        const { addedBytes = 0, size } = await save(files[1]);
        added = percent(addedBytes, size);
      });
      await use(place);
      return timing;
    } finally {
      await registry.close();
      fs.rmSync(place, { recursive: true });
      fs.rmSync(join(data, ".."), { recursive: true });
    }
  };
  const load = async (place: string): Promise<Timing> => {
    const registry = await openRegistry(place, { cache: false });
    const to = join(folder, "loaded");
    const timing = await timed(() => registry.download("a", { to, overwrite: true }));
    if (!fs.readFileSync(to).equals(fs.readFileSync(files[1]))) throw new Error("not as saved");
    await registry.close();
    return timing;
  };
  const floor = (action: string) => hasZstd ? `zstd --patch-from: ${action} ${kind}` : undefined;
  return [
    {
      name: `save ${kind}`,
      count: mib,
      unit: "MiB",
      floor: floor("save"),
      run: () => opened(() => Promise.resolve()),
      facts: () => ({ added }),
    },
    {
      name: `load ${kind}`,
      count: mib,
      unit: "MiB",
      floor: floor("load"),
      async run() {
        let timing!: Timing;
        await opened(async (place) => void (timing = await load(place)));
        return timing;
      },
    },
  ];
}

/** Saves checkpoints of one training; the facts are the averages of all but the first. */
function inARow(folder: string, checkpoints: number, mib: number): Measure {
  let added = "";
  return {
    name: `save ${checkpoints} checkpoints of ${mib} MiB in a row, 5 % of the values each`,
    count: checkpoints * mib,
    unit: "MiB",
    async run() {
      const place = fs.mkdtempSync(join(folder, "registry-")), data = join(folder, MODEL);
      const registry = await openRegistry(place, { cache: false });
      let model = stateOf(mib), sum = 0, bytes = 0;
      const total: Timing = { wallMs: 0, cpuMs: 0 };
      for (let at = 0; at < checkpoints; at++) {
        fs.writeFileSync(data, safetensors(model));
        const { wallMs, cpuMs } = await timed(async () => {
          const saved = await registry.save("a", localPath(data), { share: "values" });
          if (at === 0) return;
          sum += saved.addedBytes ?? 0;
          bytes += saved.size;
        });
        total.wallMs += wallMs;
        total.cpuMs += cpuMs;
        model = step(model, undefined, at);
      }
      added = percent(sum, bytes);
      await registry.close();
      fs.rmSync(place, { recursive: true });
      return total;
    },
    facts: () => ({ added }),
  };
}

const PEERS: Record<string, (of: Compared) => Measure[]> = {
  zstd: ({ kind, folder, files: [before, after], mib }) => {
    const patch = join(folder, "patch.zst"), from = `--patch-from=${before}`;
    const words = ["-q", "-f", "--long=30", from];
    return delta("zstd --patch-from", { kind, mib, patch }, {
      save: ["zstd", ...words, after, "-o", patch],
      load: ["zstd", "-d", ...words, patch, "-o", join(folder, "patched")],
    });
  },
  xdelta3: ({ kind, folder, files: [before, after], mib }) => {
    const patch = join(folder, "patch.xd3");
    return delta("xdelta3", { kind, mib, patch }, {
      save: ["xdelta3", "-e", "-f", "-s", before, after, patch],
      load: ["xdelta3", "-d", "-f", "-s", before, patch, join(folder, "patched")],
    });
  },
  restic: ({ kind, folder, files, mib }) => {
    let added = "";
    return [{
      name: `restic: save ${kind}`,
      count: mib,
      unit: "MiB",
      async run() {
        const place = fs.mkdtempSync(join(folder, "restic-")), data = join(folder, "restic-data");
        const env = { ...process.env, RESTIC_PASSWORD: "bench", RESTIC_REPOSITORY: place };
        const call = (...words: string[]) => timedProgram("restic", ["--no-cache", ...words], env);
        await call("init");
        fs.copyFileSync(files[0], data);
        await call("backup", data);
        const earlier = bytesIn(place);
        fs.copyFileSync(files[1], data);
        const timing = await call("backup", data);
        added = percent(bytesIn(place) - earlier, mib * MIB);
        fs.rmSync(place, { recursive: true });
        return timing;
      },
      facts: () => ({ added }),
    }];
  },
};

/** Makes a patch with a program, and applies it. */
function delta(
  program: string,
  { kind, mib, patch }: { kind: string; mib: number; patch: string },
  commands: { save: string[]; load: string[] },
): Measure[] {
  let added = "";
  const call = ([command, ...words]: string[]) => timedProgram(command!, words, process.env);
  return [
    {
      name: `${program}: save ${kind}`,
      count: mib,
      unit: "MiB",
      async run() {
        const timing = await call(commands.save);
        added = percent(fs.statSync(patch).size, mib * MIB);
        return timing;
      },
      facts: () => ({ added }),
    },
    {
      name: `${program}: load ${kind}`,
      count: mib,
      unit: "MiB",
      async run() {
        await call(commands.save); // the patch of this pair
        return await call(commands.load);
      },
    },
  ];
}

async function installed(programs: readonly string[]): Promise<string[]> {
  const found = programs.map((program) => run("which", [program]).then(() => true, () => false));
  const isThere = await Promise.all(found);
  return programs.filter((_, i) => isThere[i]);
}

export function percent(bytes: number, of: number): string {
  return `${(100 * bytes / of).toFixed(2)} %`;
}

function bytesIn(folder: string): number {
  const files = fs.readdirSync(folder, { recursive: true }) as string[];
  const all = files.map((path) => fs.statSync(join(folder, path)));
  return all.reduce((sum, stats) => stats.isFile() ? sum + stats.size : sum, 0);
}
