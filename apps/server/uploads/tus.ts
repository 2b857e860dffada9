// The tus protocol 1.0 (https://tus.io) over the resumable uploads of a registry.
import type { Readable } from "node:stream";
import { DataStore, Server, Upload } from "npm:@tus/server@^2.4";
import { isRegistryError } from "../../../core/errors.ts";
import type { ResumableUploads } from "../../../extensions/transfers/mod.ts";
import type { Access } from "../access/access.ts";
import { Answer } from "../answer.ts";
import { problem, problemOf } from "../problem.ts";
import { stateOfOwn } from "./own_upload.ts";
import { createTusLocks } from "./tus_locks.ts";
import type { ServiceMemory } from "../memory/service_memory.ts";
import { UploadLocks } from "../memory/upload_locks.ts";

interface TusOptions {
  uploads: ResumableUploads;
  /** The rights of the sender. Uploads belong to its token. */
  access: Access;
  memory: Pick<ServiceMemory, "locks">;
  id?: string;
  /** Lifetime of uploads, milliseconds. */
  keptForMs: number;
  /** Throws for an upload that is too large. */
  checkSize(bytes: number): void;
}

const EXTENSIONS = ["creation", "creation-with-upload", "termination", "expiration"];

/** Answers a tus request, without its CORS headers: the service has its own. */
export async function answerTus(
  request: Request,
  { uploads, access, memory, id, keptForMs, checkSize }: TusOptions,
): Promise<Answer> {
  if (request.method !== "OPTIONS" && request.headers.get("tus-resumable") !== "1.0.0") {
    return notTus();
  }
  const store = new UploadStore({ uploads, access, keptForMs, checkSize });
  const locks = request.method === "POST" ? { locks: new UploadLocks() } : memory; // without an id yet
  const server = new Server({
    path: "/uploads",
    datastore: store,
    namingFunction: () => "new", // the registry makes the id
    getFileIdFromRequest: () => id,
    generateUrl: ({ url }, { id }) => new URL(url).pathname.endsWith("/") ? id : `uploads/${id}`,
    locker: createTusLocks(locks, access.token),
    lockDrainTimeout: 1,
    allowedOrigins: () => false,
    onResponseError: (_request, error) => void (store.failure ??= error),
  });
  const answer = await server.handleWeb(request);
  const headers = Object.fromEntries(
    [...answer.headers].filter(([name]) => !/^(access-control-|content-)/.test(name)),
  );
  const { status } = answer;
  return status < 400 ? new Answer(null, { status, headers }) : await refused(answer, store);
}

async function refused(answer: Response, { failure }: UploadStore): Promise<Answer> {
  const text = (await answer.text()).trim();
  const headers = { "tus-resumable": "1.0.0" };
  if (isRegistryError(failure)) {
    const known = problemOf(failure);
    Object.assign(known.headers, headers);
    return known;
  }
  const status = answer.status === 501 ? 422 : answer.status; // an unsupported extension
  if (status >= 500) {
    return problem(status, { code: "TaskFailed", detail: "Cannot answer: internal error" });
  }
  if (status === 422) {
    return problem(status, { code: "Unsupported", detail: `Cannot upload: ${text}` }, headers);
  }
  const code = status === 404 || status === 410
    ? "NotFound"
    : status === 409
    ? "Conflict"
    : "Invalid";
  const hint = "Follow tus.io/protocols/resumable-upload. HEAD returns the offset of an upload.";
  const detail = `Cannot upload: ${text || `status ${status}`}`;
  return problem(status, { code, detail, hint }, headers);
}

function notTus(): Answer {
  const detail = "Cannot upload: the header Tus-Resumable: 1.0.0 is missing";
  const hint = "Use a tus client such as tus-js-client, or POST /contents or POST /upload.";
  const headers = { "tus-resumable": "1.0.0", "tus-version": "1.0.0" };
  return problem(412, { code: "Invalid", detail, hint }, headers);
}

type StoreOptions = Pick<TusOptions, "uploads" | "access" | "keptForMs" | "checkSize">;

class UploadStore extends DataStore {
  failure?: unknown;
  readonly #given: StoreOptions;
  #keptForMs: number;

  constructor(given: StoreOptions) {
    super();
    this.extensions = EXTENSIONS;
    this.#given = given;
    this.#keptForMs = given.keptForMs;
  }

  override async create(upload: Upload): Promise<Upload> {
    const { uploads, access, checkSize } = this.#given;
    const { size, metadata } = upload;
    checkSize(size!);
    const begun = await uploads.begin({ size: size!, owner: access.token, metadata });
    upload.id = begun.id;
    upload.creation_date = begun.beganAt.toISOString();
    this.#keptForMs = begun.expiresAt.getTime() - begun.beganAt.getTime();
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const { uploads, access } = this.#given;
    const state = await stateOfOwn(uploads, id, access);
    const { size, offset, metadata, beganAt, expiresAt } = state;
    this.#keptForMs = expiresAt.getTime() - beganAt.getTime();
    return new Upload({ id, size, offset, metadata, creation_date: beganAt.toISOString() });
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    try {
      return await this.#given.uploads.append(id, stream, { offset });
    } catch (error) { // the library may replace it by that of the stream, which it ends
      this.failure = error;
      throw error;
    }
  }

  override async remove(id: string): Promise<void> {
    await this.getUpload(id);
    await this.#given.uploads.remove(id);
  }

  override getExpiration(): number {
    return this.#keptForMs;
  }
}
