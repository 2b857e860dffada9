/**
 * The program of a worker: it writes and reads payloads of one store.
 *
 * @module
 */
import type { Artifact, ArtifactFile, ArtifactInfo } from "../core/artifact.ts";
import type { Backend, BackendDescriptor } from "../core/backend.ts";
import { writeFileTo } from "../core/disk/stage_files.ts";
import { RegistryError } from "../core/errors.ts";
import type { FilesToSave, Materializer, MaterializerDescriptor } from "../core/materializer.ts";
import type { Part, StoredFile } from "../core/record/record.ts";
import type { Logger, TransferProgress } from "../core/registry.ts";
import { realSystem } from "../core/system.ts";
import { file, folder, localPath } from "../materializers/mod.ts";
import { createCache } from "../registry/cache/cache.ts";
import type { RegistryCache } from "../registry/cache/cache.ts";
import { createLoadLimit } from "../registry/payload/load_limit.ts";
import type { LoadLimit } from "../registry/payload/load_limit.ts";
import { createArtifact, drain } from "../registry/payload/read.ts";
import { writePayload } from "../registry/payload/write.ts";
import type { WrittenPayload } from "../registry/payload/write.ts";
import { createChannel, Moved } from "./channel.ts";
import type { CallerMethods, PayloadState, ReadReply, ReadRequest, WorkerMethods } from "./protocol.ts";
import { createQuietOperation } from "./quiet_operation.ts";
import { suppliedFiles } from "./supplied_files.ts";
import { buffersIn, isOurs } from "./wire_value.ts";
import type { WireValue } from "./wire_value.ts";

