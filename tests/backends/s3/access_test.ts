import fs from "node:fs";
import process from "node:process";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openBackend } from "../../../backends/mod.ts";
import { createS3Backend } from "../../../backends/s3.ts";
import { cliHint } from "../../../apps/cli/terminal/hint_words.ts";
import { HTTP_HINTS } from "../../../apps/server/hint_words.ts";
import { hintFor } from "../../../core/errors.ts";
import { type TempRoot, tempRoot, testInRoot } from "../../support/temp_root.ts";
import { rejected } from "../../registry/rejected.ts";
import { SECRETS, standInTest, xml } from "./stand_in.ts";

const BYTES = new Uint8Array(10);

const CONFIG = `[profile vault]
credential_process = /bin/sh -c 'echo vault is sealed >&2; exit 3'
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Dev
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
[profile role]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = lost
[default]
credential_process = /nowhere/tool
`;

/** Runs with these variables, and a configuration of Amazon's tools. The SDK reads both itself. */
async function withAws(
  root: TempRoot,
  variables: Record<string, string>,
  run: () => Promise<void>,
  more = "",
): Promise<void> {
  const { env } = process;
  const before = { ...env };
  const config = root.join(`config-${JSON.stringify(variables).length}`); // the SDK reads a path once
  fs.writeFileSync(config, CONFIG + more);
  Object.assign(env, {
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_REGION: "eu-central-1",
    ...variables,
  });
  try {
    await run();
  } finally {
    for (const name of Object.keys(env)) if (name.startsWith("AWS_")) delete env[name];
    Object.assign(env, before);
  }
}

const REASONS: [variables: Record<string, string>, reason: RegExp][] = [
  [{ AWS_PROFILE: "vault" }, /vault is sealed/],
  [{ AWS_PROFILE: "sso" }, /SSO session .*aws sso login/],
  [{ AWS_PROFILE: "nope" }, /profile: \[nope\]/],
  [{ AWS_PROFILE: "role" }, /profile: \[lost\]/],
  [{}, /nowhere\/tool/],
  [{ AWS_WEB_IDENTITY_TOKEN_FILE: "/nowhere/token", AWS_ROLE_ARN: "r" }, /nowhere\/t/],
];

for (const [variables, reason] of REASONS) {
  testInRoot(`credentials that fail say why: ${JSON.stringify(variables)}`, async (root) => {
    await withAws(root, variables, async () => {
      const backend = createS3Backend({ bucket: "models", endpoint: "http://127.0.0.1:1" });
      const error = await rejected("Denied", backend.head("a"), /no valid credentials found/);
      assertMatch(cliHint(error)!, reason);
      assertMatch(String((error.cause as Error).message), reason);
      assertEquals(hintFor(error, HTTP_HINTS), "Ask the operator of the service.");
      await backend[Symbol.asyncDispose]();
    });
  });
}

standInTest("an endpoint from the environment keeps the bucket in the path", async (start) => {
  const { endpoint, requests } = await start(() => {});
  const root = await tempRoot();
  try {
    const url = endpoint.replace("127.0.0.1", "localhost"); // the SDK itself spares addresses
    const ways: Record<string, string>[] = [
      { AWS_ENDPOINT_URL: url },
      { AWS_ENDPOINT_URL_S3: url },
      {
        AWS_PROFILE: "local",
      },
    ];
    for (const way of ways) {
      await withAws(root, way, async () => {
        const backend = createS3Backend({ bucket: "models", credentials: SECRETS });
        await backend.put("a/b", BYTES);
        await backend.put("long", new Uint8Array(3_000_000));
        await backend[Symbol.asyncDispose]();
        assertEquals(requests.splice(0).map(({ path }) => path), ["/models/a/b", "/models/long"]);
      }, `[profile local]\nendpoint_url = ${url}\n`);
    }
  } finally {
    await root.remove();
  }
});

standInTest("a public bucket is read without keys", async (start) => {
  const { endpoint, requests } = await start((request) =>
    request.line.startsWith("HEAD")
      ? {}
      : xml("ListBucketResult", "<IsTruncated>false</IsTruncated>")
  );
  const backend = await openBackend(`s3://open/data?endpoint=${endpoint}&anonymous=true`);
  await backend.head("a");
  await Array.fromAsync(backend.list(""));
  assertEquals(requests.map(({ headers }) => "authorization" in headers), [false, false]);
  assertEquals([backend.presign, backend.location], [
    undefined,
    `s3://open/data?endpoint=${endpoint}`,
  ]);
  assertEquals((backend.reopen?.options as { credentials: string }).credentials, "anonymous");
  await backend[Symbol.asyncDispose]();
});

standInTest("the URL says who pays, how objects are encrypted and where", async (start) => {
  const { endpoint, requests } = await start(() => {});
  const url =
    `minio://models?endpoint=${endpoint}&requester-pays=true&kms-key=k-1&storage-class=STANDARD_IA`;
  const backend = await openBackend(url, { credentials: SECRETS });
  await backend.put("a", BYTES);
  await backend.head("a");
  const [put, head] = requests.map(({ headers }) => headers);
  assertEquals(
    [put, head].map((headers) => headers["x-amz-request-payer"]),
    ["requester", "requester"],
  );
  assertStringIncludes(head.authorization, "x-amz-request-payer");
  assertEquals(put["x-amz-server-side-encryption"], "aws:kms");
  assertEquals(put["x-amz-server-side-encryption-aws-kms-key-id"], "k-1");
  assertEquals(put["x-amz-storage-class"], "STANDARD_IA");
  const signed = await backend.presign!("a", { expiresInMs: 60_000 });
  assertStringIncludes(signed, "x-amz-request-payer=requester");
  await backend[Symbol.asyncDispose]();
});

Deno.test("impossible access is refused", async () => {
  const open = (query: string) => openBackend(`s3://models?region=eu-west-1&${query}`);
  await rejected("Invalid", open("anonymous=yes"), /\?anonymous=true/);
  await rejected("Invalid", open("kms_key=1"), /unknown parameter/);
  await rejected("Unsupported", open("storage-class=DEEP_ARCHIVE"), /STANDARD_IA/);
  const arn = "s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/models";
  await rejected("Invalid", openBackend(arn), /-s3alias/);
});
