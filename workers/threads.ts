// Threads of this program: Web Workers in Deno; `node:worker_threads` in Node, which has no others,
// and in Bun, where they end in the same way.
import { parentPort, Worker as NodeWorker } from "node:worker_threads";
import type { Transferable as NodeTransferable } from "node:worker_threads";
import { messageOf } from "../core/errors.ts";

export interface ThreadPort {
  post(message: unknown, transfer: Transferable[]): void;
}

export interface Thread extends ThreadPort {
  end(): void;
}

export interface ThreadEvents {
  onMessage(message: unknown): void;
  onLost(state: string): void;
}

/** Starts a thread with this program. What goes wrong is heard, never thrown. */
export function startThread(program: URL, events: ThreadEvents): Thread {
  try {
    return "Deno" in globalThis
      ? startWebWorker(program, events)
      : startNodeWorker(program, events);
  } catch (error) {
    queueMicrotask(() => events.onLost(messageOf(error))); // it may not be started: Node's --permission
    return { post() {}, end() {} };
  }
}

const NAME = "holdfast";

function startWebWorker(program: URL, { onMessage, onLost }: ThreadEvents): Thread {
  const worker = new Worker(program, { type: "module", name: NAME });
  worker.onmessage = ({ data }) => onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault(); // it is an answer to whoever gave it work, not the end of the program
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
  worker.on("exit", (code) => onLost(`it ended by itself, with code ${code}`));
  return { ...portOf(worker), end: () => void worker.terminate() };
}

const UNREADABLE = "a message could not be read";

/** In a thread that {@linkcode startThread} started, the way to the one that did so; undefined in all other programs. */
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