/** What a worker thread sees of itself. */
interface WorkerSelf {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

const PROGRESS_BYTES = 4 * 1024 * 1024;
const PROGRESS_PIECES = 8;

let backend: Promise<Backend> | undefined;
let cache: RegistryCache | undefined;
const payloads = new Map<number, { payload: WrittenPayload; produce: () => FilesToSave; tell: () => void }>();

const methods: WorkerMethods = {
  async open({ backend: descriptor, functions, cache: cacheDescriptor }) {
    const asked = functions.map((name) => [name, () => caller.call("ask", { name })]);
    await (backend = openBackend(descriptor, Object.fromEntries(asked)));
    if (cacheDescriptor === undefined) return;
    const { backend: cacheBackend, ...place } = cacheDescriptor;
    cache = createCache({ ...place, backend: await openBackend(cacheBackend, {}), system: realSystem, logger });
  },

  async write({ job, action, value, compress }, signal) {
    const produce = await producerOf(value, job, { compress: compress !== undefined, signal });
    let pieces = 0;
    const operation = createQuietOperation(action, signal, () => {
      if (++pieces % PROGRESS_PIECES === 0) tell();
    });
    const tell = (progress?: TransferProgress) => {
      const storeTime = operation.takeStoreTime();
      caller.call("progress", { job, progress, storeTime }).catch(() => {}); // a failure there ends the job from there
    };
    const payloadStore = { backend: await store(), logger, settings: { graceMs: Infinity } };
    let told = 0;
    const payload = await writePayload(payloadStore, operation, produce(), {
      compress,
      oneByOne: value.kind === "files", // the other thread forgets a file when the next is asked for
      onProgress(progress) {
        if (progress.bytes - told < PROGRESS_BYTES) return;
        told = progress.bytes;
        tell(progress);
      },
      async begin() {
        const { folder, sizes } = await caller.call("begin", { job });
        if (sizes === undefined) return { folder };
        return { folder, base: { sizes, share: (file: StoredFile) => caller.call("share", { job, file }) } };
      },
    });
    payloads.set(job, { payload, produce, tell });
    tell(); // what the store's clock said last
    return stateOf(payload);
  },

  async unshare({ job }) {
    const { payload, produce, tell } = payloads.get(job)!;
    await caller.call("restart", { job });
    await payload.unshare(produce);
    tell();
    return stateOf(payload);
  },

  async append({ job, bytes }) {
    const { payload, tell } = payloads.get(job)!;
    const appended = await payload.append(bytes);
    tell();
    return appended;
  },
  discard: ({ job }) => payloads.get(job)!.payload.discard(),
  release: ({ job }) => void payloads.delete(job),

  async read(request, signal) {
    return await reading(request, signal, async (artifact) => {
      const bytes = await artifact.files()[0].bytes();
      return { value: bytes, transfer: [bytes.buffer as ArrayBuffer] };
    });
  },

  async writeFile({ path, ...request }, signal) {
    return await reading(request, signal, async (artifact) => {
      await writeFileTo(path, artifact.files()[0], signal);
      return { value: undefined, transfer: [] };
    });
  },

  async check(request, signal) {
    return await reading(request, signal, async (artifact) => {
      await drain(artifact.files()[0]);
      return { value: undefined, transfer: [] };
    });
  },

  async load({ info, materializer: descriptor, ...request }, signal) {
    const materializer = await importMaterializer(descriptor);
    return await reading(request, signal, async (artifact, limit) => {
      const { given, ...noting } = notingBytes(artifact);
      const opened = { ...noting, info: info as ArtifactInfo };
      const value = await limit.together(() => materializer.load(opened, { signal }));
      // What somebody else's code has besides may be its own, and needed again.
      return { value, transfer: buffersIn(value).filter((buffer) => isOurs(descriptor) || given.has(buffer)) };
    });
  },

  ping() {},
  close: async () => await cache?.close(),
};

const self_ = globalThis as unknown as WorkerSelf;
const caller = createChannel<CallerMethods>(methods, (message, transfer) => self_.postMessage(message, transfer));
const logger: Logger = {
  debug: forward("debug"),
  info: forward("info"),
  warn: forward("warn"),
  error: forward("error"),
};
self_.onmessage = ({ data }) => caller.receive(data);

function store(): Promise<Backend> {
  return backend!; // the first message opens it
}

async function openBackend({ module, name, options }: Omit<BackendDescriptor, "functions">, asked: object) {
  const create = await importNamed({ module, name }) as (options: object) => Backend;
  return create({ ...options as object, ...asked });
}

/** A logger of the caller's thread. */
function forward(level: keyof Logger) {
  return (message: unknown) => void caller.call("log", { level, message: String(message) }).catch(() => {});
}

function stateOf({ files, inline, size, sharing }: WrittenPayload): PayloadState {
  return { files, inline, size, sharing };
}

async function producerOf(
  value: WireValue,
  job: number,
  { compress, signal }: { compress: boolean; signal: AbortSignal },
): Promise<() => FilesToSave> {
  if (value.kind === "files") return () => suppliedFiles(caller, job, { compress });
  if (value.kind === "path") {
    const materializer = value.folder ? folder() : file();
    const path = localPath(value.path, value.options);
    return () => materializer.save(path, { signal });
  }
  const materializer = await importMaterializer(value.materializer);
  return () => materializer.save(value.value, { signal });
}

/** Code that the opening program named when it registered the materializer; nothing stored is asked. */
async function importMaterializer({ module, name }: MaterializerDescriptor): Promise<Materializer> {
  const exported = await importNamed({ module, name });
  return (typeof exported === "function" ? exported() : exported) as Materializer;
}

async function importNamed({ module, name }: MaterializerDescriptor): Promise<unknown> {
  return (await import(module))[name];
}

/** The same artifact, and the memory that its reader was given of it. */
function notingBytes(artifact: Artifact): Omit<Artifact, "info"> & { given: Set<ArrayBufferLike> } {
  const given = new Set<ArrayBufferLike>();
  const noting = (file: ArtifactFile): ArtifactFile => ({
    ...file,
    async bytes() {
      const bytes = await file.bytes();
      given.add(bytes.buffer);
      return bytes;
    },
  });
  return { given, files: () => artifact.files().map(noting), file: (path) => noting(artifact.file(path)) };
}

/** Reads; an object that is missing is a reply, for what it means only the caller's thread can tell. */
async function reading<T>(
  { job, ref, recordKey, files, verify, cached, maxLoadBytes = Infinity }: ReadRequest,
  signal: AbortSignal,
  use: (artifact: Artifact, limit: LoadLimit) => Promise<{ value: T; transfer: Transferable[] }>,
): Promise<ReadReply<T>> {
  let missing: string | undefined;
  const keys = new Map(files.map(({ file, keys }) => [file, keys]));
  const source = {
    ref,
    recordKey,
    info: { size: 0 } as ArtifactInfo,
    files: files.map(({ file }) => file),
    inline: new Uint8Array(),
    keyOf: (file: StoredFile, part: Part) => keys.get(file)![file.parts!.indexOf(part)],
    missing(key: string): Promise<never> {
      missing = key;
      throw new RegistryError({ code: "NotFound", message: `Cannot read "${ref}": an object is missing`, key });
    },
  };
  let told = 0;
  const onProgress = (progress: TransferProgress) => {
    if (progress.bytes - told < PROGRESS_BYTES) return;
    told = progress.bytes;
    caller.call("moved", { job, progress }).catch(() => {});
  };
  try {
    const context = { backend: await store(), cache: cached ? cache : undefined };
    const limit = createLoadLimit(maxLoadBytes);
    const { value, transfer } = await use(
      createArtifact(context, source, { verify, signal, onProgress, limit }),
      limit,
    );
    return new Moved({ value }, transfer) as unknown as ReadReply<T>;
  } catch (error) {
    if (missing === undefined) throw error;
    return { missing };
  }
}
