// Signatures are checked, and versions audited, without a network; writers that are killed leave no
// partial signature.
import { assert, assertEquals } from "@std/assert";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { realSystem } from "../../../../core/system.ts";
import { statementOf } from "../../../../extensions/signatures/statement.ts";
import { succeeds } from "../../../apps/captured_io.ts";
import { runDeno, spawnDeno } from "../../../support/run_deno.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { acme } from "../certificates/certified.ts";
import { ALICE, ISSUER, sigstore } from "../certificates/keyless.ts";

const REF = "models:digits@1.0.0";

testInRoot("an audit of a version on a disk needs no network", async (root) => {
  const at = { cwd: root.path }, { root: anchor, chain, key } = await acme();
  const { signed, trustedRoot } = await sigstore();
  await mkdir(root.join("model"));
  const texts = {
    "ca.pem": anchor.pem,
    "chain.pem": chain,
    "key.pem": key,
    "root.json": trustedRoot,
  };
  for (const [file, text] of Object.entries(texts)) await writeFile(root.join(file), text);
  await writeFile(root.join("model/weights.bin"), "weights");
  await succeeds("init", at);
  await succeeds("save data:digits model", at);
  await succeeds("save models:digits model --input data:digits", at);
  await succeeds("sign models:digits --key key.pem --certificate chain.pem", at);
  const { files } = JSON.parse(await succeeds("info models:digits --json", at));
  await writeFile(root.join("model.sig"), JSON.stringify(await signed(statementOf("m", files))));
  await succeeds("sign models:digits --bundle model.sig", at);
  await succeeds("rules set models:* --require-signature ca.pem", at);
  await succeeds("promote models:digits production", at);

  const page = await readFile(
    new URL("../../../../docs/signing_tools.md", import.meta.url),
    "utf8",
  );
  const [, section = ""] = page.split("## Audit a version");
  const commands = [...section.matchAll(/`holdfast ([^`]+)`/g)].map(([, line = ""]) =>
    line.replace("@3.0.0", "@1.0.0")
  );
  assertEquals(commands.length, 6);
  const keyless = `--issuer ${ISSUER} --trusted-root root.json`;
  commands.push(
    `signatures ${REF} --signed-by ${ALICE} ${keyless}`,
    `verify ${REF} --signed-by ${ALICE} ${keyless}`,
    `download ${REF} copy --signatures --require-signature ca.pem`,
  );
  const permissions = ["--allow-read", "--allow-env", "--allow-sys", `--allow-write=${root.path}`];
  for (const line of commands) {
    const ran = await runDeno("apps/cli.ts", line.split(" "), { ...at, permissions });
    assertEquals([line, ran.code], [line, 0], ran.stderr);
    assert(ran.stdout + ran.stderr !== "", line);
  }
});

testInRoot("a writer of signatures that is killed leaves a whole file or none", async (root) => {
  const at = { cwd: root.path };
  await mkdir(root.join("model"));
  // Large enough to be written for a while: each of 2,000 files is in the statement.
  for (let file = 0; file < 2_000; file++) await writeFile(root.join(`model/${file}.bin`), "x");
  const { chain, key } = await acme();
  await writeFile(root.join("key.pem"), key);
  await writeFile(root.join("chain.pem"), chain);
  await succeeds("init", at);
  await succeeds("save models:digits model", at);
  await succeeds("sign models:digits --key key.pem --certificate chain.pem", at);
  await succeeds("signatures models:digits --to whole", at);
  const whole = await readFile(root.join("whole/model.sig"));
  for (let round = 0; round < 3; round++) {
    const to = `to-${round}`;
    await mkdir(root.join(to));
    const child = spawnDeno("apps/cli.ts", ["signatures", "models:digits", "--to", to], {
      ...at,
      permissions: ["-A"],
    });
    let isOver = false;
    const ended = child.output().then(() => isOver = true);
    while (!isOver && (await readdir(root.join(to))).length === 0) await realSystem.sleep(1);
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await ended;
    const written = await readFile(root.join(`${to}/model.sig`)).catch(() => undefined);
    assert(written === undefined || written.equals(whole), `round ${round}`);
    await succeeds(`signatures models:digits --to ${to}`, at);
    assertEquals(await readFile(root.join(`${to}/model.sig`)), whole);
  }
});
