import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { runDeno } from "../../support/run_deno.ts";

Deno.test("threads read by the proxy of the environment", async () => {
  const urls: string[] = [];
  const proxy = createServer((request, response) => {
    urls.push(request.url!);
    response.writeHead(206, { "content-range": "bytes 0-3/4" }).end("four");
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    const url = "http://store.invalid/object";
    const { port } = proxy.address() as AddressInfo;
    const ran = await runDeno("tests/disk/spread/ask_for_range.ts", [url], {
      permissions: ["--allow-net", "--allow-env"],
      env: { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "" },
    });
    assertEquals(ran.stdout, "askByFetch four\naskByNode four\n", ran.stderr);
    assertEquals(urls, [url, url]);
  } finally {
    proxy.closeAllConnections();
    await new Promise<void>((resolve) => proxy.close(() => resolve()));
  }
});
