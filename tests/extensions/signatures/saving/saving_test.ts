// Folders and files that are saved with the signatures beside them.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import { openRegistry } from "../../../../mod.ts";
import { keepSignatures } from "../../../../extensions/signatures/saving.ts";
import { signatureBundle, signVersion } from "../../../../extensions/signatures/signatures.ts";
import { cliTest, filesIn } from "../../../apps/captured_io.ts";
import { ecKeys } from "../signed.ts";

cliTest("save --signatures keeps model.sig of a folder, and it is not a file", async (it) => {
  const [own, other] = [ecKeys(), ecKeys()];
  await writeFile(join(it.cwd, "key.pem"), own.privateKey);
  await writeFile(join(it.cwd, "key.pub"), own.publicKey);
  await writeFile(join(it.cwd, "other.pem"), other.privateKey);
  await mkdir(join(it.cwd, "model"));
  await writeFile(join(it.cwd, "model/a.bin"), "a");
  await it.succeeds("init");
  await it.succeeds("save models:a model");
  await it.succeeds("sign models:a --key key.pem");
  await it.succeeds("download models:a got --signatures");
  const saved = await it.json("save models:b got --signatures --json");
  assertEquals([saved.signatures, saved.leftOut], [["model.sig"], undefined]);
  await it.succeeds("signatures models:b --signed-by key.pub");
  const [a, b] = [await it.json("info models:a --json"), await it.json("info models:b --json")];
  assertEquals(a.digest, b.digest);
  await it.succeeds("sign models:a --key other.pem");
  await it.succeeds("download models:a both --signatures");
  assertEquals((await filesIn(join(it.cwd, "both"))).length, 3);
  await it.succeeds("save models:c both --signatures");
  assertEquals((await it.json("signatures models:c --json")).signatures.length, 2);
  // Without the option, nothing is left out of a save.
  await it.succeeds("save models:d got");
  assertEquals((await it.json("info models:d --json")).files.length, 2);
});

cliTest("save --signatures: a single file has FILE.sig", async (it) => {
  const { privateKey, publicKey } = ecKeys();
  await writeFile(join(it.cwd, "key.pem"), privateKey);
  await writeFile(join(it.cwd, "key.pub"), publicKey);
  await writeFile(join(it.cwd, "a+.bin"), "a");
  await it.succeeds("init");
  await it.succeeds("save models:a a+.bin");
  await it.succeeds("sign models:a --key key.pem");
  await it.succeeds("download models:a a+.bin --signatures --overwrite");
  await it.succeeds("save models:b a+.bin --signatures");
  await it.succeeds("signatures models:b --signed-by key.pub");
});

cliTest("save --signatures refuses signatures of other files, and damaged ones", async (it) => {
  await writeFile(join(it.cwd, "key.pem"), ecKeys().privateKey);
  await mkdir(join(it.cwd, "model"));
  await writeFile(join(it.cwd, "model/a.bin"), "a");
  await it.succeeds("init");
  await it.succeeds("save models:a model");
  await it.fails("save models:b model --signatures", 3, "it has none");
  await it.succeeds("sign models:a --key key.pem");
  await it.succeeds("signatures models:a --to model");
  await writeFile(join(it.cwd, "model/a.bin"), "changed");
  const refused = /Cannot save the signatures of model: "a.bin" has other bytes than were signed/;
  for (const option of ["--alias production", "--dry-run"]) {
    const changed = await it.holdfast(`save models:b model --signatures ${option}`);
    assertEquals(changed.code, 2);
    assertMatch(changed.err, refused);
  }
  await writeFile(join(it.cwd, "model/a.bin"), "a");
  await writeFile(join(it.cwd, "model/more.bin"), "not signed");
  await it.fails("save models:b model --signatures", 2, `"more.bin" is not signed`);
  await it.succeeds("save models:e model --signatures --exclude more.bin");
  await writeFile(join(it.cwd, "model/.gitattributes"), "not signed by model_signing");
  const ofGit = "save models:b model --signatures --exclude more.bin";
  await it.fails(ofGit, 2, "skips files of Git: let it sign them too");
  await it.succeeds("save models:git model --exclude more.bin --exclude model.sig");
  await it.fails("sign models:git --bundle model/model.sig", 4, "let it sign them too");
  await rm(join(it.cwd, "model/.gitattributes"));
  await it.fails("versions models:b", 3, "models:b"); // nothing was saved
  const text = await readFile(join(it.cwd, "model/model.sig"), "utf8");
  const long = JSON.parse(text), { dsseEnvelope } = long;
  dsseEnvelope.payload = btoa(atob(dsseEnvelope.payload) + " ".repeat(48 * 1024));
  await writeFile(join(it.cwd, "model/model.sig"), JSON.stringify(long));
  const tooLong = "save models:b model --signatures --exclude more.bin";
  await it.fails(tooLong, 2, "its statement is too long");
  await writeFile(join(it.cwd, "model/model.sig"), text.slice(1));
  const damaged = await it.holdfast("save models:c model --signatures");
  assertMatch(damaged.err, /Cannot read the bundle/);
  const none = await it.holdfast("versions models:c");
  assertEquals(none.code, 3); // nothing was saved
});

