import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "@std/path";
import { cliTest, filesIn } from "../../apps/captured_io.ts";
import { acme } from "./certificates/certified.ts";
import { ecKeys } from "./signed.ts";

cliTest("sign and signatures: a version is signed, checked and exported", async (it) => {
  const [own, other] = [ecKeys(), ecKeys()];
  for (
    const [file, text] of Object.entries({
      "key.pem": own.privateKey,
      "key.pub": own.publicKey,
      "other.pub": other.publicKey,
    })
  ) await writeFile(join(it.cwd, file), text);
  await mkdir(join(it.cwd, "model"));
  await writeFile(join(it.cwd, "model/weights.bin"), "weights");
  await it.succeeds("init");
  await it.succeeds("save models:digits model");
  const before = await it.holdfast("signatures models:digits --signed-by key.pub");
  assertEquals([before.code, before.out], [1, ""]);
  assertStringIncludes(before.err, "models:digits@1.0.0 has no signatures");
  assertMatch(
    await it.succeeds("sign models:digits --key key.pem"),
    /^Signed models:digits@1\.0\.0 \(key [0-9a-f]{16}\)\n$/,
  );
  assertMatch(await it.succeeds("sign models:digits --key key.pem"), /@1\.0\.0 again /);
  assertMatch(
    await it.succeeds("signatures models:digits --signed-by key.pub"),
    / valid +models:digits /,
  );
  const both = await it.holdfast(
    "signatures models:digits --signed-by key.pub --signed-by other.pub",
  );
  assertEquals(both.code, 1);
  assertMatch(both.err, /models:digits@1\.0\.0 has no valid signature of the key [0-9a-f]{16}/);
  const { ok, signatures } = JSON.parse(await it.succeeds("signatures models:digits --json"));
  assertEquals([ok, signatures.length, signatures[0].state], [true, 1, "unchecked"]);
  const bundle = await it.succeeds(
    `signatures models:digits --bundle ${signatures[0].id.slice(0, 4)}`,
  );
  await writeFile(join(it.cwd, "model.sig"), bundle);
  await it.succeeds("save copies:digits model");
  await it.succeeds("sign copies:digits --bundle model.sig");
  await it.succeeds("signatures copies:digits --signed-by key.pub");
});

cliTest("sign: wrong options say what is missing", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save models:digits -");
  await writeFile(join(it.cwd, "empty"), "");
  for (
    const [line, message] of [
      ["sign models:digits", /there is no key/],
      ["sign models:digits --key a --key-env B", /several keys/],
      ["sign models:digits --key none.pem", /Cannot read the key "none\.pem": it does not exist/],
      ["sign models:digits --key .", /it is a folder/],
      ["sign models:digits --key-env NONE", /Cannot read the variable NONE: it is not set/],
      ["sign models:none --bundle none.sig", /Cannot read the bundle/],
      ["sign models:digits --bundle empty", /Cannot read the bundle: it is not JSON/],
      ["signatures models:digits --signed-by none.pub", /Cannot read the public key/],
      ["signatures models:none", /Cannot find "models:none"/],
      ["signatures models:digits --bundle ab", /there is no such signature/],
    ] as const
  ) {
    const { code, err } = await it.holdfast(line);
    assertEquals([line, code !== 0], [line, true]);
    assertMatch(err, message);
    assertMatch(err, /\nhint: /);
  }
});

cliTest("a secret in place of a path or a name is in no error", async (it) => {
  const { privateKey, publicKey } = ecKeys();
  await it.succeeds("init");
  await it.succeeds("save models:digits -");
  await writeFile(join(it.cwd, "key.pem"), privateKey);
  const secret = privateKey.split("\n")[1] ?? "";
  const lines: string[][] = [
    ["sign", "models:digits", "--key", privateKey],
    ["sign", "models:digits", "--key", secret],
    ["sign", "models:digits", "--key", secret.repeat(9)],
    ["sign", "models:digits", "--bundle", privateKey],
    ["sign", "models:digits", "--signer", "false", "--public-key", secret],
    ["sign", "models:digits", "--key-env", privateKey],
    ["sign", "models:digits", "--key-env", secret],
    ["sign", "models:digits", "--key", "key.pem", "--passphrase-env", "hunter2"],
    ["signatures", "models:digits", "--signed-by", privateKey],
    ["signatures", "models:digits", "--signed-by", "key.pem"],
    ["signatures", "models:digits", "--signed-by", secret],
    ["signatures", "models:digits", "--bundle", privateKey],
    ["rules", "set", "models:*", "--require-signature", privateKey],
    ["rules", "set", "models:*", "--require-signature", "key.pem"],
    ["rules", "set", "models:*", "--require-signature", secret],
    ["download", "models:digits", "out", "--require-signature", privateKey],
  ];
  for (const line of lines) {
    const { code, out, err } = await it.holdfast(line);
    assertEquals([line.join(" "), code === 0], [line.join(" "), false]);
    // The hint names only options that the command has.
    if (line[0] !== "sign") assertEquals(err.includes("--key-env"), false, err);
    const shown = `${out}${err}`;
    assertEquals([line[2], shown.includes(secret), shown.includes("hunter2")], [
      line[2],
      false,
      false,
    ], shown);
  }
  await writeFile(join(it.cwd, "key.pub"), `The key of ann:\n${publicKey}\nEnd.\n`);
  await it.succeeds("rules set models:* --require-signature key.pub");
  await it.succeeds("sign models:digits --key key.pem");
  await it.succeeds("promote models:digits production");
});

