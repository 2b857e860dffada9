import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { openRedisBus } from "../../../../extensions/plugins/events/redis.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";

programTest("killed members of a group lose no event", "redis", async ({ shared }) => {
  const place = `${(await shared()).url}?bus=killed`;
  await using root = await tempRoot();
  const folder = root.join("registry");
  await using registry = await openRegistry(folder);
  await using bus = await openRedisBus(place);
  const start = () =>
    watchProcess(
      spawnDeno("tests/extensions/plugins/events/kill_consumer.ts", [place, folder], {
        permissions: ["-A"],
      }),
    );
  const members = [start(), start()];
  for (const member of members) await member.until(() => member.stdout.includes("ready"));
  const numbers = Array.from({ length: 300 }, (_, index) => index);
  const publish = async (some: number[]) => {
    for (const number of some) await bus.publish("count", number);
  };
  // Killed in the middle, one after the other; the third does the rest.
  for (const [index, member] of members.entries()) {
    const publishing = publish(numbers.slice(100 * index, 100 * index + 100));
    await member.until(() => member.stdout.split("handled").length > 10 + 10 * index);
    await member.stop("SIGKILL");
    await publishing;
  }
  await publish(numbers.slice(200));
  const last = start();
  const names = async () => (await Array.fromAsync(registry.names({ prefix: "event:" }))).length;
  await last.until(async () => await names() === 300);
  await last.stop("SIGKILL");
  for (const number of numbers) {
    const versions = await Array.fromAsync(registry.versions(`event:${number}`));
    assertEquals(versions.map(({ version }) => version), ["1.0.0"], `event ${number}`);
  }
});
