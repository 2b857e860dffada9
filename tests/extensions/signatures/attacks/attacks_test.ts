// Signers that are stopped, signatures that are replaced while they are read, and too many of them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { join } from "@std/path";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { keepAmong, keepSignatures } from "../../../../extensions/signatures/saving.ts";
import { type CliTest, cliTest } from "../../../apps/captured_io.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { storedSignatures } from "./many.ts";
import { ecKeys } from "../signed.ts";

/** A signer that writes its process id, and waits, also after the program that started it. */
const SLOW = "echo $$ > pid; mv pid started; exec sleep 60 2>&-";

/** Saves a version, and writes a key. */
async function prepared(it: CliTest): Promise<void> {
  const { privateKey, publicKey } = ecKeys();
  await writeFile(join(it.cwd, "key.pem"), privateKey);
  await writeFile(join(it.cwd, "key.pub"), publicKey);
  await mkdir(join(it.cwd, "model"));
  await writeFile(join(it.cwd, "model/a.bin"), "a");
  await it.succeeds("init");
  await it.succeeds("save models:a model");
}

async function started(it: CliTest): Promise<void> {
  while (!(await readdir(it.cwd)).includes("started")) await realSystem.sleep(5);
}

/** Returns true while the signer runs. */
async function isRunning(it: CliTest): Promise<boolean> {
  try {
    return process.kill(Number(await readFile(join(it.cwd, "started"), "utf8")), 0);
  } catch {
    return false;
  }
}

/** Asserts that a version has no signature, and can still have one. */
async function assertUnsigned(it: CliTest): Promise<void> {
  assertEquals((await it.json("signatures models:a --json")).signatures, []);
  await it.succeeds("sign models:a --key key.pem");
  await it.succeeds("verify models:a --signed-by key.pub");
}

cliTest("sign: Ctrl-C while a command signs ends both, and adds nothing", async (it) => {
  await prepared(it);
  const stop = new AbortController();
  const words = ["sign", "models:a", "--public-key", "key.pub", "--signer", SLOW];
  const running = it.holdfast(words, { signal: stop.signal });
  await started(it);
  stop.abort(new DOMException("Ctrl-C", "AbortError"));
  const { code, out } = await running;
  assert(code !== 0);
  assertEquals(out, "");
  while (await isRunning(it)) await realSystem.sleep(5);
  await assertUnsigned(it);
});

cliTest("sign: a program that is killed while a command signs has added nothing", async (it) => {
  await prepared(it);
  const words = ["sign", "models:a", "--public-key", "key.pub", "--signer", SLOW];
  const child = spawnDeno("apps/cli.ts", words, { cwd: it.cwd, permissions: ["-A"] });
  const ended = child.output();
  await started(it);
  child.kill("SIGKILL");
  assert((await ended).code !== 0);
  assert(await isRunning(it));
  process.kill(Number(await readFile(join(it.cwd, "started"), "utf8")));
  await assertUnsigned(it);
});

cliTest(
  "model.sig that is replaced during a save or import is not the one that is kept",
  async (it) => {
    await prepared(it);
    await it.succeeds("sign models:a --key key.pem");
    await it.succeeds("signatures models:a --to model");
    const own = await readFile(join(it.cwd, "model/model.sig"));
    const context = {
      io: { cwd: it.cwd, system: realSystem },
      note: () => Promise.resolve(),
    } as unknown as CommandContext;
    await using registry = await openRegistry(join(it.cwd, ".holdfast"));
    const { files } = await registry.info("models:a");
    const folder = {
      path: "model",
      files: [{ path: "model.sig", content: new Uint8Array(own) }],
    };
    const ways = { saved: keepSignatures("model", context), imported: keepAmong(folder, context) };
    for (const [way, reading] of Object.entries(ways)) {
      const beside = await reading;
      assert(beside !== undefined);
      await writeFile(join(it.cwd, "model/model.sig"), '{"mediaType":"evil"}');
      folder.files[0]!.content.fill(0);
      beside.check(files);
      const { version } = await registry.copy("models:a", `models:${way}`);
      await beside.after({ registry, name: `models:${way}`, version });
      assertEquals(beside.files, ["model.sig"]);
      await it.succeeds(`verify models:${way} --signed-by key.pub`);
      await writeFile(join(it.cwd, "model/model.sig"), own);
    }
  },
);

cliTest(
  "a version with as many signatures as fit lists them, and says so to the next",
  async (it) => {
    await prepared(it);
    {
      await using registry = await openRegistry(join(it.cwd, ".holdfast"));
      const labels = { signatures: storedSignatures(245) };
      await annotate(registry, "models:a@1.0.0", { labels });
    }
    const { signatures } = await it.json("signatures models:a --json");
    assertEquals(signatures.length, 245);
    const keys = [ecKeys(), ecKeys(), ecKeys()];
    let refused = "";
    for (const { privateKey } of keys) {
      await writeFile(join(it.cwd, "next.pem"), privateKey);
      const { code, err } = await it.holdfast("sign models:a --key next.pem");
      if (code !== 0) refused = err;
    }
    assertMatch(refused, /Cannot sign "models:a@1\.0\.0": its notes and labels have no room/);
    assertMatch(refused, /Remove a signature: set its ID in the label `signatures` to null/);
    const { id } = signatures[0];
    await it.succeeds(["note", "models:a@1.0.0", "--label", `signatures:={"${id}": null}`]);
    await it.succeeds("sign models:a --key next.pem");
    const left = (await it.json("signatures models:a --json")).signatures;
    assertEquals(left.some((each: { id: string }) => each.id === id), false);
  },
);
