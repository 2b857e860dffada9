import { assertEquals } from "@std/assert";
import { createWebhookSecret, verifyWebhook } from "../../../../extensions/plugins/events/mod.ts";
import { filledTest, serving } from "../../../apps/captured_io.ts";

filledTest("serve sends changes to webhooks", async (it) => {
  const secret = createWebhookSecret();
  await Deno.writeTextFile(it.root.join("secret"), `${secret}\n`);
  const received = Promise.withResolvers<unknown>();
  await using receiver = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { topic, payload } = await verifyWebhook(request, secret);
      const { name, alias, version } = payload as Record<string, unknown>;
      received.resolve({ topic, name, alias, version });
      return new Response(null, { status: 204 });
    },
  );
  const hook = `http://127.0.0.1:${receiver.addr.port}/hook`;
  const flags = ["--webhook", hook, "--webhook-secret-file", "secret"];
  const { line: url, stop, ended } = await serving(it.cwd, ...flags);
  await (await fetch(`${url}/artifacts/note/aliases/live`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ version: "1" }),
  })).body?.cancel();
  const change = { topic: "registry.aliased", name: "note", alias: "live", version: "1.0.0" };
  assertEquals(await received.promise, change);
  stop();
  assertEquals(await ended, 0);
});

filledTest("serve refuses webhooks without a secret or with an invalid URL", async (it) => {
  await Deno.writeTextFile(it.root.join("secret"), createWebhookSecret());
  await Deno.writeTextFile(it.root.join("short"), "whsec_MQ==");
  const hook = "--webhook https://example.com/hook";
  const cases = {
    [hook]: "--webhook-secret-file is missing",
    "--webhook-secret-file secret": "--webhook is missing",
    [`${hook} --webhook-secret-file none`]: "openssl rand",
    [`${hook} --webhook-secret-file short`]: "base64 of 24",
    "--webhook nonsense --webhook-secret-file secret": "invalid target URL",
  };
  for (const [flags, text] of Object.entries(cases)) {
    await it.fails(`serve --port 0 ${flags}`, 2, text);
  }
});
