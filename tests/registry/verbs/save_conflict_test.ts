import { assertEquals } from "@std/assert";
import { rejected } from "../rejected.ts";
import { noise, testOnEach } from "../registries.ts";

testOnEach("save() keeps the old value when an overwrite fails", async ({ registry }) => {
  await registry.save("a", "one", { version: "1" });
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(noise(300_000));
      controller.error(new Error("cable cut"));
    },
  });
  await rejected(
    "TaskFailed",
    registry.save("a", broken, { version: "1", onConflict: "overwrite" }),
  );
  assertEquals(await registry.load("a@1"), "one");
}, { mutable: true });
