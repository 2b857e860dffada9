// URLs that are signed as google-cloud-storage for Python signs them: a signature differs if any
// signed byte does.
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { realSystem } from "../../../core/system.ts";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { runPython } from "../../support/numpy.ts";
import { IS_QUICK } from "../../support/seeds.ts";
import { SIGNING_KEY } from "./signing_key.ts";

const python = realSystem.env("HOLDFAST_PYTHON") ?? "";
const missing = IS_QUICK || !existsSync(python)
  ? "google-cloud-storage; .ci/run installs it"
  : undefined;

const PROGRAM = `
import json, sys
from urllib.parse import parse_qs, quote, urlsplit
from google.cloud.storage._signing import generate_signed_url_v4
from google.oauth2 import service_account
key, requests = json.loads(sys.argv[1])
credentials = service_account.Credentials.from_service_account_info(
    {**key, "token_uri": "https://oauth2.googleapis.com/token"})
def sign(request):
    given = {k: v[0] for k, v in parse_qs(urlsplit(request["url"]).query).items()}
    url = generate_signed_url_v4(
        credentials, resource="/models_x.y/" + quote(request["name"], safe="/~"),
        expiration=request["seconds"], api_access_endpoint=request["endpoint"],
        _request_timestamp=given["X-Goog-Date"], method=request["method"],
        headers=request.get("headers"), response_type=given.get("response-content-type"),
        response_disposition=given.get("response-content-disposition"))
    return urlsplit(url).path, parse_qs(urlsplit(url).query)
print(json.dumps([sign(request) for request in requests]))
`;

/** Names with every ASCII character that a store accepts, and others. */
const KEYS = [
  "a",
  "a b/ü+&?#%~'()*!",
  "a//b",
  "日本/🎉.bin",
  "a;b=c,d:e@f$g",
  '[x]{y}|\\^`"<>-_.',
  "a/%41",
];

judgeTest("a URL has the signature of google-cloud-storage", missing, async () => {
  const requests: { endpoint: string; name: string; url: string; seconds: number }[] = [];
  const places = [
    [undefined, undefined],
    ["team a", undefined],
    [undefined, "https://gcs.example.com:4443"],
    [undefined, "http://127.0.0.1:4443"],
  ] as const;
  for (const [prefix, own] of places) {
    const endpoint = own ?? "https://storage.googleapis.com";
    const asked = (method: string, seconds: number) => ({ endpoint, method, seconds });
    const backend = createGcsBackend({
      bucket: "models_x.y",
      prefix,
      endpoint: own,
      credentials: SIGNING_KEY,
      system: realSystem, // the library refuses times that have passed
    });
    for (const key of KEYS) {
      const name = prefix === undefined ? key : `${prefix}/${key}`;
      const url = await backend.presign!(key, { expiresInMs: 60_000, fileName: "größe 'x\".txt" });
      requests.push({ name, url, ...asked("GET", 60) });
      const week = await backend.presign!(key, { expiresInMs: 604_800_000 });
      requests.push({ name, url: week, ...asked("GET", 604_800) });
      const upload = { expiresInMs: 90_000, size: 12, sha256: "00".repeat(32), crc32c: "AAAAAA==" };
      const put = await backend.presignPut!(key, upload);
      requests.push({ name, ...put, ...asked("PUT", 90) });
    }
  }
  const args = JSON.stringify([SIGNING_KEY, requests]);
  const judged = JSON.parse(await runPython(python, PROGRAM, [args]));
  const ours = requests.map(({ endpoint, url }) => {
    const { origin, pathname, searchParams } = new URL(url);
    assertEquals(origin, endpoint);
    return [
      pathname,
      Object.fromEntries([...searchParams].map(([name, value]) => [name, [value]])),
    ];
  });
  assertEquals(ours, judged);
});
