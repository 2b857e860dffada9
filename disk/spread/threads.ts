// Threads of this program: Web Workers in Deno, `node:worker_threads` in Node and Bun.
import { parentPort, Worker as NodeWorker } from "node:worker_threads";
import type { Transferable as NodeTransferable } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";

interface ThreadPort {
  post(message: unknown, transfer: Transferable[]): void;
}

export interface Thread extends ThreadPort {
  end(): void;
}

interface ThreadEvents {
  onMessage(message: unknown): void;
  onLost(state: string): void;
}

/** Starts a thread. Reports failures to `onLost` and never throws. */
export function startThread(program: URL, events: ThreadEvents): Thread {
  try {
    return "Deno" in globalThis
      ? startWebWorker(program, events)
      : startNodeWorker(program, events);
  } catch (error) {
    queueMicrotask(() => events.onLost(messageOf(error))); // for example Node's --permission
    return { post() {}, end() {} };
  }
}

const NAME = "holdfast";

function startWebWorker(program: URL, { onMessage, onLost }: ThreadEvents): Thread {
  const worker = new Worker(program, { type: "module", name: NAME });
  worker.onmessage = ({ data }) => onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault(); // the error must not end the program
    onLost(event.message);
  };
  worker.onmessageerror = () => onLost(UNREADABLE);
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    end: () => worker.terminate(),
  };
}

function startNodeWorker(program: URL, { onMessage, onLost }: ThreadEvents): Thread {
  const worker = new NodeWorker(program, { name: NAME });
  worker.on("message", onMessage);
  worker.on("error", (error) => onLost(messageOf(error)));
  worker.on("messageerror", () => onLost(UNREADABLE));
  worker.on("exit", (code) => onLost(`it exited with code ${code}`));
  return { ...portOf(worker), end: () => void worker.terminate() };
}

const UNREADABLE = "a message cannot be deserialized";

/** Connects a thread of {@linkcode startThread} to its starter. Returns undefined elsewhere. */
export function listenToStarter(onMessage: (message: unknown) => void): ThreadPort | undefined {
  if (parentPort !== null) {
    parentPort.on("message", onMessage);
    return portOf(parentPort);
  }
  if (!("WorkerGlobalScope" in globalThis)) return undefined;
  const self = globalThis as unknown as Pick<Worker, "postMessage" | "onmessage">;
  self.onmessage = ({ data }) => onMessage(data);
  return { post: (message, transfer) => self.postMessage(message, transfer) };
}

function portOf(
  port: { postMessage(message: unknown, transfer: NodeTransferable[]): void },
): ThreadPort {
  return { post: (message, transfer) => port.postMessage(message, transfer as NodeTransferable[]) };
}
