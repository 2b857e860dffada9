import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import { createUploadLocks } from "../../../../apps/server/uploads/tus_locks.ts";

const { signal } = new AbortController();

Deno.test("a lock asks its holder once to go, and waits for it without polling", async () => {
  const locks = createUploadLocks();
  const [first, second, other] = ["a", "a", "b"].map((id) => locks.newLock(id));
  let asked = 0;
  await first.lock(signal, () => void asked++);
  await other.lock(signal, () => {});
  let isMine = false;
  const locked = second.lock(signal, () => {}).then(() => isMine = true);
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  assertEquals([asked, isMine], [1, false]);
  await first.unlock();
  await locked;
  const aborted = AbortSignal.abort(new Error("gone"));
  await assertRejects(() => locks.newLock("a").lock(aborted, () => {}), Error, "gone");
  await second.unlock();
  await locks.newLock("a").lock(signal, () => {});
});
