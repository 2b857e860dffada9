import { assertEquals, assertMatch } from "@std/assert";
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
    for (const name of ["HTTP_PROXY", "all_proxy"]) {
      urls.length = 0;
      const ran = await runDeno("tests/disk/spread/ask_for_range.ts", [url], {
        permissions: ["--allow-net", "--allow-env"],
        env: { [name]: `127.0.0.1:${port}`, NO_PROXY: "" },
      });
      assertEquals(ran.stdout, "four\n", ran.stderr);
      assertEquals(urls, [url]);
    }
  } finally {
    proxy.closeAllConnections();
    await new Promise<void>((resolve) => proxy.close(() => resolve()));
  }
});

Deno.test("spans of the runtime do not contain the URLs that threads read", async () => {
  const urls: string[] = [];
  const store = createServer((request, response) => {
    urls.push(request.url!);
    response.writeHead(206, { "content-range": "bytes 0-3/4" }).end("four");
  });
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = store.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    const traced = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" };
    for (const [env, isRead] of [[{}, true], [{ HTTP_PROXY: origin }, false]] as const) {
      urls.length = 0;
      const ran = await runDeno(
        "tests/disk/spread/ask_for_range.ts",
        [`${origin}/object?secret`, `${origin}/other?known`],
        { permissions: ["--allow-net", "--allow-env"], env: { ...traced, ...env } },
      );
      const printed = ran.stdout + ran.stderr;
      assertMatch(printed, /other\?known/, "it prints spans");
      assertEquals(/secret/.test(printed), false, printed);
      assertEquals(urls.some((url) => url.endsWith("secret")), isRead);
    }
  } finally {
    store.closeAllConnections();
    await new Promise<void>((resolve) => store.close(() => resolve()));
  }
});