cliTest("save --signatures takes a folder named model.sig for no signature", async (it) => {
  await writeFile(join(it.cwd, "key.pem"), ecKeys().privateKey);
  await mkdir(join(it.cwd, "model/model.sig"), { recursive: true });
  await writeFile(join(it.cwd, "model/model.sig/a.bin"), "a");
  await it.succeeds("init");
  await it.fails("save models:a model --signatures", 3, "it has none");
  await it.succeeds("save models:a model");
  await it.succeeds("sign models:a --key key.pem");
  await it.succeeds("download models:a got --signatures");
  const saved = await it.json("save models:b got --signatures --json");
  assertMatch(saved.signatures.join(), /^model\.[0-9a-f]{16}\.sig$/);
  assertEquals((await it.json("info models:b --json")).files.length, 1);
  await mkdir(join(it.cwd, "one/model.sig"), { recursive: true });
  await it.succeeds("save models:c key.pem");
  await it.succeeds("sign models:c --key key.pem");
  await it.fails("signatures models:c --to one", 4, "a folder has its name");
  const absent = await it.holdfast("save models:d absent --signatures");
  assertEquals(absent.err, (await it.holdfast("save models:d absent")).err);
  await it.fails("save models:d - --signatures", 2, "Omit --signatures");
});

Deno.test("an error that is not about the signatures stays what it is", async () => {
  const folder = await Deno.makeTempDir();
  await using _ = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  await using registry = await openRegistry("memory:");
  await registry.save("models:a", { layers: 3 });
  await signVersion(registry, "models:a", { key: ecKeys().privateKey });
  const { annotations } = await registry.info("models:a", { annotations: true });
  const [id = ""] = Object.keys(Object(annotations?.labels.signatures));
  const bundle = await signatureBundle(registry, "models:a", { key: id });
  await writeFile(join(folder, "model.sig"), bundle);
  const notes: string[] = [];
  const stopped = new DOMException("Stopped", "AbortError");
  const io = { cwd: folder, signal: AbortSignal.abort(stopped) };
  const note = (text: string) => Promise.resolve(void notes.push(text));
  const kept = await keepSignatures(".", { io, note } as unknown as CommandContext);
  const [saved] = await Array.fromAsync(registry.versions("models:a"));
  const after = { registry, name: "models:a", version: saved!.version };
  const error = await assertRejects(async () => await kept!.after(after as never));
  assertEquals([error, notes], [stopped, [
    "models:a@1.0.0 is saved, but not all of its signatures are",
  ]]);
});

cliTest("bundles and keys that are too large are not read whole", async (it) => {
  await it.succeeds("init");
  await mkdir(join(it.cwd, "old/models/1"), { recursive: true });
  await writeFile(join(it.cwd, "old/models/1/w.bin"), "weights");
  await it.succeeds("save models old/models/1");
  await writeFile(join(it.cwd, "old/models/1/model.sig"), "");
  await truncate(join(it.cwd, "old/models/1/model.sig"), 3 * 2 ** 30);
  const bundle = /^error: Cannot read the bundle: it is too large\n/;
  for (
    const [line, state] of [
      ["save models old/models/1 --signatures", bundle],
      [
        "sign models --bundle old/models/1/model.sig",
        /the bundle ".*": it is larger than 256 MiB\n/,
      ],
      ["sign models --key old/models/1/model.sig", /the key ".*": it is larger than 16 MiB\n/],
    ] as const
  ) {
    const { code, err } = await it.holdfast(line);
    assert(code > 0 && state.test(err), err);
  }
  const line = "import files old/{name}/{version} other --create --signatures";
  const { code, out } = await it.holdfast(line.split(" "));
  assertEquals(code, 1);
  assertMatch(out, /models@1\.0\.0 .*Cannot read the bundle: it is too large/);
});
