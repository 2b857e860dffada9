// Attacks `holdfast serve` with what takes too many connections, too much time or memory for a
// test, and says after each how long the service takes to answer somebody else. `deno run -A
// tests/apps/server/attack.ts [connections] [part of a name]`
import { fromFileUrl } from "@std/path";
import { realSystem } from "../../../core/system.ts";
import { noise } from "../../registry/registries.ts";
import { LOADS_LATE } from "../../support/run_deno.ts";

const CLI = fromFileUrl(new URL("../../../apps/cli.ts", import.meta.url));
const [connections = "10000", only = ""] = Deno.args;
const COUNT = Number(connections);
const ANSWERS_WITHIN_MS = 10_000;

const folder = await Deno.makeTempDir({ prefix: "holdfast-attack-" });
const holdfast = (...args: string[]) =>
  new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LOADS_LATE, CLI, ...args],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
await holdfast("init").output();
const token = new TextDecoder()
  .decode(
    (await holdfast("token", "create", "--tokens", "t.json", "--scope", "admin").output()).stdout,
  ).trim();
const service = holdfast("serve", "--port", "0", "--tokens", "t.json").spawn();
const reader = service.stdout.pipeThrough(new TextDecoderStream()).getReader();
const url = (await reader.read()).value!.trim();
const { hostname, port } = new URL(url);
const encoder = new TextEncoder();

const connect = () => Deno.connect({ hostname, port: Number(port) });

/** Sends bytes, and gives the first line of what comes back. */
async function send(text: string): Promise<string> {
  using connection = await connect();
  await connection.write(encoder.encode(text)).catch(() => 0);
  const buffer = new Uint8Array(200);
  const read = await connection.read(buffer).catch(() => null);
  if (read === null) return "ended";
  return new TextDecoder().decode(buffer.subarray(0, read)).split("\r\n", 1).join();
}

const authorization = `Bearer ${token}`;

/** Sends a body to a path; gives the status of the answer and where it begins. */
async function post(path: string, type: string, body: BodyInit): Promise<string> {
  const headers = { authorization, "content-type": type };
  const response = await fetch(url + path, { method: "POST", headers, body });
  return `${response.status} ${(await response.text()).slice(0, 120)}`;
}

/** A request of somebody else: whether it is answered, and how soon. */
async function other(): Promise<string> {
  const begun = realSystem.monotonic();
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const { status } = await fetch(`${url}/names`, { headers: { authorization }, signal });
  if (status !== 200) throw new Error(`others are answered ${status}`);
  return `${Math.round(realSystem.monotonic() - begun)} ms`;
}

/** Opens many connections that begin in this way, and keeps them while `during` runs. */
async function holding(
  count: number,
  begin: string,
  during: (all: Deno.Conn[]) => Promise<unknown> = other,
): Promise<string> {
  const all: Deno.Conn[] = [];
  let refused = 0;
  for (let i = 0; i < count; i += 200) {
    const group = Array.from({ length: Math.min(200, count - i) }, async () => {
      const connection = await connect();
      all.push(connection);
      if (begin !== "") await connection.write(encoder.encode(begin));
    });
    for (const { status } of await Promise.allSettled(group)) if (status === "rejected") refused++;
  }
  await during(all);
  for (const connection of all) {
    try {
      connection.close();
    } catch { /* the service did */ }
  }
  return `${all.length} opened, ${refused} refused`;
}

