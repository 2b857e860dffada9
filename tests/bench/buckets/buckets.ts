// A bucket on MinIO: small values through a registry, and large objects beside `s5cmd`.
import { loadMany, saveMany } from "../../../registry/contract/many.ts";
import { createReadStream } from "node:fs";
import fs from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { copyVersion } from "../../../apps/copy_version.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import { createServerStore } from "../../servers/server_world.ts";
import { startServer } from "../../support/servers/mod.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "../measure.ts";
import { findS5cmd } from "./s5cmd.ts";
import { MIB, randomBytes } from "../values.ts";

const AT_ONCE = 32;

export async function createBucketsGroup(
  { folder, operations, quick }: BenchSettings,
): Promise<Group> {
  const server = await startServer("minio");
  const values = Array.from(
    { length: operations },
    (_, i) => randomBytes(16 * 1024).fill(i & 255, 0, 64),
  );
  const names = values.map((_, i) => `small/${i}`);
  const files = quick ? 2 : 10;
  const source = join(folder, "source"), target = join(folder, "target");
  fs.mkdirSync(source);
  for (let i = 0; i < files; i++) fs.writeFileSync(join(source, `${i}.bin`), randomBytes(64 * MIB));
  const store = createServerStore(server, { prefix: "large" });
  const opened = await openRegistry(createServerStore(server, { prefix: "small" }), {
    cache: false,
  });
  const second = await openRegistry(createServerStore(server, { prefix: "second" }), {
    cache: false,
  });
  const s5cmd = findS5cmd(server);
  let round = 0, copies = 0;

  return {
    measures: [
      small("save 16 KiB", async () => {
        round++;
        const entries = values.map((value, i) => ({
          name: names[i],
          value,
          version: `${round}.0.0`,
        }));
        return await all(saveMany(opened, entries, { concurrency: AT_ONCE }));
      }),
      small(
        "load 16 KiB",
        () => all(loadMany(opened, names, { version: `${round}`, concurrency: AT_ONCE })),
      ),
      ...(s5cmd
        ? [large("s5cmd: up", () => s5cmd("cp", `${source}/*`, `s3://${server.bucket}/s5/`))]
        : []),
      large("up", () => timed(() => each((i) => upload(i)))),
      ...(s5cmd
        ? [large("s5cmd: down", () => s5cmd("cp", `s3://${server.bucket}/s5/*`, `${target}-s5/`))]
        : []),
      large("down", () => timed(() => each((i) => download(i)))),
      ...(s5cmd
        ? [large("s5cmd: copy", () => s5cmd("cp", `s3://${server.bucket}/s5/*`, `${copyUrl()}/`))]
        : []),
      large("copy", async () => {
        if (!await opened.has("large")) await opened.save("large", localPath(source));
        const as = `copy/${copies++}`;
        return await timed(() => copyVersion(opened, "large", { to: second, as }));
      }),
    ],
    async [Symbol.asyncDispose]() {
      await second[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };

  function measure(
    name: string,
    unit: "op" | "MiB",
    count: number,
    run: Measure["run"],
  ): Measure {
    const floor = ["up", "down", "copy"].includes(name) ? `minio, s5cmd: ${name}` : undefined;
    return { name: `minio, ${name}`, unit, count, run, ...(s5cmd ? { floor } : {}) };
  }

  function copyUrl(): string {
    return `s3://${server.bucket}/s5-${copies++}`;
  }

  function small(name: string, run: Measure["run"]): Measure {
    return measure(name, "op", operations, run);
  }

  function large(name: string, run: Measure["run"]): Measure {
    return measure(name, "MiB", files * 64, run);
  }

  async function all(batch: Promise<{ errors: Map<number, Error> }>): Promise<Timing> {
    return await timed(async () => {
      const [error] = (await batch).errors.values();
      if (error !== undefined) throw error;
    });
  }

  async function each(action: (i: number) => Promise<unknown>): Promise<void> {
    const left = Array.from({ length: files }, (_, i) => i);
    const work = async () => {
      for (let i = left.shift(); i !== undefined; i = left.shift()) await action(i);
    };
    await Promise.all(Array.from({ length: 4 }, work));
  }

  async function upload(i: number): Promise<void> {
    const path = join(source, `${i}.bin`);
    const body = Readable.toWeb(createReadStream(path, { highWaterMark: MIB })) as ReadableStream<
      Uint8Array
    >;
    await store.put(`${i}.bin`, body, { size: 64 * MIB });
  }

  async function download(i: number): Promise<void> {
    const object = await store.get(`${i}.bin`);
    fs.mkdirSync(target, { recursive: true });
    const file = await fs.promises.open(join(target, `${i}.bin`), "w");
    try {
      for await (const chunk of object!.body) await file.write(chunk);
    } finally {
      await file.close();
    }
  }
}
