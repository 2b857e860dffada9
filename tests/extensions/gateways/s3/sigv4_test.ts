// Signatures: those of clients are accepted, changed ones never are, and secrets end with their token.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createToken, openTokenFile, rotateToken } from "../../../../apps/server.ts";
import { removeToken } from "../../../../apps/server/access/change_tokens.ts";
import { readTokens } from "../../../../apps/server/access/token_file.ts";
import { secretOf } from "../../../../extensions/gateways/s3/derived_secret.ts";
import { RegistryError } from "../../../../mod.ts";
import { noise } from "../../../registry/registries.ts";
import { createScriptedSystem, seededRandom } from "../../../support/scripted_system.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { openS3, saveFiles, type Sender, signer } from "./open_s3.ts";
import { casesOfRun, slowTest } from "../../../support/seeds.ts";

const KEY = "k".repeat(43);
const HOST = "http://localhost";

/** Opens a service with a token file, and a version `open` of odd files. */
async function openWithTokens() {
  const root = await tempRoot();
  const file = root.join("tokens.json");
  const system = createScriptedSystem();
  const { token, stored } = await createToken(file, { scopes: ["read:open"], system });
  const tokens = await openTokenFile(file, { system });
  const s3 = await openS3({ tokens, system, s3: { key: KEY } });
  await saveFiles(s3.registry, "open", ["a", "ü + (b)!'*~.txt"]);
  const secret = async (key = KEY) => secretOf(key, (await readTokens(file))![0]!);
  const at = (ms: number) => new Date(system.now() + ms).toISOString().replace(/[-:]|\.\d+/g, "");
  /** Signs a GET; with `expires` as a presigned URL. */
  const sign = async (
    path: string,
    { expires, skewMs = 0, headers, ...sender }: Sender & {
      expires?: number;
      skewMs?: number;
      headers?: Record<string, string>;
    },
  ) => {
    const isPresigned = expires !== undefined;
    const query = isPresigned ? `${path.includes("?") ? "&" : "?"}X-Amz-Expires=${expires}` : "";
    const aws = { signQuery: isPresigned, datetime: at(skewMs), allHeaders: true };
    return await signer(sender).sign(`${HOST}${path}${query}`, { headers, aws });
  };
  return {
    ...s3,
    file,
    system,
    token,
    sign,
    status: async (request: Request) => (await s3.fails(request)).filter((each) => each !== null),
    /** The access key and the derived secret of the token. */
    derived: async (key?: string) => ({
      accessKeyId: stored.id,
      secretAccessKey: await secret(key),
      sessionToken: undefined,
    }),
    [Symbol.asyncDispose]: async () => {
      await s3[Symbol.asyncDispose]();
      await root.remove();
    },
  };
}

const ODD = `/holdfast/open/@1.0.0/${encodeURIComponent("ü + (b)!'*~.txt")}`;
const LISTING =
  "/holdfast?list-type=2&delimiter=%2F&prefix=open%2F%40&encoding-type=url&start-after=a+b";

Deno.test("requests are signed by a session token or a derived secret, URLs only by that", async () => {
  await using s3 = await openWithTokens();
  const { sign, status, token, derived } = s3;
  for (const path of ["/holdfast/open/@1.0.0/a", ODD, LISTING, "/holdfast?location"]) {
    const headers = { range: "bytes=0-", "x-amz-checksum-mode": "  ENABLED  it " };
    const done = path.includes("/@1.0.0/") ? [206] : [200];
    assertEquals(await status(await sign(path, { token, headers })), done, path);
    const by = await derived();
    assertEquals(await status(await sign(path, { ...by, headers })), done, path);
    assertEquals(await status(await sign(path, { ...by, expires: 60 })), [200], path);
  }
  const withToken = await sign("/holdfast/open/@1.0.0/a", { token, expires: 60 });
  assertEquals(await status(withToken), [400, "InvalidToken"]);
  const other = await derived("o".repeat(43));
  assertEquals(await status(await sign("/holdfast?acl", other)), [403, "SignatureDoesNotMatch"]);
  const unknown = { ...await derived(), accessKeyId: "0123456789ab" };
  assertEquals(await status(await sign("/holdfast?acl", unknown)), [403, "InvalidAccessKeyId"]);
  const secret = await sign("/holdfast/secret/@1.0.0/a", await derived());
  assertEquals(await status(secret), [403, "AccessDenied"]);
});

