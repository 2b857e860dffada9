import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { createS3Backend, type S3ProviderId } from "../../../backends/s3.ts";
import { findS3Provider, S3_PROVIDERS } from "../../../backends/s3_providers.ts";
import { sampleBytes, text } from "../../conformance/backend/samples.ts";
import { SECRETS, standInTest, xml } from "./stand_in.ts";

const MIB = 2 ** 20;
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("base64");
const create = { mode: "create" } as const;

/** The create request of each make of store, from its documentation (see `sources`). */
const CREATES: Record<S3ProviderId, Record<string, string | undefined>> = {
  s3: { "if-none-match": "*", "x-amz-checksum-crc32": "NhCmhg==", "content-md5": undefined },
  minio: { "if-none-match": "*", "x-amz-checksum-crc32": "NhCmhg==", "content-md5": undefined },
  r2: { "if-none-match": "*", "x-amz-checksum-crc32": "NhCmhg==", "content-md5": undefined },
  tos: {
    "x-tos-forbid-overwrite": "true",
    "x-amz-checksum-crc32": undefined,
    "content-md5": md5(text("hello")),
  },
  ks3: {
    "x-kss-forbid-overwrite": "true",
    "x-amz-checksum-crc32": undefined,
    "content-md5": md5(text("hello")),
  },
  oss: {
    "x-oss-forbid-overwrite": "true",
    "x-amz-checksum-crc32": undefined,
    "content-md5": md5(text("hello")),
  },
  cos: {
    "x-cos-forbid-overwrite": "true",
    "x-amz-checksum-crc32": undefined,
    "content-md5": md5(text("hello")),
  },
};

for (
  const [provider, expected] of Object.entries(CREATES) as [S3ProviderId, Record<string, string>][]
) {
  const [header] = findS3Provider(provider).createHeader;

  standInTest(`a create on ${provider} is one signed PUT with its header`, async (start) => {
    const store = await start(() => {}, { provider, prefix: "team/x" });
    assert(
      (await store.backend.put("a/b", text("hello"), { ...create, contentType: "text/plain" }))
        .written,
    );
    assertEquals(store.lines(), ["PUT /bucket/team/x/a/b"]);
    const { headers, body } = store.requests[0];
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(headers[name], value, name);
    }
    assertMatch(headers.authorization, new RegExp(`SignedHeaders=[^,]*\\b${header}\\b`));
    assertMatch(
      headers.authorization,
      /Credential=access-key-of-test\/\d{8}\/region-1\/s3\/aws4_request/,
    );
    assertEquals([headers["content-type"], headers["content-length"]], ["text/plain", "5"]);
    assertEquals([headers["x-amz-content-sha256"], headers["transfer-encoding"]], [
      "UNSIGNED-PAYLOAD",
      undefined,
    ]);
    assertEquals(new TextDecoder().decode(body), "hello");
  });

  standInTest(`an overwrite on ${provider} has no such header`, async (start) => {
    const store = await start(() => {}, { provider });
    assert((await store.backend.put("a/b", text("hello"))).written);
    assertEquals(store.requests[0].headers[header], undefined);
  });

  standInTest(`deleteMany() on ${provider} is one request with a checksum`, async (start) => {
    const store = await start(() => xml("DeleteResult", ""), { provider });
    assertEquals(await store.backend.deleteMany!(["a/1", "a/2"]), []);
    const { headers, line, body } = store.requests[0];
    assertEquals(line, "POST /bucket/?delete=");
    const crc32 = findS3Provider(provider).checksum === "crc32";
    assertEquals(headers["content-md5"], crc32 ? undefined : md5(body));
    assertEquals(headers["x-amz-checksum-crc32"] !== undefined, crc32);
    assertMatch(new TextDecoder().decode(body), /<Object><Key>a\/1<\/Key><\/Object>/);
  });
}

Deno.test("each provider has the bucket in its place in URLs", async () => {
  const expected: Record<S3ProviderId, string> = {
    s3: "https://models.s3.eu-west-1.amazonaws.com/team/a%20b/1?",
    minio: "https://store.example/models/team/a%20b/1?",
    r2: "https://account.r2.cloudflarestorage.com/models/team/a%20b/1?",
    tos: "https://models.tos-s3-cn-beijing.volces.com/team/a%20b/1?",
    ks3: "https://models.ks3-cn-beijing.ksyuncs.com/team/a%20b/1?",
    oss: "https://models.s3.oss-cn-hangzhou.aliyuncs.com/team/a%20b/1?",
    cos: "https://models.cos.ap-beijing.myqcloud.com/team/a%20b/1?",
  };
  const places: Record<S3ProviderId, { region?: string; endpoint?: string }> = {
    s3: { region: "eu-west-1" },
    minio: { endpoint: "https://store.example" },
    r2: { endpoint: "https://account.r2.cloudflarestorage.com" },
    tos: { region: "cn-beijing" },
    ks3: { region: "cn-beijing" },
    oss: { region: "cn-hangzhou" },
    cos: { region: "ap-beijing" },
  };
  for (const provider of S3_PROVIDERS.keys()) {
    const options = {
      provider,
      bucket: "models",
      prefix: "team",
      ...places[provider],
      credentials: SECRETS,
    };
    const backend = createS3Backend(options);
    const url = await backend.presign!("a b/1", { expiresInMs: 60_000 });
    assertEquals(url.slice(0, expected[provider].length), expected[provider]);
  }
});

