// SIGUSR1 to a running command, as a rotation of logs may send it.
import { assertEquals } from "@std/assert";
import { refuseDebugger } from "../../../../apps/cli/program/no_debugger.ts";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";

/** An inspector that Deno opens some turns after each signal. */
function opening() {
  let address: string | undefined;
  let closed = Promise.withResolvers<void>();
  return {
    open: async (turns: number) => {
      for (let i = 0; i < turns; i++) await nextTurn();
      address = "ws://127.0.0.1:9229/id";
    },
    inspector: {
      url: () => address,
      close() {
        address = undefined;
        closed.resolve();
      },
    },
    async closes() {
      await closed.promise;
      closed = Promise.withResolvers();
    },
  };
}

Deno.test("a debugger that SIGUSR1 opens is closed at once, each time", async () => {
  const { open, inspector, closes } = opening();
  let signal = () => {};
  const on = (_: "SIGUSR1", listener: () => void) => signal = listener;
  let loads = 0;
  const load = () => Promise.resolve(inspector).finally(() => loads++);
  const system = createScriptedSystem();
  refuseDebugger({ platform: "linux", on }, { load, system });
  await nextTurn();
  assertEquals(loads, 1, "it is loaded before the first signal");
  for (const turns of [0, 1, 5, 20]) {
    signal();
    signal(); // two at once are one
    await open(turns);
    await closes();
    await nextTurn(); // the first has ended
  }
  assertEquals(loads, 5);
});

Deno.test("Windows has no such signal", () => {
  const on = () => {
    throw new Error("no such signal");
  };
  refuseDebugger({ platform: "win32", on });
});
