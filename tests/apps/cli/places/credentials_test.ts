import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findRegistry } from "../../../../apps/cli/places/find_registry.ts";
import { findCredentials } from "../../../../apps/cli/places/find_registry.ts";
import { setRemote } from "../../../../apps/cli/places/set_remote.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { captureIo } from "../../captured_io.ts";

const SECRET = "verysecret";

Deno.test("credentials are located, never shown", async () => {
  await using root = await tempRoot();
  await Deno.mkdir(root.join("home/.aws"), { recursive: true });
  await Deno.writeTextFile(
    root.join("home/.aws/credentials"),
    `[default]\naws_secret_access_key=${SECRET}\n`,
  );
  const keys = { R2_MY_BUCKET_ACCESS_KEY: SECRET, R2_MY_BUCKET_SECRET_KEY: SECRET };
  const cases: [place: string, env: Record<string, string>, found: boolean, where: string][] = [
    ["./folder", {}, true, "none needed"],
    ["memory://bucket", {}, true, "none needed"],
    ["azure://bucket", {}, false, "no driver for the scheme azure:"],
    ["r2://my-bucket", keys, true, "keys in the environment"],
    ["r2://other", keys, false, "R2_OTHER_ACCESS_KEY"],
    ["s3://bucket?provider=r2", {}, false, "R2_BUCKET_ACCESS_KEY"],
    ["s3://bucket", { AWS_ACCESS_KEY_ID: SECRET }, true, "AWS_ACCESS_KEY_ID"],
    ["s3://bucket", { HOME: root.join("home") }, true, ".aws/credentials"],
    ["s3://bucket", {}, false, "S3_BUCKET_ACCESS_KEY"],
    ["gs://bucket", {}, false, "GOOGLE_APPLICATION_CREDENTIALS"],
    [
      "gs://bucket",
      { GOOGLE_APPLICATION_CREDENTIALS: root.join("home/.aws/credentials") },
      true,
      ".aws/credentials",
    ],
    ["https://host", { HOLDFAST_TOKEN: SECRET }, true, "token in HOLDFAST_TOKEN"],
    ["https://host", {}, false, "neither HOLDFAST_TOKEN nor --token-file is set"],
  ];
  setRemote(
    "work",
    { location: "https://host", tokenFile: root.join("token") },
    { system: captureIo({ cwd: root.path, env: { XDG_CONFIG_HOME: root.path } }).system },
  );
  cases.push(["@work", { XDG_CONFIG_HOME: root.path }, true, `token in ${root.join("token")}`]);
  for (const [place, env, isFound, part] of cases) {
    const io = captureIo({ cwd: root.path, env });
    const { found, where } = await findCredentials(findRegistry(place, io), { io, tokens: [] });
    assertEquals(found, isFound, `${place}: ${where}`);
    assertStringIncludes(where, part);
    assert(!where.includes(SECRET));
  }
});

Deno.test("incomplete keys in s3_aksk.env are reported", async () => {
  await using root = await tempRoot();
  const io = captureIo({ cwd: root.path });
  await Deno.writeTextFile(
    root.join("s3_aksk.env"),
    `OSS_B_ACCESS_KEY=${SECRET}\nOSS_B_SECRET_KEY=${SECRET}\n`,
  );
  const env = { OSS_A_ACCESS_KEY: SECRET, OSS_A_SECRET_KEY: SECRET }; // of another bucket
  for (const whole of [io, captureIo({ cwd: root.path, env })]) {
    const found = await findCredentials(findRegistry("oss://b", whole), { io: whole, tokens: [] });
    assertEquals(found, { found: true, where: `keys in ${root.join("s3_aksk.env")}` });
  }
  await Deno.writeTextFile(root.join("s3_aksk.env"), `OSS_B_ACCESS_KEY=${SECRET}\n`);
  const half = await findCredentials(findRegistry("oss://b", io), { io, tokens: [] });
  assertEquals([half.found, half.where.includes(SECRET)], [false, false]);
});
