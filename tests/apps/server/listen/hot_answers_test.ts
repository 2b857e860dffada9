import { assertEquals } from "@std/assert";
import { serve } from "./served.ts";

Deno.test("a server writes an answer from memory itself: the same as the first, but for the id of its request", async () => {
  await using service = await serve();
  await service.registry.save("text", "0123456789");
  const { files: [{ path }] } = await service.registry.info("text");
  const target = `/artifacts/text/versions/1.0.0/files/${path}`;
  const get = async (headers: Record<string, string> = {}) => {
    const response = await fetch(service.server.url + target, { headers });
    const said = Object.fromEntries(response.headers);
    for (const name of ["date", "x-request-id"]) delete said[name];
    return { status: response.status, said, text: await response.text() };
  };
  const first = await get({ range: "bytes=0-0", "x-request-id": "first" });
  assertEquals([first.status, first.text], [206, "0"]);
  const whole = await get({ "x-request-id": "second" });
  assertEquals([whole.status, whole.text], [200, "0123456789"]);
  for (let count = 0; count < 3; count++) assertEquals(await get(), whole);
  assertEquals((await get({ range: "bytes=2-4" })).text, "234");
  assertEquals((await get({ "if-none-match": "*" })).status, 304);
  const bytes = (host: string) =>
    `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
  assertEquals((await service.talk(bytes("evil.example"))).slice(0, 12), "HTTP/1.1 403");
});