async function memory(): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${service.pid}/status`).catch(() => "");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024);
}

async function saveLarge(mebibytes: number): Promise<string> {
  const megabyte = new Uint8Array(noise(65_536));
  const body = new Blob(Array.from({ length: mebibytes * 16 }, () => megabyte));
  const answer = await post("/upload?name=large&version=1", "", body);
  if (!answer.startsWith("2")) throw new Error(`the large file is answered ${answer}`);
  return "/artifacts/large/versions/1/files/content";
}

const HEAD = `Host: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n`;
const begun = (path: string, headers: string) => `POST ${path} HTTP/1.1\r\n${HEAD}${headers}\r\n`;
const JSON_TYPE = "Content-Type: application/json\r\n";

const ATTACKS: Record<string, () => Promise<string>> = {
  "idle connections": () => holding(COUNT, ""),
  "headers that never end": () =>
    holding(Math.min(COUNT, 4000), `GET /names HTTP/1.1\r\n${HEAD}X: `, async (all) => {
      for (let i = 0; i < 3; i++) {
        await Promise.allSettled(all.map((connection) => connection.write(encoder.encode("a"))));
        await other();
        await realSystem.sleep(1000);
      }
    }),
  "bodies that never come": () =>
    holding(
      Math.min(COUNT, 2000),
      begun("/artifacts/x/versions", `${JSON_TYPE}Content-Length: 1000\r\n`),
    ),
  "uploads that never come": () =>
    holding(Math.min(COUNT, 1000), begun("/contents", "Content-Length: 1000000000\r\n")),
  "downloads that nobody reads": async () => {
    const get = `GET ${await saveLarge(64)} HTTP/1.1\r\n${HEAD}`;
    const before = await memory();
    let said = "";
    const count = Math.min(COUNT, 1000);
    const held = await holding(count, `${get}\r\n`, async () => {
      const times: string[] = [];
      for (let i = 0; i < 5; i++) {
        times.push(await other());
        await realSystem.sleep(1000);
      }
      said = `${before} to ${await memory()} MiB, others meanwhile: ${times.join(", ")}`;
    });
    return `${held}, ${said}`;
  },
  "a header of 10 MB": () => send(`GET / HTTP/1.1\r\n${HEAD}X: ${"a".repeat(10_000_000)}\r\n\r\n`),
  "a path of 1 MB": () => send(`GET /${"a".repeat(1_000_000)} HTTP/1.1\r\n${HEAD}\r\n`),
  "100,000 headers": () => send(`GET / HTTP/1.1\r\n${HEAD}${"a: b\r\n".repeat(100_000)}\r\n`),
  "a body of 10 GB, as announced": () =>
    send(begun("/artifacts/x/versions", `${JSON_TYPE}Content-Length: 10000000000\r\n`)),
  "a body in gzip": () =>
    send(
      begun(
        "/artifacts/x/versions",
        `${JSON_TYPE}Content-Encoding: gzip\r\nContent-Length: 5\r\n`,
      ) + "abcde",
    ),
  "JSON 5,000,000 deep": () =>
    post("/artifacts/x/versions", "application/json", `{"operations":${"[".repeat(5_000_000)}`),
  "JSON of 30,000,000 wrong elements": () =>
    post(
      "/artifacts/x/versions",
      "application/json",
      `{"operations":[${"1,".repeat(30_000_000)}1]}`,
    ),
  "metadata 20,000 deep": () => {
    const deep = '{"a":'.repeat(20_000) + "1" + "}".repeat(20_000);
    const head = `"materializer":{"id":"json","formatVersion":1},"files":[{"path":"a","data":""}]`;
    return post("/artifacts/x/versions", "application/json", `{${head},"metadata":${deep}}`);
  },
  "10,000 guessed tokens": async () => {
    const counts: Record<number, number> = {};
    for (let i = 0; i < 10_000; i += 100) {
      await Promise.all(Array.from({ length: 100 }, async (_, j) => {
        const guess = `holdfast_${String(i + j).padStart(12, "0")}_${"A".repeat(43)}`;
        const headers = { authorization: `Bearer ${guess}` };
        const response = await fetch(`${url}/names`, { headers });
        await response.body?.cancel();
        counts[response.status] = (counts[response.status] ?? 0) + 1;
      }));
    }
    return JSON.stringify(counts);
  },
};

let failed = 0;
for (const [name, attack] of Object.entries(ATTACKS)) {
  if (!name.includes(only)) continue;
  try {
    const found = await attack().catch((error) => `ended (${error.message.slice(0, 60)})`);
    console.log(`${name.padEnd(32)} ${found.padEnd(50)} others after it: ${await other()}`);
  } catch (error) {
    failed++;
    console.log(`${name.padEnd(32)} FAILED ${(error as Error).message}`);
  }
}
console.log(`memory of the service at the end: ${await memory()} MiB`);
service.kill("SIGTERM");
const { code } = await service.status;
console.log(`it stopped with code ${code}`);
await Deno.remove(folder, { recursive: true });
Deno.exit(failed > 0 || code !== 0 ? 1 : 0);
