// Resumable uploads (tus 1.0). An interrupted upload continues where the service stopped.
import { type Service, ServiceError } from "./service.ts";

const TUS = { "tus-resumable": "1.0.0" };
/** Bytes of a request. Progress is known after each. */
const PIECE = 16 * 1024 ** 2;
const MOST_FAILURES = 6;
const WAIT_MS = 500;
const KEY = "holdfast-upload ";

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Receives the number of bytes that the service has. */
  readonly onProgress: (bytes: number) => void;
}

export async function sendFile(
  service: Service,
  file: File,
  { signal, onProgress }: UploadOptions,
): Promise<string> {
  const key = `${KEY}${service.base} ${
    file.webkitRelativePath || file.name
  } ${file.size} ${file.lastModified}`;
  let { id, offset } = await continued(service, key, signal) ??
    await begin(service, file, key, signal);
  let failures = 0;
  onProgress(offset);
  while (offset < file.size) {
    try {
      const response = await service.ask(`uploads/${id}`, {
        method: "PATCH",
        signal,
        headers: {
          ...TUS,
          "upload-offset": String(offset),
          "content-type": "application/offset+octet-stream",
        },
        body: file.slice(offset, offset + PIECE),
      });
      offset = Number(response.headers.get("upload-offset"));
      failures = 0;
    } catch (error) {
      if (signal.aborted || !mayPass(error) || ++failures > MOST_FAILURES) throw error;
      await wait(WAIT_MS * 2 ** failures, signal);
      const known = await continued(service, key, signal).catch(() => undefined);
      if (known !== undefined) ({ id, offset } = known);
    }
    onProgress(offset);
  }
  localStorage.removeItem(key);
  return id;
}

/** Returns true for errors that a later request may not have: no answer, a fault, other bytes. */
function mayPass(error: unknown): boolean {
  const { status = 0 } = error as { status?: number };
  return status === 0 || status === 409 || status === 429 || status >= 500;
}

async function begin(service: Service, file: File, key: string, signal: AbortSignal) {
  const headers = { ...TUS, "upload-length": String(file.size) };
  const response = await service.ask("uploads", { method: "POST", headers, signal });
  const id = response.headers.get("location")!.replace(/^.*\//, "");
  localStorage.setItem(key, id);
  return { id, offset: 0 };
}

/** Finds an upload of the same file that began before, in this browser. */
async function continued(service: Service, key: string, signal: AbortSignal) {
  const id = localStorage.getItem(key);
  if (id === null) return undefined;
  try {
    const response = await service.ask(`uploads/${id}`, { method: "HEAD", headers: TUS, signal });
    return { id, offset: Number(response.headers.get("upload-offset")) };
  } catch (error) {
    if (!(error instanceof ServiceError) || ![403, 404, 410].includes(error.status)) throw error;
    localStorage.removeItem(key);
    return undefined;
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), {
      once: true,
    });
  });
}
