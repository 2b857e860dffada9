import { assertEquals, assertMatch } from "@std/assert";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { runDeno } from "../../support/run_deno.ts";

const PROGRAM = "tests/disk/spread/ask_for_range.ts";

/** A store, or a proxy to one, whose objects are "four". */
async function serving(use: (origin: string, urls: string[]) => Promise<void>): Promise<void> {
  const urls: string[] = [];
  const server = createServer((request, response) => {
    urls.push(request.url!);
    response.writeHead(206, {
      "content-range": "bytes 0-3/4",
      "content-length": 4,
      etag: '"e1"',
      "last-modified": "Thu, 01 Jan 2026 00:00:10 GMT",
      "x-goog-generation": "1",
    }).end("four");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`127.0.0.1:${(server.address() as AddressInfo).port}`, urls);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

for (const way of ["threads", "gcs", "s3"]) {
  Deno.test(`${way}: ranges are read by the proxy of the environment`, async () => {
    await serving(async (proxy, urls) => {
      for (const name of ["HTTP_PROXY", "all_proxy"]) {
        urls.length = 0;
        const ran = await runDeno(PROGRAM, [way, "http://store.invalid"], {
          permissions: ["-A"],
          env: { [name]: proxy, NO_PROXY: "" },
        });
        assertEquals(ran.stdout, "four\n", ran.stderr);
        assertEquals(urls.map((url) => new URL(url).host), ["store.invalid"]);
      }
    });
  });
}

Deno.test("spans of the runtime do not contain the URLs that threads read", async () => {
  await serving(async (store, urls) => {
    const origin = `http://${store}`;
    const traced = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" };
    for (const [env, isRead] of [[{}, true], [{ HTTP_PROXY: origin }, false]] as const) {
      urls.length = 0;
      const ran = await runDeno(PROGRAM, ["threads", origin, `${origin}/other?known`], {
        permissions: ["--allow-net", "--allow-env"],
        env: { ...traced, ...env },
      });
      const printed = ran.stdout + ran.stderr;
      assertMatch(printed, /other\?known/, "it prints spans");
      assertEquals(/secret/.test(printed), false, printed);
      assertEquals(urls.some((url) => url.endsWith("secret")), isRead);
    }
  });
});
