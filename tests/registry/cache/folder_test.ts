// Ownership of the folder of a cache.
import { assertEquals, assertMatch } from "@std/assert";
import fs from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { clearCache, inspectCache, openRegistry } from "../../../mod.ts";
import type { OpenOptions } from "../../../registry/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";
import { filler } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { IS_QUICK } from "../../support/seeds.ts";

const NO_MODES = process.platform === "win32";
const isRoot = process.getuid?.() === 0;

function testFolder(
  sentence: string,
  body: (root: TempRoot) => Promise<void>,
  ignore = NO_MODES,
): void {
  Deno.test({
    name: sentence,
    ignore,
    async fn() {
      const root = await tempRoot();
      try {
        await body(root);
      } finally {
        await root.remove();
      }
    },
  });
}

/** Opens a remote registry, loads through its cache, and returns its warnings. */
async function use(
  cache: OpenOptions["cache"],
  environment: Record<string, string> = {},
): Promise<string[]> {
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (text: unknown) => void warnings.push(String(text)),
    error() {},
  };
  const system = createScriptedSystem({ environment });
  const backend = { ...createMemoryBackend({ system }), kind: "remote" };
  const registry = await openRegistry(backend, { system, logger, cache });
  await registry.save("a", filler("one"), { version: "1" });
  for (let time = 0; time < 2; time++) assertEquals(await registry.load("a@1"), filler("one"));
  await registry[Symbol.asyncDispose]();
  return warnings;
}

function mode(path: string): number {
  return fs.lstatSync(path).mode & 0o777;
}

testFolder(
  "the folder of a cache and all in it are its owner's alone, whatever the umask is",
  async (root) => {
    const before = process.umask(0);
    try {
      const path = root.join("above", "cache");
      assertEquals(await use({ path }), []);
      assertEquals(mode(path), 0o700);
      const entries = fs.readdirSync(path, { recursive: true, withFileTypes: true });
      assertEquals(entries.some((entry) => entry.isFile() && entry.name === "secret"), true);
      for (const entry of entries) {
        assertEquals(
          mode(`${entry.parentPath}/${entry.name}`),
          entry.isFile() ? 0o600 : 0o700,
          entry.name,
        );
      }
    } finally {
      process.umask(before);
    }
  },
);

for (const mode of [0o777, 0o770, 0o702, 0o1777]) {
  testFolder(
    `a folder that others may write to is not used, and refused where it is named: ${
      mode.toString(8)
    }`,
    async (root) => {
      const path = root.join("cache");
      fs.mkdirSync(path);
      fs.chmodSync(path, mode);
      const warnings = await use(undefined, { HOLDFAST_CACHE: path });
      assertEquals(warnings.length, 1);
      assertMatch(warnings[0], /no cache: other users can write to/);
      assertEquals(fs.readdirSync(path), []);
      const error = await rejected("Invalid", use({ path }));
      assertMatch(error.message, /other users can write to/);
      assertMatch(error.hint!, /chmod/);
      await rejected("Denied", clearCache({ path }));
      assertEquals(fs.readdirSync(path), []);
    },
  );
}

testFolder(
  "a folder that others may read is used: what is put there is not for them",
  async (root) => {
    const path = root.join("cache");
    fs.mkdirSync(path);
    fs.chmodSync(path, 0o755);
    assertEquals(await use({ path }), []);
    assertEquals(mode(`${path}/files`), 0o700);
  },
);

testFolder(
  "a relative folder in the environment is used, and one that no folder is, is not",
  async (root) => {
    const path = root.join("cache");
    assertEquals(await use(undefined, { HOLDFAST_CACHE: relative(process.cwd(), path) }), []);
    assertEquals(fs.readdirSync(path).includes("records"), true);
    for (const odd of ["~/cache", "$HOME/cache", "s3://bucket/cache", "s3:bucket"]) {
      const system = createScriptedSystem({ environment: { HOLDFAST_CACHE: odd } });
      assertEquals(
        (await inspectCache({ system })).problem,
        `"${odd}" is not the path of a folder`,
      );
      await use(undefined, { HOLDFAST_CACHE: odd });
      assertEquals(fs.existsSync(odd.split("/")[0]!), false);
    }
  },
);

testFolder("a folder holds no more than its limit in the blocks of its files", async (root) => {
  const path = root.join("cache"), maxBytes = 400 * 1024;
  const system = createScriptedSystem({});
  const backend = { ...createMemoryBackend({ system }), kind: "remote" };
  const registry = await openRegistry(backend, { system, cache: { path, maxBytes } });
  for (let i = 0; i < 150; i++) {
    await registry.save(`a${i}`, i, { version: "1" });
    await registry.load(`a${i}@1`);
  }
  await registry[Symbol.asyncDispose]();
  const entries = fs.readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "secret");
  assertEquals(files.length > 20 && files.length * 4096 <= 1.1 * maxBytes, true, `${files.length}`);
  const { bytes } = await inspectCache({ path });
  assertEquals(bytes % 4096, 0);
}, NO_MODES || IS_QUICK);

testFolder("unfinished entries of killed programs are counted and cleared", async (root) => {
  const path = root.join("cache");
  const stage = `${path}/.stage/01a22c46-25d1-70df-8e68-cb3eaa7b71d4`;
  await use({ path });
  const { files, bytes } = await inspectCache({ path });
  fs.mkdirSync(`${path}/.stage`, { recursive: true });
  fs.writeFileSync(stage, new Uint8Array(10_000));
  const both = { files: files + 1, bytes: bytes + 3 * 4096 };
  assertEquals(await inspectCache({ path }), { path, ...both });
  assertEquals(await clearCache({ path }), both);
  assertEquals(fs.existsSync(stage), false);
});

testFolder("a link in the place of the folder is not followed", async (root) => {
  const path = root.join("cache"), target = root.join("elsewhere");
  fs.mkdirSync(target, { mode: 0o700 });
  fs.symlinkSync(target, path);
  assertMatch((await use(undefined, { HOLDFAST_CACHE: path })).join(), /is a link/);
  await rejected("Invalid", use({ path }));
  assertEquals(fs.readdirSync(target), []);
});

testFolder("a folder of somebody else's is not used", async (root) => {
  const path = root.join("cache");
  fs.mkdirSync(path, { mode: 0o700 });
  fs.chownSync(path, 65_534, 65_534);
  assertMatch((await use(undefined, { HOLDFAST_CACHE: path })).join(), /belongs to another user/);
  await rejected("Invalid", use({ path }));
  assertEquals(fs.readdirSync(path), []);
}, NO_MODES || !isRoot);
