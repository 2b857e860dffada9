// A version shows its signatures as facts, and says that it did not verify them.
import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { annotate, readAnnotations } from "../../../../registry/mod.ts";
import { addSignature, signVersion } from "../../../../extensions/signatures/signatures.ts";
import { statementOf } from "../../../../extensions/signatures/statement.ts";
import { acme } from "../../../../tests/extensions/signatures/certificates/certified.ts";
import {
  ALICE,
  ISSUER,
  sigstore,
} from "../../../../tests/extensions/signatures/certificates/keyless.ts";
import { storedSignatures } from "../../../../tests/extensions/signatures/attacks/many.ts";
import {
  ecKeys,
  edKeys,
  NAME,
  withVersion,
} from "../../../../tests/extensions/signatures/signed.ts";
import { barriersOf } from "../../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";

Deno.test({
  name: "signatures of a version are facts, and the form for labels keeps them" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await withVersion();
    const ed = await signVersion(registry, NAME, { key: edKeys().privateKey });
    const { chain, key } = await acme();
    const certified = await signVersion(registry, NAME, { key, certificate: chain });
    const { files } = await registry.info(NAME);
    const bundle = JSON.stringify(await (await sigstore()).signed(statementOf("digits", files)));
    const keyless = await addSignature(registry, NAME, { bundle });
    await annotate(registry, `${NAME}@1.0.0`, { labels: { stage: "ready" } });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/${encodeURIComponent(NAME)}/1.0.0`);
    const all = page.getByRole("region", { name: "Signatures" });
    await all.getByRole("heading", { name: "3 signatures, not verified" }).waitFor();
    await all.getByText(`holdfast signatures ${NAME}@1.0.0 --signed-by key.pub`).waitFor();
    const factsOf = async ({ id }: { id: string }) => {
      const list = all.getByLabel(`Signature ${id}`);
      const [names, values] = [list.getByRole("term"), list.getByRole("definition")];
      const texts = await values.allInnerTexts();
      return Object.fromEntries((await names.allInnerTexts()).map((name, i) => [name, texts[i]!]));
    };
    const ofKey = await factsOf(ed);
    assertEquals(Object.keys(ofKey), ["Key", "Algorithm", "Covers", "Added"]);
    assert(ofKey.Key!.startsWith(ed.id));
    assertEquals(ofKey.Algorithm, "Ed25519");
    assertEquals(ofKey.Covers, `the SHA-256 of all files of the version, as ${NAME}`);
    const ofCertificate = await factsOf(certified);
    assertEquals(
      [ofCertificate.Signer, ofCertificate.Issuer, ofCertificate.Algorithm],
      ["CN=Alice, O=Acme", "CN=Acme Models, O=Acme", "ECDSA"],
    );
    const ofIdentity = await factsOf(keyless);
    assertEquals([ofIdentity.Signer, ofIdentity["Identity from"]], [ALICE, ISSUER]);
    assertEquals(ofIdentity.Covers, "the SHA-256 of all files of the version, as digits");
    assert(ofIdentity.Logged !== undefined);
    assertEquals(await page.getByText("keyHash").count(), 0);
    assertEquals(await barriersOf(page), []);

    await page.getByRole("button", { name: "Edit notes" }).click();
    const labels = page.getByLabel(/^Labels/);
    assertEquals(await labels.inputValue(), "stage = ready");
    await labels.fill("stage = done");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The notes and labels of models:digits@1.0.0 are changed").waitFor();
    const { labels: kept = {} } = await readAnnotations(registry, `${NAME}@1.0.0`) ?? {};
    assertEquals([kept.stage, Object.keys(Object(kept.signatures)).length], ["done", 3]);

    await registry.save(NAME, { layers: 5 });
    await page.goto(
      `${url}#/artifacts/${encodeURIComponent(NAME)}?columns=version+labels.signatures`,
    );
    const table = page.getByRole("region", { name: "Versions" });
    await table.getByRole("columnheader", { name: /signatures/ }).waitFor();
    assertEquals(await table.getByRole("cell", { name: "3", exact: true }).count(), 1);
    assertEquals(await page.getByText("keyHash").count(), 0);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "signatures of no form are shown as such, and hide nothing" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save(NAME, { layers: 3 });
    const { id } = await signVersion(registry, NAME, { key: ecKeys().privateKey });
    const hostile = { keyHash: "<img src=x onerror=alert(1)>", material: "{" };
    const labels = { signatures: { "<b>x</b>": hostile, y: null, z: 5 } };
    await annotate(registry, `${NAME}@1.0.0`, { labels });
    await registry.save("other", 1);
    await annotate(registry, "other@1.0.0", { labels: { signatures: "signed by hand" } });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/${encodeURIComponent(NAME)}/1.0.0`);
    const all = page.getByRole("region", { name: "Signatures" });
    await all.getByText("Signature <b>x</b> cannot be read.").waitFor();
    await all.getByText("Signature z cannot be read.").waitFor();
    await all.getByLabel(`Signature ${id}`).waitFor();
    await page.goto(`${url}#/artifacts/other/1.0.0`);
    await page.getByText("signed by hand").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a version with as many signatures as fit shows each of them" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await withVersion();
    const labels = { signatures: storedSignatures(245) };
    await annotate(registry, `${NAME}@1.0.0`, { labels });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/${encodeURIComponent(NAME)}/1.0.0`);
    const all = page.getByRole("region", { name: "Signatures" });
    await all.getByRole("heading", { name: "245 signatures, not verified" }).waitFor();
    assertEquals(await all.getByLabel(/^Signature [0-9a-f]{16}$/).count(), 245);
    assertEquals(errors, []);
  },
});
