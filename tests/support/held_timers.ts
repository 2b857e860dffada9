// Timeouts that a test triggers, instead of the clock of a machine that may be busy. SDKs and the
// runtime do not use the injected time.
import { Socket } from "node:net";
import { setImmediate } from "node:timers";

export interface HeldTimers extends Disposable {
  pass(): void;
  /** Passes when the other end of a server's connection has read all that was written to it. */
  passAfterReading(socket: Socket): Promise<void>;
}

/** Like a timer of Node. The real `clearTimeout` takes it for the timer 0, which does not exist. */
interface HeldTimer {
  ref(): HeldTimer;
  unref(): HeldTimer;
  hasRef(): boolean;
  [Symbol.toPrimitive](): number;
}

type Timers = Pick<typeof globalThis, "setTimeout" | "clearTimeout">;

/**
 * Holds every timer, signal and socket timeout of exactly so many milliseconds, until it is disposed of. Give the
 * program under test a number that nothing else has. Below 6,000: later than that the S3 SDK sets no timer of it at once.
 */
export function holdTimers(ms: number): HeldTimers {
  const world = globalThis as Timers;
  const { setTimeout, clearTimeout } = world;
  const { timeout } = AbortSignal;
  const sockets = Socket.prototype;
  const setSocketTimeout = sockets.setTimeout;
  const waiting = new Map<unknown, () => void>();

  world.setTimeout = ((run: (...args: unknown[]) => void, afterMs?: number, ...args: unknown[]) => {
    // deno-lint-ignore holdfast/injected-world -- it stands in for the timers themselves
    if (afterMs !== ms) return setTimeout(run, afterMs, ...args);
    const timer: HeldTimer = {
      ref: () => timer,
      unref: () => timer,
      hasRef: () => true,
      [Symbol.toPrimitive]: () => 0,
    };
    waiting.set(timer, () => run(...args));
    return timer;
  }) as unknown as typeof setTimeout;
  world.clearTimeout = ((timer?: number) => {
    if (!waiting.delete(timer)) clearTimeout(timer);
  }) as typeof clearTimeout;
  AbortSignal.timeout = (afterMs) => {
    if (afterMs !== ms) return timeout.call(AbortSignal, afterMs);
    const controller = new AbortController();
    waiting.set(
      controller,
      () => controller.abort(new DOMException("Signal timed out.", "TimeoutError")),
    );
    return controller.signal;
  };
  sockets.setTimeout = function (this: Socket, afterMs: number, listener?: () => void) {
    waiting.delete(this);
    if (afterMs !== ms) return setSocketTimeout.call(this, afterMs, listener);
    setSocketTimeout.call(this, 0);
    if (listener !== undefined) this.once("timeout", listener);
    waiting.set(this, () => this.emit("timeout"));
    return this;
  };

  const pass = () => {
    const due = [...waiting.values()];
    waiting.clear();
    for (const run of due) run();
  };
  const bytesRead = (port: number | undefined) =>
    [...waiting.keys()].find((key): key is Socket =>
      key instanceof Socket && key.localPort === port
    )?.bytesRead ?? 0;
  return {
    pass,
    async passAfterReading({ remotePort, bytesWritten }) {
      while (bytesRead(remotePort) < bytesWritten) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      pass();
    },
    [Symbol.dispose]() {
      Object.assign(world, { setTimeout, clearTimeout });
      AbortSignal.timeout = timeout;
      sockets.setTimeout = setSocketTimeout;
    },
  };
}
