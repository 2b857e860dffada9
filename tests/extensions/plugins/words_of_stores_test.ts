// Names of options of buckets in other libraries, at each entry point.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { GCS_WORDS, S3_WORDS } from "../../../backends/bucket/words.ts";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { createS3Configs, openBackend } from "../../../backends/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { createS3Backend } from "../../../backends/s3.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { Backend } from "../../../core/backend.ts";
import { createPlugins, Storage } from "../../../extensions/plugins/mod.ts";
import { STORAGES } from "../../../extensions/plugins/storage/storages.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";

type Options = Record<string, unknown>;

const SECRET = "hunter2hunter2";
const HERE = "http://127.0.0.1:9000";
const VALUES: Readonly<Options> = {
  endpoint: HERE,
  secure: false,
  region: "eu-central-1",
  bucket: "models",
  createBucket: true,
  accessKeyId: "id",
  secretAccessKey: SECRET,
  sessionToken: SECRET,
  projectId: "project",
  keyFilename: "key.json",
};
const KEYS = { accessKeyId: "id", secretAccessKey: SECRET };

/** Opens with settings; returns all that the entry point made of them. */
type Opening = (options: Options) => unknown;

async function madeOf(backend: Backend): Promise<unknown> {
  const { options, functions } = backend.reopen ?? {};
  return { location: backend.location, options, credentials: await functions?.credentials?.() };
}

const inS3: Opening = (options) => madeOf(createS3Backend(options as never));
const inGcs: Opening = (options) => madeOf(createGcsBackend(options as never));

function asStorage(name: string): Opening {
  return async (options) => {
    const plugins = createPlugins({ system: createScriptedSystem() });
    const storage = await plugins.create(Storage, name, options);
    await storage[Symbol.asyncDispose]?.();
    await plugins[Symbol.asyncDispose]();
    const { aliases = {}, open } = STORAGES[name]!;
    const named = Object.entries(options).map(([key, value]) => [aliases[key] ?? key, value]);
    return await madeOf(await open(Object.fromEntries(named), {}));
  };
}

const inConfigs: Opening = async (options) => {
  const configs = createS3Configs({ system: createScriptedSystem() });
  configs.register("minio", "models", options as never);
  const { endpoint, region, ...keys } = await configs.get("minio", "models");
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  return { endpoint, region, accessKeyId, secretAccessKey, sessionToken };
};

const S3_ENTRIES: Record<string, Opening> = {
  createS3Backend: inS3,
  "the plugin minio": asStorage("minio"),
  "the plugin s3": asStorage("s3"),
  "createS3Configs": inConfigs,
};
const GCS_ENTRIES: Record<string, Opening> = {
  createGcsBackend: inGcs,
  "the plugin gcs": asStorage("gcs"),
};
const EVERY = [
  ...Object.entries(S3_ENTRIES).map((entry) => ({ entry, words: S3_WORDS })),
  ...Object.entries(GCS_ENTRIES).map((entry) => ({ entry, words: GCS_WORDS })),
];

async function refused(open: Opening, options: Options): Promise<RegistryError> {
  const error = await assertRejects(async () => await open(options), RegistryError);
  assertEquals(error.code, "Invalid");
  assert(error.hint !== undefined);
  assert(!Deno.inspect(error, { depth: 20, showHidden: true }).includes(SECRET), error.message);
  return error;
}

for (const { entry: [entry, open], words: known } of EVERY) {
  const { create_bucket: _, ...ofConfigs } = known;
  const words = open === inConfigs ? ofConfigs : known;
  const needed: Options = known === S3_WORDS ? { ...KEYS } : {};
  const base: Options = { bucket: "models", endpoint: HERE, ...needed };

  Deno.test(`${entry} takes each word of other libraries for ours`, async () => {
    for (const [word, name] of Object.entries(words)) {
      const ours = { ...base, [name]: VALUES[name] };
      const { [name]: _, ...rest } = ours;
      assertEquals(await open({ ...rest, [word]: VALUES[name] }), await open(ours), word);
    }
  });

  Deno.test(`${entry} refuses an option in two spellings`, async () => {
    for (const [word, name] of Object.entries(words)) {
      const { message } = await refused(open, { ...base, [name]: VALUES[name], [word]: "other" });
      assertMatch(message, /given twice/, word);
    }
  });

  Deno.test(`${entry} takes a host with or without secure`, async () => {
    const host = "127.0.0.1:9000";
    const expected = await open(base);
    assertEquals(await open({ ...base, endpoint: host }), expected);
    assertEquals(await open({ ...base, endpoint: host, secure: false }), expected);
    assertEquals(await open({ ...base, secure: false }), expected);
    assertEquals(
      await open({ ...base, endpoint: "minio.example.org" }),
      await open({ ...base, endpoint: "https://minio.example.org", secure: true }),
    );
    const { message } = await refused(open, { ...base, secure: true });
    assertMatch(message, /secure is true, and the scheme of the endpoint is not https/);
  });
}

Deno.test("the words of other libraries open what ours open", async () => {
  assertEquals(
    await inS3({
      endpoint: "localhost:9000",
      access_key: "id",
      secret_key: SECRET,
      bucket: "models",
      secure: false,
    }),
    await inS3({ endpoint: "http://localhost:9000", bucket: "models", credentials: KEYS }),
  );
  assertEquals(
    await inGcs({ project_id: "project", bucket_name: "models", credentials_path: "key.json" }),
    await inGcs({ projectId: "project", bucket: "models", keyFilename: "key.json" }),
  );
});