Deno.test("a signature ends with its time, its rotated token, and its removed token", async () => {
  await using s3 = await openWithTokens();
  const { sign, status, system, token, derived, file } = s3;
  const path = "/holdfast/open/@1.0.0/a", minute = 60_000;
  for (const skewMs of [-14 * minute, 14 * minute]) {
    assertEquals(await status(await sign(path, { token, skewMs })), [200]);
    const code = [403, "RequestTimeTooSkewed"];
    assertEquals(await status(await sign(path, { token, skewMs: skewMs * 2 })), code);
  }
  const by = await derived();
  const link = await sign(path, { ...by, expires: 3600 });
  assertEquals(await status(await sign(path, { ...by, expires: 3600, skewMs: 20 * minute })), [
    403,
    "AccessDenied",
  ]);
  for (const expires of [0, 700_000, NaN]) {
    const refused = [400, "AuthorizationQueryParametersError"];
    assertEquals(await status(await sign(path, { ...by, expires })), refused);
  }
  system.advance(59 * minute);
  assertEquals(await status(link), [200]);
  const kept = await rotateToken(file, by.accessKeyId, { keepForMs: 30 * minute, system });
  system.advance(1001);
  assertEquals(await status(await sign(path, by)), [200], "the previous secret");
  const next = await derived();
  assert(next.secretAccessKey !== by.secretAccessKey);
  assertEquals(await status(await sign(path, next)), [200]);
  system.advance(31 * minute);
  assertEquals(await status(await sign(path, by)), [403, "SignatureDoesNotMatch"]);
  assertEquals(await status(link), [403, "AccessDenied"], "expired");
  await removeToken(file, by.accessKeyId);
  system.advance(1001);
  assertEquals(await status(await sign(path, next)), [403, "InvalidAccessKeyId"]);
  assertEquals(await status(await sign(path, { token: kept.token })), [403, "InvalidAccessKeyId"]);
});

interface Sent {
  method: string;
  path: string;
  query: string[];
  headers: Record<string, string>;
}

type Random = (most: number) => number;

/** Changes one character to another one of its kind. */
function changed(text: string, random: Random): string {
  const at = random(text.length);
  const char = text[at]!;
  const others = /[0-9a-f]/.test(char) ? "0123456789abcdef" : "ghijklmnopqrstuvwxyz";
  const next = others[(others.indexOf(char) + 1 + random(others.length - 1)) % others.length]!;
  return text.slice(0, at) + next + text.slice(at + 1);
}

/** The changes of a request that its signature covers. */
const MUTATIONS: readonly ((sent: Sent, random: Random) => void)[] = [
  (sent, random) => sent.path = `/${changed(sent.path.slice(1).replace(/%../g, "x"), random)}`,
  (sent) => sent.path += "/",
  (sent) => sent.path = `/holdfast/other${sent.path.slice(9)}`,
  (sent) => sent.method = "HEAD",
  (sent, random) => sent.query.splice(random(sent.query.length + 1), 0, "prefix=other"),
  (sent) => sent.query.push("versionId"),
  (sent) => sent.query.push(...sent.query.slice(0, 1), "a=b"),
  (sent, random) => {
    if (sent.query.length === 0) sent.query = ["x"];
    else sent.query.splice(random(sent.query.length), 1);
  },
  (sent, random) => {
    const at = random(sent.query.length || 1);
    sent.query[at] = changed(sent.query[at] ?? "prefix", random);
  },
  ({ headers, query }, random) => {
    const text = headers.authorization;
    if (text !== undefined) {
      headers.authorization = `${text.slice(0, -64)}${changed(text.slice(-64), random)}`;
    } else query[query.length - 1] = changed(query.at(-1)!, random);
  },
  ({ headers, query }, random) => {
    const text = headers.authorization;
    const credential = /(?<=Credential=[^/]+\/)[^,]+/; // with a session token, any key id is fine
    if (text === undefined) query.push("X-Amz-Credential=other");
    else headers.authorization = text.replace(credential, (all) => changed(all, random));
  },
  ({ headers, query }) => {
    if (headers.authorization === undefined) query.push("X-Amz-SignedHeaders=host");
    else {headers.authorization = headers.authorization.replace(
        "SignedHeaders=host;",
        "SignedHeaders=",
      );}
  },
  ({ headers }) => headers.host = "example.com",
  ({ headers }) => headers["x-amz-request-payer"] = "requester",
  ({ headers, query }, random) => {
    const names = Object.keys(headers).filter((name) => name.startsWith("x-amz-"));
    const name = names[random(names.length)];
    if (name === undefined) query.push("X-Amz-Security-Token=other");
    else headers[name] = changed(headers[name]!, random);
  },
  ({ headers, query }, random) => {
    const names = Object.keys(headers).filter((name) => name.startsWith("x-amz-"));
    const name = names[random(names.length)];
    if (name === undefined) query.splice(query.findIndex((each) => /^X-Amz-Date/.test(each)), 1);
    else delete headers[name];
  },
  ({ headers, query }) => {
    if (headers.authorization === undefined) query.push("X-Amz-Algorithm=AWS4-HMAC-SHA512");
    else headers.authorization = headers.authorization.replace("SHA256", "SHA1");
  },
];

