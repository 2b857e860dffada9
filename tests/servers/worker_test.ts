// The service in a Worker: the Worker of the example in workerd, asked from outside.
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openHttpRegistry } from "../../apps/client.ts";
import { createToken } from "../../apps/server.ts";
import type { OidcSettings } from "../../extensions/sign_in/oidc.ts";
import { createKey, publicJwk, signed } from "../support/oidc/provider.ts";
import { collect } from "../registry/rejected.ts";
import { noise, succeeds } from "../apps/captured_io.ts";
import { partOfRun, shareOfRun } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";
import { bundleWorker, type RunningWorker, startWorker } from "./r2/run_worker.ts";

const ISOLATES = 4;
/** In CI fewer. */
const SAVES = shareOfRun() === undefined ? 500 : 80;

interface Service extends AsyncDisposable {
  token: string;
  /** Starts the Worker on the bucket of this service, with settings of sign-in. */
  start(isolates: number, signIn?: OidcSettings): Promise<RunningWorker>;
}

/** A registry of its own in the Worker that most tests share. */
interface Shared {
  worker: RunningWorker;
  token: string;
  prefix: string;
}

let script: Promise<string> | undefined;

async function createService(): Promise<Service> {
  await using started = new AsyncDisposableStack();
  const root = started.use(await tempRoot());
  const { token } = await createToken(root.join("tokens.json"), { scopes: ["admin"] });
  const bindings = { TOKENS: await Deno.readTextFile(root.join("tokens.json")) };
  const running = started.move();
  return {
    token,
    start: async (isolates, signIn) =>
      await startWorker(await (script ??= bundleWorker("tests/servers/r2/service.ts")), {
        isolates,
        bindings: { ...bindings, ...signIn && { SIGN_IN: JSON.stringify(signIn) } },
        bucket: root.join("bucket"),
      }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Miniflare keeps connections of its own. */
const UNCHECKED = { sanitizeOps: false, sanitizeResources: false };

/** A test that kills its Worker, or needs one with other settings. */
function ownWorkerTest(name: string, run: (service: Service) => Promise<void>): void {
  Deno.test({
    name,
    ...UNCHECKED,
    async fn() {
      await using service = await createService();
      await run(service);
    },
  });
}

const running = new AsyncDisposableStack();
let shared: Promise<Omit<Shared, "prefix">> | undefined;
let prefixes = 0;
Deno.test.afterAll(() => running.disposeAsync());

async function startShared(): Promise<Omit<Shared, "prefix">> {
  const { token, start } = running.use(await createService());
  return { token, worker: running.use(await start(ISOLATES)) };
}

/** A test in the Worker that these tests share: it takes longer to start than most of them. */
function workerTest(name: string, run: (shared: Shared) => Promise<void>): void {
  Deno.test({
    name,
    ...UNCHECKED,
    async fn() {
      const { worker, token } = await (shared ??= startShared());
      const prefix = `x${++prefixes}`;
      await worker.fetch(`/create/${prefix}`);
      await run({ worker, token, prefix });
    },
  });
}

type Saved = { version: string; value: string };

/** Saves values one after the other until `enough`. Returns those that the service acknowledged. */
async function saveMany(
  at: string,
  { token, label, enough, headers = {}, onSaved = () => {} }: {
    token: string;
    label: string;
    enough: (attempts: number) => boolean;
    headers?: Record<string, string>;
    onSaved?: () => void;
  },
): Promise<{ saved: Saved[]; refused: string[] }> {
  const saved: Saved[] = [], refused: string[] = [];
  for (let i = 0; !enough(i); i++) {
    const value = `${label} ${i}`;
    const answer = await fetch(`${at}/artifacts/counted/versions`, {
      method: "POST",
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        metadata: {},
        materializer: { id: "text", formatVersion: 1 },
        files: [{ path: "text.txt", mediaType: "text/plain", data: btoa(value) }],
      }),
    }).catch(() => undefined); // its isolate was killed
    const body = await answer?.json().catch(() => undefined);
    if (answer?.status === 201 && body !== undefined) {
      saved.push({ version: body.version, value });
      onSaved();
    } else refused.push(`${answer?.status} ${JSON.stringify(body)}`);
  }
  return { saved, refused };
}

/** Saves values in each isolate at the same time. */
function saveInAll({ worker, token, prefix }: Shared, count: number, headers = {}) {
  return Promise.all(worker.urls.map((url, label) => {
    const enough = (attempts: number) => attempts === count;
    return saveMany(`${url}/at/${prefix}`, { token, label: `${label}`, enough, headers });
  }));
}

/** Checks that all acknowledged versions are there, once each, and that nothing is damaged. */
async function assertKept({ worker, token, prefix }: Shared, saved: Saved[]): Promise<string[]> {
  const versions = saved.map(({ version }) => version);
  assertEquals(new Set(versions).size, versions.length, "a version was given twice");
  await using registry = await openHttpRegistry(`${worker.urls[0]}/at/${prefix}`, { token });
  for (const { version, value } of saved) {
    assertEquals(await registry.load(`counted@${version}`), value);
  }
  const { ok, problems } = JSON.parse((await worker.fetch(`/verify/${prefix}`)).text);
  assertEquals([ok, problems], [true, []]);
  const listed = (await collect(registry.versions("counted"))).map(({ version }) => version);
  assertEquals(versions.filter((version) => !listed.includes(version)), [], "a version is lost");
  return listed;
}

workerTest(
  `${ISOLATES} isolates make ${SAVES} versions of one name without gaps`,
  async (shared) => {
    const results = await saveInAll(shared, SAVES / ISOLATES);
    assertEquals(results.flatMap(({ refused }) => refused), []);
    const listed = await assertKept(shared, results.flatMap(({ saved }) => saved));
    assertEquals(listed, Array.from({ length: SAVES }, (_, at) => `${SAVES - at}.0.0`));
  },
);

workerTest("calls that fail, are late or unanswered lose no version", async (shared) => {
  const results = await saveInAll(shared, 15, { "test-faults": "0.15" });
  const saved = results.flatMap(({ saved }) => saved);
  assert(saved.length > 0, JSON.stringify(results));
  await assertKept(shared, saved);
});

ownWorkerTest("isolates killed during saves lose no version", async ({ start, token }) => {
  const saved: Saved[] = [];
  const prefix = "x";
  for (const round of partOfRun([0, 1, 2, 3], 2)) {
    const worker = await start(ISOLATES);
    if (saved.length === 0) await worker.fetch(`/create/${prefix}`);
    let killed: PromiseLike<void> | undefined;
    let left = 10 + round * 3;
    const results = await Promise.all(
      worker.urls.map((url, label) =>
        saveMany(`${url}/at/${prefix}`, {
          token,
          label: `${round} ${label}`,
          enough: () => killed !== undefined,
          onSaved() {
            if (--left === 0) killed = worker[Symbol.asyncDispose]();
          },
        })
      ),
    );
    await killed;
    saved.push(...results.flatMap((result) => result.saved));
  }
  await using worker = await start(1);
  const shared = { worker, token, prefix };
  await assertKept(shared, saved);
  assertEquals((await worker.fetch(`/cron/${prefix}`)).status, 200);
  await assertKept(shared, saved);
});

workerTest("a request with too many calls says so and does nothing", async (shared) => {
  const { worker, token, prefix } = shared;
  const at = `${worker.urls[0]}/at/${prefix}`;
  let most = 0;
  const saved: Saved[] = [], refused: string[] = [];
  while (saved.length === 0) {
    const headers = { "test-most-calls": `${most++}` };
    const once = { token, label: "once", enough: (attempts: number) => attempts === 1, headers };
    const result = await saveMany(at, once);
    saved.push(...result.saved);
    refused.push(...result.refused);
  }
  assert(refused.length > 2, refused.join("\n"));
  for (const refusal of refused) {
    assert(refusal.startsWith("503 "), refusal);
    assertStringIncludes(refusal, "limits.subrequests");
  }
  assertEquals(await assertKept(shared, saved), ["1.0.0"]);
  const alias = `${at}/artifacts/counted/aliases/prod`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const setIn = (calls: number) =>
    fetch(alias, {
      method: "PUT",
      body: '{"version":"1"}',
      headers: { ...headers, "test-most-calls": `${calls}` },
    });
  let answer = await setIn(most = 0);
  for (; answer.status === 503; answer = await setIn(++most)) {
    await answer.body?.cancel();
    const found = await fetch(alias, { headers });
    assertEquals(found.status, 404, `refused with ${most} calls, but set`);
    await found.body?.cancel();
  }
  assertEquals(await answer.json(), { alias: "prod", version: "1.0.0" });
});

workerTest("a body that fails midway does not look complete", async (shared) => {
  const { worker, token, prefix } = shared;
  const at = `${worker.urls[0]}/at/${prefix}`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" };
  const size = 9e6, file = `${at}/artifacts/large/versions/1.0.0/files/content`;
  const body = noise(size) as BodyInit;
  await (await fetch(`${at}/upload?name=large`, { method: "POST", headers, body })).body?.cancel();
  const whole = await fetch(file, { headers });
  assertEquals(whole.headers.get("content-length"), `${size}`);
  assertEquals((await whole.bytes()).byteLength, size);
  const cut = await fetch(file, { headers: { ...headers, "test-most-calls": "6" } });
  assertEquals(cut.status, 200);
  await assertRejects(() => cut.bytes());

  const lines = (await worker.fetch(`/lines/${prefix}`)).text.split("\n");
  assertThrows(() => JSON.parse(lines.at(-2)!), SyntaxError);
});

/** The table of docs/edge.md: calls that R2 bills as class A, as class B, and deletions. */
const CALLS = {
  "save a value": [3, 1, 0],
  "save a file of 1 MB": [6, 1, 0],
  "save a file of 30 MB": [11, 1, 0],
  "resolve a ref": [2, 2, 0],
  "read a file of a value": [2, 2, 0],
  "read a file of 30 MB": [2, 17, 0],
  "list names": [2, 1, 0],
  "list versions": [3, 1, 0],
  "set an alias": [4, 2, 0],
  "delete a version": [5, 3, 0],
};

workerTest("requests need the calls that the documentation names", async (shared) => {
  const { worker, token, prefix } = shared;
  const called: Record<string, number[]> = {};
  async function ask(what: string, method: string, path: string, body?: string | Uint8Array) {
    const type = body instanceof Uint8Array ? "application/octet-stream" : "application/json";
    const headers = { authorization: `Bearer ${token}`, "content-type": type };
    const answer = await fetch(`${worker.urls[0]}/at/${prefix}/${path}`, {
      method,
      headers,
      body: body as BodyInit | undefined,
    });
    await answer.arrayBuffer();
    assert(answer.ok, `${what}: ${answer.status}`);
    const { get = 0, head = 0, delete: deleted = 0, ...classA } = JSON.parse(
      (await worker.fetch(`/calls/${prefix}`)).text,
    ) as Record<string, number>;
    called[what] = [
      Object.values(classA).reduce((sum, calls) => sum + calls, 0),
      get + head,
      deleted,
    ];
  }
  const value = JSON.stringify({
    metadata: {},
    materializer: { id: "text", formatVersion: 1 },
    files: [{ path: "text.txt", mediaType: "text/plain", data: btoa("x") }],
  });
  await ask("save a value", "POST", "artifacts/a/versions", value);
  await ask("save a value", "POST", "artifacts/a/versions", value);
  await ask("save a file of 1 MB", "POST", "upload?name=b", noise(1e6));
  await ask("save a file of 30 MB", "POST", "upload?name=c", noise(30e6));
  called["save a file of 30 MB"][1] = 1; // every five seconds it looks whether the registry is there
  await ask("resolve a ref", "GET", "artifacts/a/versions/latest");
  await ask("read a file of a value", "GET", "artifacts/a/versions/1.0.0/files/text.txt");
  await ask("read a file of 30 MB", "GET", "artifacts/c/versions/1.0.0/files/content");
  await ask("list names", "GET", "names");
  await ask("list versions", "GET", "artifacts/a/versions");
  await ask("set an alias", "PUT", "artifacts/a/aliases/prod", '{"version":"2.0.0"}');
  await ask("delete a version", "DELETE", "artifacts/a/versions/1.0.0");
  assertEquals(called, CALLS);
});

workerTest("the command line saves, reads and lists; page and cron run", async (shared) => {
  const { worker, token, prefix } = shared;
  await using root = await tempRoot();
  const cwd = root.path;
  const url = `${worker.urls[0]}/at/${prefix}`;
  const env = { HOLDFAST_REGISTRY: url, HOLDFAST_TOKEN: token };
  const file = fromFileUrl(import.meta.url);
  await succeeds(["save", "my:code", file], { cwd, env });
  await succeeds(["alias", "my:code", "prod", "1"], { cwd, env });
  assertEquals(
    await succeeds(["cat", "my:code@prod"], { cwd, env }),
    await Deno.readTextFile(file),
  );
  assertStringIncludes(await succeeds(["ls"], { cwd, env }), "my:code");

  await Deno.writeFile(`${cwd}/large`, noise(9e6)); // in two parts of a resumable upload
  await succeeds(["save", "large", "large"], { cwd, env });
  await succeeds(["download", "large", "copy"], { cwd, env });
  assertEquals(await Deno.readFile(`${cwd}/copy`), noise(9e6));

  const page = await fetch(`${url}/explore/`);
  assertStringIncludes(await page.text(), '<script type="module" src="main.js">');
  const main = await fetch(`${url}/explore/main.js`);
  assertEquals(main.headers.get("content-encoding"), "gzip");
  assertStringIncludes(await main.text(), "import");

  assertEquals((await worker.fetch(`/cron/${prefix}`)).status, 200);
  const refused = await fetch(`${url}/names`, { headers: { authorization: "Bearer other" } });
  assertEquals([refused.status, (await refused.json()).code], [401, "Denied"]);
});

ownWorkerTest("a Worker accepts tokens of an issuer, and offers it", async ({ start, token }) => {
  const key = await createKey("1");
  const issuer = "https://issuer.example", audience = "https://models.example";
  await using worker = await start(1, {
    audience,
    issuers: [{
      issuer,
      rules: [{ claims: { sub: "alice" }, scopes: ["read:*", "save:*"] }],
      jwks: { keys: [publicJwk(key)] },
      signIn: { clientId: "holdfast" },
    }],
  });
  await worker.fetch("/create/x");
  const at = `${worker.urls[0]}/at/x`;
  const offered = await (await fetch(`${at}/sign-in`)).json();
  assertEquals([offered.audience, offered.issuers[0].clientId], [audience, "holdfast"]);
  const open = async (sub: string) =>
    await openHttpRegistry(at, { token: await signed(key, { iss: issuer, aud: audience, sub }) });
  await using registry = await open("alice");
  await registry.save("note", "text");
  assertEquals((await registry.info("note")).by?.name, "alice");
  await assertRejects(() => open("eve"), Error, "no rule");
  await using stored = await openHttpRegistry(at, { token });
  assertEquals(await stored.load("note"), "text");
});
