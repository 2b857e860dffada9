/**
 * The program of a worker, which runs jobs on one store.
 *
 * @module
 */
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import type { Backend, BackendDescriptor } from "../core/backend.ts";
import { fault } from "../core/errors.ts";
import type { JobProgress } from "../core/executor.ts";
import type {
  MaterializeOptions,
  Materializer,
  MaterializerDescriptor,
} from "../core/materializer.ts";
import type { Logger } from "../core/registry.ts";
import { realSystem } from "../core/system.ts";
import { type OpenedJobs, openPayloadJobs } from "../registry/cache/payload_jobs.ts";
import { createChannel, Moved } from "./channel.ts";
import type { CallerMethods, WorkerMethods } from "./protocol.ts";
import { listenToStarter } from "../disk/spread/threads.ts";
import { buffersIn, isOurs, receiveJob } from "./wire_job.ts";

const PROGRESS_BYTES = 4 * 1024 * 1024;
const PROGRESS_PIECES = 8;

let store: Promise<OpenedJobs> | undefined; // the first message opens it

const methods: WorkerMethods = {
  async open(request) {
    await (store = openStore(request));
  },

  async run({ run, kind, job }, signal) {
    const moving: Transferable[] = [];
    const received = receiveJob(
      kind,
      job,
      ({ materializer, value }) => materializing(materializer, value, moving),
    );
    const progress = createProgress(run);
    // deno-lint-ignore no-explicit-any -- the job of its kind
    const reply = await (await store)!.executor.run(kind, received as any, {
      signal,
      onProgress: progress.report,
    });
    progress.end();
    if (kind === "readFile" && "value" in reply) {
      moving.push((reply.value as Uint8Array).buffer as ArrayBuffer);
    }
    return new Moved(reply, moving);
  },

  ping() {},
  close: async () => await (await store)?.close(),
};

/** Undefined in a program that imports this module only to compile it in. */
const starter = listenToStarter((message) => caller.receive(message));
const caller = createChannel<CallerMethods>(
  methods,
  (message, transfer) => starter?.post(message, transfer),
);
const logger: Logger = {
  debug: forward("debug"),
  info: forward("info"),
  warn: forward("warn"),
  error: forward("error"),
};
function forward(level: keyof Logger) {
  return (message: unknown) =>
    void caller.call("log", { level, message: String(message) }).catch(() => {});
}

async function openStore(
  { backend: descriptor, functions, cache: cached }: Parameters<WorkerMethods["open"]>[0],
): Promise<OpenedJobs> {
  const asked = functions.map((name) => [name, () => caller.call("ask", { name })]);
  const backend = await openBackend(descriptor, Object.fromEntries(asked));
  return openPayloadJobs(
    backend,
    cached && {
      ...cached,
      backend: await openBackend(cached.backend, {}),
      system: realSystem,
      logger,
    },
  );
}

async function openBackend(
  { module, name, options }: Omit<BackendDescriptor, "functions">,
  asked: object,
) {
  const create = await importNamed({ module, name }) as (options: object) => Backend;
  return create({ ...options as object, ...asked });
}

/** Imports the module that the calling program registered. Its URL never comes from the store. */
async function importMaterializer({ module, name }: MaterializerDescriptor): Promise<Materializer> {
  const hint =
    "Set its `reopen` to { module: import.meta.url, name }, where `name` is an export: a " +
    "materializer or a function that returns one. Or remove `reopen` to stay on the main thread.";
  const lost = (state: string, cause?: unknown) =>
    fault({ code: "Invalid", action: "use a materializer in a worker", state, hint, cause });
  const exported = await importNamed({ module, name }).catch((cause) => {
    throw lost(`module ${JSON.stringify(module)} cannot be imported`, cause);
  });
  const materializer = typeof exported === "function" ? exported() : exported;
  if (typeof materializer?.save === "function" && typeof materializer.load === "function") {
    return materializer;
  }
  throw lost(`${JSON.stringify(name)} of module ${JSON.stringify(module)} is not a materializer`);
}

// deno-lint-ignore no-explicit-any -- an export of any type
async function importNamed({ module, name }: MaterializerDescriptor): Promise<any> {
  return (await import(module))[name];
}

/** Runs a materializer in this worker. Buffers that nothing else uses move to the caller. */
function materializing(descriptor: MaterializerDescriptor, value: unknown, moving: Transferable[]) {
  return {
    async *save(options: MaterializeOptions) {
      const files = (await importMaterializer(descriptor)).save(value, options);
      yield* Symbol.asyncIterator in files ? files : await files;
    },
    async load(artifact: Artifact, options: MaterializeOptions) {
      const { buffers, ...noting } = notingBytes(artifact);
      const loaded = await (await importMaterializer(descriptor)).load(noting, options);
      // Other buffers may belong to the materializer's own code.
      moving.push(
        ...buffersIn(loaded).filter((buffer) => isOurs(descriptor) || buffers.has(buffer)),
      );
      return loaded;
    },
  };
}

/** Returns the same artifact, and the set of buffers that it has handed out. */
function notingBytes(artifact: Artifact): Artifact & { buffers: Set<ArrayBufferLike> } {
  const buffers = new Set<ArrayBufferLike>();
  const noting = (file: ArtifactFile): ArtifactFile => ({
    ...file,
    async bytes() {
      const bytes = await file.bytes();
      buffers.add(bytes.buffer);
      return bytes;
    },
  });
  const { info } = artifact;
  return {
    buffers,
    info,
    files: () => artifact.files().map(noting),
    file: (path) => noting(artifact.file(path)),
  };
}

/** Sends the progress of a run to the caller's thread every few pieces. */
function createProgress(run: number) {
  let path = "", bytes = 0, pieces = 0;
  const send = () => {
    // If this fails, the caller ends the run itself.
    caller.call("progress", { run, progress: { path, bytes } }).catch(() => {});
    bytes = pieces = 0;
  };
  return {
    report(progress: JobProgress): void {
      path = progress.path;
      bytes += progress.bytes;
      if (bytes >= PROGRESS_BYTES || ++pieces % PROGRESS_PIECES === 0) send();
    },
    end: () => bytes > 0 && send(),
  };
}
