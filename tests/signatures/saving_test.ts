// Folders and files that are saved with the signatures beside them.
import { assertEquals, assertMatch } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { cliTest, filesIn } from "../apps/captured_io.ts";
import { ecKeys } from "./signed.ts";

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
  assertEquals(saved.signatures, ["model.sig"]);
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
  const changed = await it.holdfast("save models:b model --signatures");
  assertEquals(changed.code, 2);
  assertMatch(changed.err, /"a.bin" has other bytes than were signed. models:b@1.0.0 is saved/);
  assertEquals((await it.json("signatures models:b --json")).signatures, []);
  const text = await readFile(join(it.cwd, "model/model.sig"), "utf8");
  await writeFile(join(it.cwd, "model/model.sig"), text.slice(1));
  const damaged = await it.holdfast("save models:c model --signatures");
  assertMatch(damaged.err, /Cannot read the bundle/);
  const none = await it.holdfast("versions models:c");
  assertEquals(none.code, 3); // nothing was saved
});