cliTest("signatures --to: writes what signers signed, and replaces no file", async (it) => {
  const keys = [ecKeys(), ecKeys()];
  await writeFile(join(it.cwd, "key.pem"), keys[0]!.privateKey);
  await writeFile(join(it.cwd, "second.pem"), keys[1]!.privateKey);
  await writeFile(join(it.cwd, "key.pub"), keys[0]!.publicKey);
  await writeFile(join(it.cwd, "second.pub"), keys[1]!.publicKey);
  await it.succeeds("init");
  await it.succeeds("save models:digits -");
  await it.fails("signatures models:digits --to out", 3, "it has none");
  await it.fails("signatures models:digits --to out --bundle ab", 2, "--bundle prints one");
  await it.succeeds("sign models:digits --key key.pem");
  await it.prints(
    "signatures models:digits --to out",
    "Wrote model.sig of models:digits@1.0.0 to out\n",
  );
  const { signatures: [{ id }] } = await it.json("signatures models:digits --json");
  const bundle = await it.succeeds(`signatures models:digits --bundle ${id}`);
  assertEquals(await readFile(join(it.cwd, "out/model.sig"), "utf8"), bundle);
  const killed = [".model.sig.0", ".model.sig.1", ".other.sig.2"]
    .map((name) => join(it.cwd, `out/${name}bd9b0d1-2a3c-4f5e-8d6f-0123456789ab.partial`));
  for (const file of killed) await writeFile(file, "half");
  for (const file of killed.slice(1)) await utimes(file, 0, 0);
  await it.succeeds("signatures models:digits --to out");
  const left = [killed[0]!, killed[2]!].map((file) => basename(file)); // one may be of a running program
  assertEquals(await filesIn(join(it.cwd, "out")), [...left, "model.sig"].toSorted());
  await writeFile(join(it.cwd, "out/model.sig"), "other");
  await it.fails("signatures models:digits --to out", 4, "model.sig: another file exists");
  assertEquals(await readFile(join(it.cwd, "out/model.sig"), "utf8"), "other");

  const missing = await it.holdfast("signatures models:digits --to none --signed-by second.pub");
  assertEquals(missing.code, 1);
  assertMatch(missing.err, /no valid signature of the key/);
  await it.succeeds("sign models:digits --key second.pem");
  const { files } = await it.json(
    "signatures models:digits --to both --signed-by second.pub --json",
  );
  assertEquals(await filesIn(join(it.cwd, "both")), files.toSorted());
  assertEquals([files.length, files.includes(`model.${id}.sig`)], [2, true]);
  assertEquals((await filesIn(it.cwd)).includes("none"), false);
});

cliTest(
  "verify --signed-by: checks all bytes, and that keys or authorities signed them",
  async (it) => {
    const { root, chain, key } = await acme(), [own, other] = [ecKeys(), ecKeys()];
    const texts = {
      "alice.pem": key,
      "chain.pem": chain,
      "ca.pem": root.pem,
      "own.pem": own.privateKey,
      "own.pub": own.publicKey,
      "other.pub": other.publicKey,
    };
    for (const [file, text] of Object.entries(texts)) await writeFile(join(it.cwd, file), text);
    await it.succeeds("init");
    await it.succeeds("save models:digits own.pub");
    await it.succeeds("save models:digits ca.pem");
    await it.succeeds("sign models:digits@1.0.0 --key alice.pem --certificate chain.pem");
    await it.succeeds("sign models:digits@1.0.0 --key own.pem");
    const verify = "verify models:digits@1.0.0 --signed-by";
    for (const signers of ["ca.pem", "own.pub", "ca.pem --signed-by own.pub"]) {
      assertMatch(await it.succeeds(`${verify} ${signers}`), /^No problems: 1 version/);
    }
    await it.succeeds(`${verify} ca.pem --require-signature own.pub`);
    const cases: [line: string, code: number, message: RegExp][] = [
      [`${verify} other.pub`, 4, /no valid signature of the key/],
      [`${verify} ca.pem --signed-by other.pub`, 4, /no valid signature of the key/],
      [`${verify} ca.pem --require-signature other.pub`, 4, /no valid signature of the key/],
      ["verify --signed-by ca.pem", 4, /"models:digits@2\.0\.0": it has no valid signature/],
      [`${verify} none.pub`, 3, /Cannot read the public key "none\.pub"/],
      [`${verify} alice@acme.com --issuer https://acme.com`, 2, /--trusted-root is missing/],
    ];
    for (const [line, code, message] of cases) {
      const ran = await it.holdfast(line);
      assertMatch(ran.err, message);
      assertEquals([line, ran.code, ran.out], [line, code, ""]);
    }
    assertEquals((await it.holdfast("download models:digits x --signed-by ca.pem")).code, 2);
  },
);
