/**
 * The program of a worker: it writes and reads payloads of one store.
 *
 * @module
 */
import type { Artifact, ArtifactInfo } from "../core/artifact.ts";
import type { Backend } from "../core/backend.ts";
import { RegistryError } from "../core/errors.ts";
import type { FilesToSave, Materializer, MaterializerDescriptor } from "../core/materializer.ts";
import type { StoredFile } from "../core/record.ts";
import type { TransferProgress } from "../core/registry.ts";
import { silentLogger } from "../core/system.ts";
import { file, folder, localPath } from "../materializers/mod.ts";
import { createArtifact } from "../registry/payload/read.ts";
import { writePayload } from "../registry/payload/write.ts";
import type { WrittenPayload } from "../registry/payload/write.ts";
import { createChannel, Moved } from "./channel.ts";
import type { CallerMethods, PayloadState, ReadReply, ReadRequest, WorkerMethods } from "./protocol.ts";
import { createQuietOperation } from "./quiet_operation.ts";
import { suppliedFiles } from "./supplied_files.ts";
import { buffersIn } from "./wire_value.ts";
import type { WireValue } from "./wire_value.ts";

/** What a worker thread sees of itself. */
interface WorkerSelf {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

const PROGRESS_BYTES = 1024 * 1024;
const PROGRESS_PIECES = 64;

let backend: Promise<Backend> | undefined;
const payloads = new Map<number, { payload: WrittenPayload; produce: () => FilesToSave }>();

const methods: WorkerMethods = {
  async open({ backend: { module, name, options }, functions }) {
    const asked = functions.map((name) => [name, () => caller.call("ask", { name })]);
    const opened = importNamed({ module, name }).then((create) =>
      (create as (options: object) => Backend)({ ...options as object, ...Object.fromEntries(asked) })
    );
    backend = opened;
    await opened;
  },

  async write({ job, action, value, compress }, signal) {
    const produce = await producerOf(value, job, signal);
    let pieces = 0;
    const operation = createQuietOperation(action, signal, () => {
      if (++pieces % PROGRESS_PIECES === 0) tell();
    });
    const tell = (progress?: TransferProgress) => {
      const storeTime = operation.takeStoreTime();
      caller.call("progress", { job, progress, storeTime }).catch(() => {}); // a failure there ends the job from there
    };
    const payloadStore = { backend: await store(), logger: silentLogger, settings: { graceMs: Infinity } };
    let told = 0;
    const payload = await writePayload(payloadStore, operation, produce(), {
      compress,
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
    payloads.set(job, { payload, produce });
    return stateOf(payload);
  },

  async unshare({ job }) {
    const { payload, produce } = payloads.get(job)!;
    await caller.call("restart", { job });
    await payload.unshare(produce);
    return stateOf(payload);
  },

  append: ({ job, bytes }) => payloads.get(job)!.payload.append(bytes),
  discard: ({ job }) => payloads.get(job)!.payload.discard(),
  release: ({ job }) => void payloads.delete(job),

  async read(request, signal) {
    return await reading(request, signal, async (artifact) => {
      const bytes = await artifact.files()[0].bytes();
      return { value: bytes, transfer: [bytes.buffer as ArrayBuffer] };
    });
  },

  async load({ info, materializer: descriptor, ...request }, signal) {
    const materializer = await importMaterializer(descriptor);
    return await reading(request, signal, async (artifact) => {
      const value = await materializer.load({ ...artifact, info: info as ArtifactInfo }, { signal });
      return { value, transfer: buffersIn(value) };
    });
  },

  ping() {},
};

const self_ = globalThis as unknown as WorkerSelf;
const caller = createChannel<CallerMethods>(methods, (message, transfer) => self_.postMessage(message, transfer));
self_.onmessage = ({ data }) => caller.receive(data);

function store(): Promise<Backend> {
  return backend!; // the first message opens it
}

function stateOf({ files, inline, size, sharing }: WrittenPayload): PayloadState {
  return { files, inline, size, sharing };
}

async function producerOf(value: WireValue, job: number, signal: AbortSignal): Promise<() => FilesToSave> {
  if (value.kind === "files") return () => suppliedFiles(caller, job);
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

/** Reads; an object that is missing is a reply, for what it means only the caller's thread can tell. */
async function reading<T>(
  { ref, recordKey, files, verify }: ReadRequest,
  signal: AbortSignal,
  use: (artifact: Artifact) => Promise<{ value: T; transfer: Transferable[] }>,
): Promise<ReadReply<T>> {
  let missing: string | undefined;
  const folders = new Map(files.map(({ file, folder }) => [file, folder]));
  const source = {
    ref,
    recordKey,
    info: { size: 0 } as ArtifactInfo,
    files: files.map(({ file }) => file),
    inline: new Uint8Array(),
    folder: (file: StoredFile) => folders.get(file)!,
    missing(key: string): Promise<never> {
      missing = key;
      throw new RegistryError({ code: "NotFound", message: `Cannot read "${ref}": an object is missing`, key });
    },
  };
  try {
    const { value, transfer } = await use(createArtifact({ backend: await store() }, source, { verify, signal }));
    return new Moved({ value }, transfer) as unknown as ReadReply<T>;
  } catch (error) {
    if (missing === undefined) throw error;
    return { missing };
  }
}