Deno.test("your own endpoint has the bucket in the path", async () => {
  const options = { bucket: "models", endpoint: "http://minio:9000", credentials: SECRETS };
  const backend = createS3Backend(options);
  assertMatch(
    await backend.presign!("a", { expiresInMs: 60_000 }),
    /^http:\/\/minio:9000\/models\/a\?/,
  );
});

Deno.test("presigned URLs include file name and media type", async () => {
  const options = { bucket: "models", endpoint: "http://minio:9000", credentials: SECRETS };
  const backend = createS3Backend(options);
  const named = async (fileName: string) => {
    const url = await backend.presign!("a", { expiresInMs: 60_000, fileName });
    return new URL(url).searchParams.get("response-content-disposition");
  };
  assertEquals(await named("model.bin"), 'attachment; filename="model.bin"');
  assertEquals(
    await named('a"\r\nb.é'),
    `attachment; filename="a___b._"; filename*=UTF-8''a%22%0D%0Ab.%C3%A9`,
  );
  const query = new URL(await backend.presign!("a", { expiresInMs: 1_500 })).searchParams;
  const names = ["response-content-disposition", "response-content-type", "X-Amz-Expires"];
  assertEquals(names.map((name) => query.get(name)), [
    "attachment",
    "application/octet-stream",
    "1",
  ]);
});

standInTest("presigned URLs begin by the clock of the store", async (start) => {
  const { backend } = await start(() => {}); // its clock is ten seconds ahead
  const began = async () => {
    const url = new URL(await backend.presign!("a", { expiresInMs: 60_000 }));
    return url.searchParams.get("X-Amz-Date");
  };
  assertEquals(await began(), "20260101T000000Z");
  await backend.head("a");
  assertEquals(await began(), "20260101T000010Z");
});

standInTest("putOptions are sent with every upload", async (start) => {
  const putOptions = {
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: "key",
    StorageClass: "STANDARD_IA",
  };
  const store = await start(
    ({ line }) => {
      if (/uploads/.test(line)) {
        return xml("InitiateMultipartUploadResult", "<UploadId>u</UploadId>");
      }
      if (/^POST/.test(line)) return xml("CompleteMultipartUploadResult", "<ETag>whole</ETag>");
    },
    { putOptions },
  );
  await store.backend.put("small", text("x"), create);
  await store.backend.put("large", sampleBytes(9 * MIB));
  const sent = store.requests.map(({ line, headers }) => [
    line.replace(/ .*\/(\w+)/, " $1").replace(/[?&]x-id=\w+/, ""),
    headers["x-amz-server-side-encryption"],
    headers["x-amz-storage-class"],
  ]);
  assertEquals(sent.filter(([, sse]) => sse !== undefined), [
    ["PUT small", "aws:kms", "STANDARD_IA"],
    ["POST large?uploads=", "aws:kms", "STANDARD_IA"],
  ]);
});

standInTest("a create in parts is conditional in its last request", async (start) => {
  for (const provider of ["minio", "oss"] as const) {
    const [header, value] = findS3Provider(provider).createHeader;
    const store = await start(({ line }) => {
      if (/uploads/.test(line)) {
        return xml("InitiateMultipartUploadResult", "<UploadId>u</UploadId>");
      }
      if (/partNumber/.test(line)) return { headers: { etag: '"p"' } };
      return xml("CompleteMultipartUploadResult", "<ETag>whole</ETag>");
    }, { provider });
    const result = await store.backend.put("a", sampleBytes(17 * MIB), create);
    assert(result.written && result.info.etag === "whole" && result.info.size === 17 * MIB);
    assertEquals(store.requests.map(({ headers }) => headers[header]), [
      undefined,
      undefined,
      undefined,
      undefined,
      value,
    ]);
    const parts = store.requests.filter(({ query }) => query.has("partNumber"));
    const checksum = provider === "minio" ? "x-amz-checksum-crc32" : "content-md5";
    assert(parts.every(({ headers }) => headers[checksum] !== undefined));
    assertEquals(parts.map(({ body }) => body.byteLength).sort(), [8 * MIB, 8 * MIB, MIB].sort());
  }
});

standInTest("without conditional parts a create is one request", async (start) => {
  const store = await start(() => {}, { provider: "ks3" });
  const bytes = sampleBytes(17 * MIB);
  assert((await store.backend.put("a", bytes, create)).written);
  assertEquals(store.lines(), ["PUT /bucket/a"]);
  const error = await store.backend.put("b", new Blob([bytes]).stream(), create).catch((error) =>
    error
  );
  assertEquals([error.code, store.lines().length], ["Unsupported", 1]);
});
