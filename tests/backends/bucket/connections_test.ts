import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { createS3Backend, type S3BackendOptions } from "../../../backends/s3.ts";
import type { Backend } from "../../../core/backend.ts";
import { createConnections } from "../../../backends/bucket/connections.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { runDeno } from "../../support/run_deno.ts";
import { startConnectProxy } from "./connect_proxy.ts";
import { AUTHORITY, AUTHORITY_FILE, startCuttingServer } from "./cutting_server.ts";
import type { Cut, CuttingServer } from "./cutting_server.ts";

/** The path of an object of {@linkcode overS3}. */
const pathOf = (key: string) => `/bucket/${key}`;

function overS3(
  endpoint: string,
  options: Partial<S3BackendOptions> = {},
): Backend {
  return createS3Backend({
    bucket: "bucket",
    provider: "minio",
    endpoint,
    region: "r",
    credentials: { accessKeyId: "a", secretAccessKey: "s" },
    ca: AUTHORITY,
    ...options,
  });
}

async function createOutcome(backend: Backend, key: string, bytes: Uint8Array): Promise<string> {
  try {
    const { written } = await backend.put(key, bytes, { mode: "create" });
    return written ? "written" : "exists";
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    return error.maybeWritten ? "lost" : error.code;
  }
}

/** Registers a test, which disposes of the resources passed to `use`. */
function closingTest(
  name: string,
  run: (use: <T extends AsyncDisposable>(thing: T) => T) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const used: AsyncDisposable[] = [];
    try {
      await run((thing) => {
        used.unshift(thing);
        return thing;
      });
    } finally {
      for (const thing of used) await thing[Symbol.asyncDispose]();
    }
  });
}

function connectionTest(
  name: string,
  run: (server: CuttingServer, backend: Backend) => Promise<void>,
): void {
  for (const secure of [false, true]) {
    closingTest(`${name} (${secure ? "TLS" : "plain"})`, async (use) => {
      const server = use(await startCuttingServer({ secure }));
      await run(server, use(overS3(server.endpoint)));
    });
  }
}

/** Deno needs all system permissions for TLS. */
const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-sys"];
const sizes = { small: 10, large: 3_000_000 };

for (const [size, length] of Object.entries(sizes)) {
  const cuts: Cut[] = ["body", "reply", "head", "content"];
  connectionTest(
    `a ${size} create over a dying connection arrives once and is lost`,
    async (server, backend) => {
      for (const where of cuts) {
        server.cut(pathOf(where), where);
        for (const warm of ["w1", "w2"]) {
          await createOutcome(backend, `${warm}-${where}`, new Uint8Array(1));
        }
        const connections = server.connections();
        assertEquals([where, await createOutcome(backend, where, new Uint8Array(length))], [
          where,
          "lost",
        ]);
        assertEquals([where, server.arrived(pathOf(where))], [where, 1]);
        assertEquals(
          server.connections(),
          connections,
          "it used a connection that was used before",
        );
      }
    },
  );
}
connectionTest(
  "a connection that the server closed while idle costs nothing",
  async (server, backend) => {
    assertEquals(await createOutcome(backend, "before", new Uint8Array(1)), "written");
    await server.closeIdle();
    const outcome = await createOutcome(backend, "after", new Uint8Array(1));
    // "lost" if the client has not seen the end of the connection.
    assert(["written", "lost"].includes(outcome), outcome);
    assert(server.arrived(pathOf("after")) <= 1);
  },
);

connectionTest("a connection that the server will close is not reused", async (server, backend) => {
  server.keepsIdleFor(1);
  for (const key of ["one", "two"]) {
    assertEquals(await createOutcome(backend, key, new Uint8Array(1)), "written");
  }
  assertEquals(server.connections(), 2);
});

closingTest("an unanswered create over a reused connection times out", async (use) => {
  for (const secure of [false, true]) {
    const server = use(await startCuttingServer({ secure }));
    const backend = use(overS3(server.endpoint, { requestTimeoutMs: 1_000 }));
    await createOutcome(backend, "warm", new Uint8Array(1));
    server.cut(pathOf("stall"), "stall");
    assertEquals(await createOutcome(backend, "stall", new Uint8Array(1)), "lost");
    assertEquals(server.arrived(pathOf("stall")), 1);
    assertEquals(await createOutcome(backend, "next", new Uint8Array(1)), "written");
  }
});