slowTest("a download ends with its token, and goes on while a rotated one is kept", async () => {
  for (const isLink of [true, false]) {
    for (const end of ["removed", "rotated", "kept"] as const) {
      await using s3 = await openWithTokens();
      const { file, system } = s3;
      const large = noise(20_000_000);
      await s3.registry.save("open", large);
      const by = await s3.derived();
      const sender = isLink ? { ...by, expires: 3600 } : { token: s3.token };
      const answer = await s3.handler(await s3.sign("/holdfast/open/@2.0.0/data.bin", sender));
      const reader = answer.body!.getReader();
      let size = (await reader.read()).value!.length;
      const keepForMs = end === "kept" ? 600_000 : undefined;
      if (end === "removed") await removeToken(file, by.accessKeyId);
      else await rotateToken(file, by.accessKeyId, { keepForMs, system });
      const rest = async () => {
        for (;;) {
          system.advance(1001);
          const { done, value } = await reader.read();
          if (done) return size;
          size += value.length;
        }
      };
      if (end === "kept") assertEquals(await rest(), large.length);
      else await assertRejects(rest, RegistryError, "the token was removed, expired");
    }
  }
});

Deno.test("changed requests are refused", async () => {
  await using s3 = await openWithTokens();
  const { sign, status, token, derived } = s3;
  const by = await derived();
  const signed = [];
  for (const path of ["/holdfast/open/@1.0.0/a", ODD, LISTING, "/holdfast?location"]) {
    for (const sender of [{ token }, by, { ...by, expires: 600 }]) {
      const request = await sign(path, sender);
      assertEquals(await status(request), [200]);
      const [base = "", query = ""] = request.url.slice(HOST.length).split("?");
      const headers: Record<string, string> = Object.fromEntries(request.headers);
      signed.push({ method: "GET", path: base, query: query ? query.split("&") : [], headers });
    }
  }
  const next = seededRandom(1);
  const random = (most: number) => Math.floor(next() * most);
  const accepted: unknown[] = [];
  for (let i = 0; i < casesOfRun(2000); i++) {
    const original = signed[i % signed.length]!;
    const sent = structuredClone(original);
    const mutation = Math.floor(i / signed.length) % MUTATIONS.length;
    MUTATIONS[mutation]!(sent, random);
    if (JSON.stringify(sent) === JSON.stringify(original)) continue;
    const { method, path, query, headers } = sent;
    const url = `http://${headers.host ?? "localhost"}${path}?${query.join("&")}`;
    const [code] = await status(new Request(url, { method, headers }));
    const isElsewhere = code === 404 && !/^\/holdfast(\/|$)/.test(path); // there is no other bucket
    if (code !== 400 && code !== 403 && !isElsewhere) {
      accepted.push([mutation, code, original, sent]);
    }
  }
  assertEquals(accepted, []);
});
