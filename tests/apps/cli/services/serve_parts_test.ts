import { assertEquals, assertRejects } from "@std/assert";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { EXTENSIONS } from "../../../../apps/extensions.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";
import { openService } from "../../server/uploads/sending.ts";
import type { CommandContext } from "../../../../apps/cli/program/command.ts";
import type { Extension } from "../../../../apps/cli/program/extension.ts";
import { absentHints, openParts } from "../../../../apps/cli/services/serve_parts.ts";

/** Extensions whose parts note that they are closed. The others fail to open or to close. */
function createExtensions(names: readonly string[], closed: string[]): Extension[] {
  return names.map((name) => ({
    name,
    serving: {
      options: [],
      async *open() {
        if (name === "opens badly") await Promise.reject(new Error(name));
        yield {
          [Symbol.asyncDispose]() {
            closed.push(name);
            return name === "closes badly" ? Promise.reject(new Error(name)) : Promise.resolve();
          },
        };
      },
    },
  }));
}

const context = {} as CommandContext; // no part uses it

Deno.test("all parts of a service are closed, the last one first, also if one fails to close", async () => {
  const closed: string[] = [];
  const parts = await openParts(createExtensions(["a", "closes badly", "b"], closed), {}, context);
  assertEquals(closed, []);
  await assertRejects(async () => await parts[Symbol.asyncDispose](), Error, "closes badly");
  assertEquals(closed, ["b", "closes badly", "a"]);
});

Deno.test("a part that fails to open closes those before it", async () => {
  const closed: string[] = [];
  const opening = openParts(createExtensions(["a", "b", "opens badly", "c"], closed), {}, context);
  await assertRejects(() => opening, Error, "opens badly");
  assertEquals(closed, ["b", "a"]);
});

Deno.test("a path of an extension that is turned off names the option", async () => {
  const absent = absentHints(EXTENSIONS);
  await using service = await openService({ absent });
  const hints: Record<string, string> = {};
  for (const path of ["/jobs", "/jobs/a/events", "/api/whoami-v2", "/dav/a@1/", "/mcp", "/nope"]) {
    const answer = await service.send("GET", path);
    assertEquals(answer.status, 404, path);
    hints[path] = (await answer.json()).hint;
  }
  assertEquals(hints, {
    "/jobs": "Start the service with --queue URL.",
    "/jobs/a/events": "Start the service with --queue URL.",
    "/api/whoami-v2": "Start the service with --hf.",
    "/dav/a@1/": "Start the service with --dav.",
    "/mcp": "Start the service with --mcp.",
    "/nope": "List all routes: GET /openapi.json.",
  });
});

Deno.test("a missing path of an extension that is turned on names no option", async () => {
  await using queue = createMemoryQueue();
  const gateways = [createJobsGateway(queue), hub, dav, mcp];
  await using service = await openService({ gateways, absent: absentHints(EXTENSIONS) });
  for (const path of ["/jobs/a/nope", "/api/nope", "/dav/nope", "/mcp/nope"]) {
    const answer = await service.send("GET", path);
    assertEquals([answer.status, (await answer.text()).includes("Start the service")], [
      404,
      false,
    ]);
  }
});

Deno.test("the option that an extension names for its routes is one of its options", () => {
  for (const { name, serving } of EXTENSIONS) {
    const flags = serving?.options.map(({ flags }) => flags.split(" ")[0]) ?? [];
    const named = Object.values(serving?.routes ?? {}).map((option) => option.split(" ")[0]);
    assertEquals(named.filter((option) => !flags.includes(option)), [], name);
  }
});