closingTest("an aborted create arrives once", async (use) => {
  const server = use(await startCuttingServer({ secure: true }));
  const backend = use(overS3(server.endpoint));
  await createOutcome(backend, "warm", new Uint8Array(1));
  server.cut(pathOf("stall"), "stall");
  const stop = new AbortController();
  const put = backend.put("stall", new Uint8Array(1), { mode: "create", signal: stop.signal });
  put.catch(() => {});
  while (server.arrived(pathOf("stall")) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop.abort(new Error("enough"));
  assertEquals(await put.catch((error) => error.message), "enough");
  assertEquals(await createOutcome(backend, "next", new Uint8Array(1)), "written");
  assertEquals(server.arrived(pathOf("stall")), 1);
});

closingTest("authorities of the environment are trusted, also beside `ca`", async (use) => {
  const ways: Record<string, string>[] = [
    { NODE_EXTRA_CA_CERTS: AUTHORITY_FILE },
    { DENO_CERT: AUTHORITY_FILE },
    { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: AUTHORITY_FILE },
  ];
  for (const [env, ...rest] of ways.flatMap((env) => [[env], [env, "ca"]] as const)) {
    const server = use(await startCuttingServer({ secure: true }));
    const ran = await runDeno("tests/backends/bucket/put_many.ts", [server.endpoint, ...rest], {
      env,
      permissions,
    });
    assertEquals([Object.keys(env)[0], ran.code, ran.stdout], [
      Object.keys(env)[0],
      0,
      "9 written\n",
    ], ran.stderr);
  }
});

Deno.test("an error names the missing permission for TLS", async () => {
  const ran = await runDeno("tests/backends/bucket/put_many.ts", ["https://127.0.0.1:1"], {
    permissions: [...permissions.slice(0, 2), "--allow-sys=osRelease"],
    env: { NODE_EXTRA_CA_CERTS: "tests/fixtures/certificates/first.crt" },
  });
  assert(ran.stderr.includes("Denied") || ran.stderr.includes("--allow-sys"), ran.stderr);
  assertEquals(ran.code, 1);
});

closingTest("the proxy of the environment is used, except for NO_PROXY", async (use) => {
  const server = use(await startCuttingServer({ secure: true }));
  const proxied = [new URL(server.endpoint).host];
  const ways: [(url: string) => Record<string, string>, string[]][] = [
    [(url) => ({ HTTPS_PROXY: url }), proxied],
    [(url) => ({ ALL_PROXY: new URL(url).host }), proxied],
    [(url) => ({ HTTPS_PROXY: url, NO_PROXY: "127.0.0.1" }), []],
  ];
  for (const [variables, targets] of ways) {
    const proxy = use(await startConnectProxy());
    const env = {
      NODE_EXTRA_CA_CERTS: AUTHORITY_FILE,
      DENO_NO_UPDATE_CHECK: "1",
      ...variables(proxy.url),
    };
    const ran = await runDeno("tests/backends/bucket/put_many.ts", [server.endpoint], {
      env,
      permissions,
    });
    assertEquals([ran.code, ran.stdout], [0, "9 written\n"], ran.stderr);
    assertEquals([...new Set(proxy.targets)], targets);
  }
});

closingTest("the refusal of a proxy is named, and nothing was written", async (use) => {
  const cases = [
    ["407 Proxy Authentication Required", "Denied", "a proxy in between requires a password"],
    ["403 Forbidden", "Unavailable", "the proxy cannot connect to it"],
  ];
  for (const [refusal, code, state] of cases) {
    const { url } = use(await startConnectProxy(refusal));
    const env = (name: string) => name === "HTTPS_PROXY" ? url : undefined;
    const system = { ...realSystem, env };
    const endpoint = "https://store.example";
    const stores = [
      overS3(endpoint, { system, retryForMs: 0 }),
      createGcsBackend({
        bucket: "bucket",
        endpoint,
        credentials: () => "token",
        system,
        retryForMs: 0,
      }),
    ];
    for (const backend of stores.map(use)) {
      const error = await assertRejects(
        () => backend.put("key", new Uint8Array(1), { mode: "create" }),
        RegistryError,
        state,
      );
      assertEquals([error.code, error.maybeWritten], [code, undefined], backend.kind);
    }
  }
});

Deno.test("a proxy that is not an HTTP proxy is refused, without its password", () => {
  const opened = (environment: Record<string, string>) =>
    createConnections({ system: { env: (name) => environment[name] } }).close();
  for (const url of ["socks5://me:secret@proxy:1080", "secret"]) {
    const error = assertThrows(() => opened({ https_proxy: url }), RegistryError);
    assertEquals(error.message, "Cannot open store: https_proxy is not the URL of an HTTP proxy");
    assertEquals([error.code, error.hint!.includes("secret")], ["Invalid", false]);
    opened({ ALL_PROXY: url });
  }
});

type Failed = PromiseRejectedResult;

closingTest("an untrusted certificate has a hint", async (use) => {
  const server = use(await startCuttingServer({ secure: true }));
  const stores = [
    overS3(server.endpoint, { ca: undefined }),
    createGcsBackend({ bucket: "bucket", endpoint: server.endpoint, credentials: () => "token" }),
  ];
  for (const backend of stores.map(use)) {
    const operations = [
      backend.head("key"),
      backend.put("key", new Uint8Array(1), { mode: "create" }),
    ];
    for (const { reason: error } of await Promise.allSettled<unknown>(operations) as Failed[]) {
      assert(isRegistryError(error, "Unavailable"), String(error));
      assertEquals([error.retry, error.maybeWritten], ["never", undefined]);
      for (const way of ["NODE_EXTRA_CA_CERTS", "DENO_CERT", "DENO_TLS_CA_STORE", "ca"]) {
        assert(error.hint?.includes(way), `${error.message} ${error.hint}`);
      }
    }
  }
  assertEquals(server.arrived("/bucket/key"), 0);
});

Deno.test("`ca` takes certificates, not a file name", () => {
  for (
    const open of [
      () => overS3("https://127.0.0.1:1", { ca: "ca.pem" }),
      () => createGcsBackend({ bucket: "b", ca: "ca.pem" }),
    ]
  ) {
    try {
      open();
    } catch (error) {
      assert(isRegistryError(error, "Invalid"));
      continue;
    }
    assert(false, "it was taken");
  }
});