Deno.test("keys beside credentials, and words of the other store, are Invalid", async () => {
  const both = { bucket: "models", credentials: KEYS, access_key: "other" };
  assertMatch((await refused(inS3, both)).message, /credentials and accessKeyId are both given/);
  for (const word of ["project_id", "credentials_path", "keyFilename"]) {
    const error = await refused(inS3, { bucket: "models", [word]: "x" });
    assertMatch(error.hint!, /createGcsBackend/);
  }
  for (const word of ["access_key", "secret_key", "accessKeyId"]) {
    const error = await refused(inGcs, { bucket: "models", [word]: SECRET });
    assertMatch(error.hint!, /keyFilename/);
  }
  const path = await refused(inGcs, { bucket: "models", credentials: "key.json" });
  assertMatch(path.hint!, /keyFilename/);
  assertMatch(
    (await refused(inConfigs, { ...KEYS, bucket_name: "other" })).message,
    /bucket is that of another configuration/,
  );
  assertThrows(() => createS3Backend({ bucket: "models", endpoint: "" }), RegistryError);
  await refused(inS3, { bucket: "models", region: "eu", secure: false });
  await refused(inS3, { bucket: "models", endpoint: `id:${SECRET}@host` });
  for (const open of [inS3, inGcs]) {
    const { hint } = await refused(open, { bucket: "models", uri: "gs://models" });
    assertMatch(hint!, /Omit `uri`/);
  }
});

Deno.test("a URL has one spelling, and its error names it", async () => {
  const right = {
    bucket: /after the scheme/,
    createBucket: /createBucket/,
    endpoint: /endpoint/,
    secure: /scheme in the endpoint/,
    region: /region/,
    projectId: /projectId/,
    keyFilename: /GOOGLE_APPLICATION_CREDENTIALS/,
  };
  for (const scheme of ["s3", "minio", "gs"]) {
    const ofKeys = scheme === "gs" ? /GOOGLE_APPLICATION_CREDENTIALS/ : /_MODELS_SECRET_KEY/;
    const all = { ...right, accessKeyId: ofKeys, secretAccessKey: ofKeys, sessionToken: ofKeys };
    const { endpoint: _, region: __, ...others } = all;
    const open = (query: string) => () => openBackend(`${scheme}://models?${query}`);
    const words = { ...S3_WORDS, ...GCS_WORDS };
    for (
      const [word, name] of [...Object.entries(words), ...Object.keys(others).map((n) => [n, n])]
    ) {
      assertMatch(
        (await refused(open(`${word}=${SECRET}`), {})).hint!,
        (all as Record<string, RegExp>)[name!]!,
        word,
      );
    }
    assertMatch((await refused(open(`endpoint=${HERE}&secure=false`), {})).hint!, /http:\/\//);
    await refused(() => openRegistry(`${scheme}://models?secure=true`), {}).then(({ hint }) =>
      assertMatch(hint!, /Write the scheme/)
    );
    assertMatch((await refused(open("endpoint=localhost:9000"), {})).hint!, /https:\/\/host:port/);
  }
});

Deno.test("an option beside a URL that has the word of another is answered with ours", async () => {
  const right = {
    access_key: /MINIO_MODELS_ACCESS_KEY.*`credentials`/,
    endpoint_url: /\?endpoint=URL/,
    endpoint: /\?endpoint=URL/,
    region_name: /\?region=NAME/,
    use_ssl: /scheme in the endpoint/,
    bucket_name: /after the scheme/,
    create_bucket: /createBucket/,
    credentials_path: /`keyFilename` to createGcsBackend/,
    project_id: /createGcsBackend/,
  };
  for (const [word, hint] of Object.entries(right)) {
    const open = (options: Options) => openBackend(`minio://models?endpoint=${HERE}`, options);
    const error = await refused(open, { createBucket: true, [word]: SECRET });
    assertMatch(error.message, new RegExp(`${word} is not an option beside it`));
    assertMatch(error.hint!, hint);
  }
});

Deno.test("each entry point refuses the words that it does not take by name", async () => {
  const wrong = ["uri", "regoin", "secur", "port"];
  for (const { entry: [entry, open], words: known } of EVERY) {
    // a storage ignores the settings of others, so that its name alone can be changed
    const others = entry.startsWith("the plugin") ? {} : { ...S3_WORDS, ...GCS_WORDS };
    const base: Options = { bucket: "models", endpoint: HERE, ...(known === S3_WORDS ? KEYS : {}) };
    for (const word of [...wrong, ...Object.keys(others)]) {
      if (word in known && !(open === inConfigs && word === "create_bucket")) continue;
      const { message, hint } = await refused(open, { ...base, [word]: "x" });
      assertMatch(`${message} ${hint}`, new RegExp(`${word}|Omit`), `${entry} ${word}`);
    }
  }
});

Deno.test("createS3Configs names what was meant, and ignores members of AWS", async () => {
  const config = { endpoint: HERE, ...KEYS };
  const meant = { uri: /endpoint/, regoin: /`region`/, secur: /`secure`/, port: /only endpoint/ };
  const google = { project_id: /createGcsBackend/, credentials_path: /createGcsBackend/ };
  for (const [word, right] of Object.entries({ ...meant, ...google })) {
    const { message, hint } = await refused(inConfigs, { ...config, [word]: "x" });
    assertMatch(message, new RegExp(`unknown option ${word}`));
    assertMatch(hint!, right);
  }
  const aws = { ...config, accountId: "1", credentialScope: "eu", $source: {} };
  assertEquals(await inConfigs(aws), await inConfigs(config));
});
