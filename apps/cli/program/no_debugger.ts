// SIGUSR1, with which Node and Deno open a debugger to every user of the machine.
import { isGranted, realSystem, type System } from "../../../core/system.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";

/** How long Deno may take to open it, milliseconds. */
const OPENS_WITHIN_MS = 1000;
/** A command that ends before does not load the inspector, milliseconds. */
const LOAD_AFTER_MS = 500;

interface SignalledProcess {
  readonly platform: string;
  on(signal: "SIGUSR1", listener: () => void): unknown;
}

/** The part of `node:inspector` that closes a debugger. */
interface Inspector {
  url(): string | undefined;
  close(): void;
}

/** Returns the inspector of Deno, which opens a debugger in spite of a listener. Node does not. */
function inspectorOfDeno(): (() => Promise<Inspector>) | undefined {
  const isThere = "Deno" in globalThis && isGranted({ name: "sys", kind: "inspector" });
  return isThere ? () => import("node:inspector") : undefined;
}

/** Keeps SIGUSR1 from opening a debugger, which has no password and runs any code. */
export function refuseDebugger(
  process: SignalledProcess,
  { load = inspectorOfDeno(), system = realSystem }: {
    load?: () => Promise<Inspector>;
    system?: Pick<System, "sleep" | "monotonic">;
  } = {},
): void {
  if (process.platform === "win32") return;
  let closing: Promise<void> | undefined;
  const close = async (load: () => Promise<Inspector>) => {
    const inspector = await load();
    const until = system.monotonic() + OPENS_WITHIN_MS;
    while (inspector.url() === undefined && system.monotonic() < until) await nextTurn();
    if (inspector.url() !== undefined) inspector.close();
  };
  process.on("SIGUSR1", () => {
    if (load !== undefined) closing ??= close(load).finally(() => closing = undefined);
  });
  if (load !== undefined) void system.sleep(LOAD_AFTER_MS).then(load);
}
