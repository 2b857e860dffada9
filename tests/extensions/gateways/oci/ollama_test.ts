// Versions as models of Ollama: what its client pulls, with which key, and from which links.
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { existsSync } from "node:fs";
import { createToken, openTokenFile } from "../../../../apps/server.ts";
import { localPath, RegistryError } from "../../../../mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { createOci } from "../../../../extensions/gateways/oci/oci.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { noise } from "../../../registry/registries.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { execute, missing, programOf, served } from "./served_oci.ts";
import { digestOf, openOci, tokens } from "./open_oci.ts";

const MODEL = noise(300_000, 5);
const FILES = {
  "LICENSE": "MIT",
  "README.md": "not pulled",
  "mmproj-model.gguf": "projector",
  "model.Q4_K_M.gguf": MODEL,
  "params.json": '{"temperature":0.1}',
  "template": "{{ .Prompt }}",
};
const OLLAMA = { "user-agent": "ollama/0.17.4 (amd64 linux) Go/go1.26" };

interface Keys {
  /** The key as in a file of SSH. */
  text: string;
  privateKey: KeyObject;
}

function createKeys(): Keys {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const field = (bytes: Buffer) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  const bytes = Buffer.concat([field(Buffer.from("ssh-ed25519")), field(raw)]);
  return { text: bytes.toString("base64"), privateKey };
}

/** Signs a request for a token, as the client does. */
function signed(url: string, { text, privateKey }: Keys): Record<string, string> {
  const body = Buffer.from(digestOf("").slice("sha256:".length)).toString("base64");
  const signature = sign(null, Buffer.from(`GET,${url},${body}`), privateKey).toString("base64");
  return { authorization: `${text}:${signature}` };
}

Deno.test("a version with a GGUF file is a model, and others are refused", async () => {
  await using oci = await openOci();
  await oci.save("m", FILES);
  const answer = await oci.send("m/manifests/latest", { headers: OLLAMA });
  const { config, layers } = await answer.json();
  const kinds = layers.map((
    { mediaType, digest, size }: Record<string, unknown>,
  ) => [String(mediaType).replace("application/vnd.ollama.image.", ""), digest, size]);
  assertEquals(kinds, [
    ["model", digestOf(MODEL), MODEL.length],
    ["license", digestOf("MIT"), 3],
    ["projector", digestOf("projector"), 9],
    ["params", digestOf(FILES["params.json"]), 19],
    ["template", digestOf(FILES.template), 13],
  ]);
  const { model_format, rootfs } = await (await oci.send(`m/blobs/${config.digest}`)).json();
  assertEquals([model_format, rootfs.diff_ids.length], ["gguf", 5]);
  // Other clients get the same tag as an artifact.
  assert((await oci.manifest("m", "latest")).artifactType !== undefined);
  await oci.save("none", { "a.txt": "" });
  await oci.save("two", { "a.gguf": "1", "b.gguf": "2" });
  for (const name of ["none", "two"]) {
    const refused = await oci.send(`${name}/manifests/latest`, { headers: OLLAMA });
    assertEquals(refused.status, 422);
    assertStringIncludes(await refused.text(), "Ollama takes one GGUF file");
  }
});

