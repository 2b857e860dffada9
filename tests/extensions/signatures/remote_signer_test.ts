// Keys elsewhere: a command signs the digest.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "@std/path";
import type { CommandContext } from "../../../apps/cli/extending.ts";
import { remoteSigner } from "../../../extensions/signatures/signers/remote_signer.ts";
import { cliTest } from "../../apps/captured_io.ts";
import { ecKeys, edKeys } from "./signed.ts";

const SIGN = "openssl pkeyutl -sign -inkey key.pem";

for (const curve of ["P-256", "P-384", "P-521"]) {
  cliTest(`sign --signer signs the digest by a command (${curve})`, async (it) => {
    const { privateKey, publicKey } = ecKeys(curve);
    await writeFile(join(it.cwd, "key.pem"), privateKey);
    await writeFile(join(it.cwd, "key.pub"), publicKey);
    await it.succeeds("init");
    await it.succeeds("save models:digits -");
    for (const command of [SIGN, `${SIGN} | base64`]) {
      await it.succeeds(
        ["sign", "models:digits", "--public-key", "key.pub", "--signer", command],
      );
      await it.succeeds("signatures models:digits --signed-by key.pub");
    }
  });
}

cliTest("sign --signer refuses other output than a signature of the key", async (it) => {
  await writeFile(join(it.cwd, "key.pem"), ecKeys().privateKey); // of another key
  await writeFile(join(it.cwd, "key.pub"), ecKeys().publicKey);
  await writeFile(join(it.cwd, "ed.pub"), edKeys().publicKey);
  await it.succeeds("init");
  await it.succeeds("save models:digits -");
  const cases: [command: string, reason: RegExp][] = [
    ["exit 3", /the signer ended with exit code 3/],
    ["true", /the signer printed nothing/],
    ["", /--signer is empty/],
    ["kill -9 $$", /the signer ended with SIGKILL/],
    ["cat /dev/zero", /printed more than a signature/],
    ["cat /dev/zero | cat; exit 0", /printed more than a signature/],
    ["cat", /the signature does not match the public key/],
    ["head -c 5000 /dev/zero", /printed more than a signature/],
    ["no-such-command-here", /exit code 127/],
    [SIGN, /the signature does not match the public key/],
  ];
  const sign = (command: string, key = "key.pub") =>
    it.holdfast(["sign", "models:digits", "--public-key", key, "--signer", command]);
  for (const [command, reason] of cases) {
    const { code, err } = await sign(command);
    assertEquals([command, code], [command, 2], err);
    assertMatch(err, reason, command);
  }
  assertMatch((await sign("cat", "ed.pub")).err, /needs a key on the curve/);
  assertMatch(
    (await it.holdfast("sign models:digits --signer cat")).err,
    /--public-key is missing/,
  );
  assertEquals((await it.json("signatures models:digits --json")).signatures, []);
});

Deno.test("a signer that is stopped has the reason of the signal", async () => {
  const stopped = new Error("Stopped");
  const io = { cwd: ".", signal: AbortSignal.abort(stopped) };
  const { sign } = remoteSigner("cat", ecKeys().publicKey, { io } as CommandContext);
  assertEquals(await assertRejects(async () => await sign(new Uint8Array())), stopped);
});
