import { assert, assertEquals } from "@std/assert";
import { createServer, Socket } from "node:net";
import { once } from "node:events";
import { realSystem } from "../../core/system.ts";
import { holdTimers } from "./held_timers.ts";

Deno.test("held timers, signals and sockets wait for the test, others for the clock", async () => {
  const timers = holdTimers(1);
  const came: string[] = [];
  realSystem.sleep(1).then(() => came.push("timer"));
  const signal = AbortSignal.timeout(1);
  signal.onabort = () => came.push(signal.reason.name);
  const socket = new Socket();
  socket.setTimeout(1, () => came.push("socket"));
  await realSystem.sleep(5);
  assertEquals(came, []);
  timers.pass();
  await Promise.resolve();
  assertEquals(came.sort(), ["TimeoutError", "socket", "timer"]);
  socket.destroy();
  timers[Symbol.dispose]();
});

Deno.test("what was given up before is not called, and nothing is held any more afterwards", async () => {
  const { setTimeout } = globalThis;
  const stop = new AbortController();
  const timers = holdTimers(1);
  realSystem.sleep(1, stop.signal).then(() => assert(false), () => {});
  stop.abort();
  const free = new Socket();
  free.setTimeout(1, () => assert(false));
  free.setTimeout(0);
  timers.pass();
  free.destroy();
  timers[Symbol.dispose]();
  assertEquals(globalThis.setTimeout, setTimeout);
  await realSystem.sleep(1);
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const socket = new Socket().connect((listener.address() as { port: number }).port, "127.0.0.1");
  socket.setTimeout(1);
  await once(socket, "timeout");
  socket.destroy();
  listener.close();
});
