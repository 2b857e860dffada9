import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { readEvents } from "../event_text.ts";

Deno.test("a watch tells the latest version, and the next, and goes on where a client was", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createCheckedHandler(registry);
  const watch = async (headers: Record<string, string> = {}) =>
    readEvents(
      await handler(
        new Request("http://localhost/artifacts/a%2Fb/watch?intervalMs=100", { headers }),
      ),
    );

  const events = await watch();
  assertEquals(
    (await events.until("data: ")).includes('id: none\nevent: latest\ndata: {"name":"a/b"}'),
    true,
  );
  const first = await registry.save("a/b", 1);
  const told = await events.until(first.version);
  assertEquals(told.includes(`id: ${first.commit}\nevent: latest\n`), true, told);
  await events.leave();

  const again = await watch({ "last-event-id": first.commit });
  const second = await registry.save("a/b", 2);
  const after = await again.until(second.commit);
  assertEquals(after.includes(first.commit), false, "it was told of that one");
  await again.leave();
});