Deno.test("a link opens one layer without a token, for as long as its token is valid", async () => {
  await using oci = await openOci({ tokens });
  await oci.save("m", FILES);
  const ask = async (path: string, token?: string, headers = {}, method = "GET") => {
    const answer = await oci.send(path, { token, headers: { ...OLLAMA, ...headers }, method });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  assertEquals((await ask("m/manifests/latest", "read:m")).status, 200);
  const path = `m/blobs/${digestOf(MODEL)}`;
  assertEquals((await ask(path)).status, 401);
  const head = await ask(path, "read:m", {}, "HEAD");
  assertEquals(head.headers.get("content-length"), String(MODEL.length));
  const { status, headers, text } = await ask(path, "read:m");
  assertEquals([status, text], [200, ""]);
  const link = headers.get("location")!.replace("http://localhost/v2/", "");
  const part = await oci.send(link, { headers: { range: "bytes=100-199" } });
  assertEquals(part.status, 206);
  assertEquals(digestOf(new Uint8Array(await part.arrayBuffer())), digestOf(MODEL.slice(100, 200)));
  for (
    const other of [
      link.replace(path, `m/blobs/${digestOf("MIT")}`),
      link.replace(path, "m/manifests/latest"),
      link.slice(0, -2),
      `${path}?link=`,
    ]
  ) {
    assertEquals((await oci.send(other)).status, 401, other);
  }
});

Deno.test("a signature of a known key gives its token, and others give none", async () => {
  await using root = await tempRoot();
  const keys = createKeys(), other = createKeys();
  const { token } = await createToken(root.join("t.json"), { scopes: ["read:m"] });
  const file = root.join("keys");
  await Deno.writeTextFile(file, `# of the team\n\nssh-ed25519 ${keys.text} ${token}\n`);
  const gateway = createOci({ ollamaKeys: file });
  const known = await openTokenFile(root.join("t.json"));
  await using oci = await openOci({ tokens: known, gateways: [gateway] });
  await oci.save("m", FILES);
  const now = Math.floor(realSystem.now() / 1000);
  const ask = async (
    query: string,
    by: Keys,
    sent = query,
    headers: Record<string, string> = {},
  ) => {
    const proof = signed(`http://localhost/v2/token?${query}`, by);
    const answer = await oci.send(`token?${sent}`, { headers: { ...proof, ...headers } });
    const text = await answer.text();
    return answer.ok ? JSON.parse(text).token : answer.status;
  };
  const query = `nonce=a_b-c&scope=&service=holdfast&ts=${now}`;
  assertEquals(await ask(query, keys), token);
  assertEquals(await ask(query, other), 401);
  assertEquals(await ask(query, { text: keys.text, privateKey: other.privateKey }), 401);
  assertEquals(await ask(query, keys, query.replace("a_b", "a_c")), 401);
  assertEquals(await ask(query.replace(`${now}`, `${now - 400}`), keys), 401);
  assertEquals(await ask(query.replace(`${now}`, `${now + 400}`), keys), 401);
  assertEquals(await ask("nonce=a", keys), 401);
  assertEquals(await ask(query, keys, query, { "x-forwarded-proto": "https" }), 401);
  // Only for a token: other routes need that.
  const proof = signed(`http://localhost/v2/m/manifests/latest?ts=${now}`, keys);
  assertEquals(await oci.fails(`m/manifests/latest?ts=${now}`, { headers: proof }), [
    401,
    "UNAUTHORIZED",
  ]);
  await Deno.writeTextFile(file, `ssh-ed25519 ${other.text} ${token}\n`);
  assertEquals([await ask(query, keys), await ask(query, other)], [401, token]);
  await Deno.remove(file);
  assertEquals(await ask(query, other), 401);
  const error = assertThrows(() => createOci({ ollamaKeys: file }), RegistryError);
  assertEquals(error.code, "NotFound");
});

judgeTest("Ollama's client pulls with its key", missing("ollama-pull"), async () => {
  await using root = await tempRoot();
  const keys = createKeys();
  await Deno.writeTextFile(root.join("keys"), "");
  const gateways = [createOci({ ollamaKeys: root.join("keys") })];
  await using oci = await served({ gateways });
  const { registry, host, token } = oci;
  await Deno.mkdir(root.join("model"));
  for (const [path, content] of Object.entries(FILES)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(root.join("model", path), bytes);
  }
  await registry.save("data:llama", localPath(root.join("model")), { alias: "production" });
  const pull = (name: string) =>
    execute(programOf("ollama-pull"), [`http://${host}/${name}`], {
      env: { HOME: root.join("home") },
    });
  await Deno.mkdir(root.join("home/.ollama"), { recursive: true });
  const pem = keys.privateKey.export({ format: "pem", type: "pkcs8" });
  await Deno.writeTextFile(root.join("home/.ollama/id_ed25519"), String(pem));
  const refused = await pull("data/llama:production").catch(({ message }) => message);
  assertStringIncludes(refused, "pull model manifest: 401");
  await Deno.writeTextFile(root.join("keys"), `ssh-ed25519 ${keys.text} ${token}\n`);
  await pull("data/llama:production");
  const blobs = root.join("home/.ollama/models/blobs");
  for (const [path, content] of Object.entries(FILES)) {
    const blob = `${blobs}/${digestOf(content).replace(":", "-")}`;
    if (path === "README.md") assert(!existsSync(blob));
    else await execute("cmp", [blob, root.join("model", path)]);
  }
  const other = await pull("data/cells:production").catch(({ message }) => message);
  assertStringIncludes(other, "Ollama takes one GGUF file as the model, and it has 0");
});
