// Notes, members of releases and rules in Chromium.
import { assertEquals } from "@std/assert";
import { openRegistry, publish } from "../../../mod.ts";
import { annotate, annotationsOf } from "../../../registry/mod.ts";
import { changeRules } from "../../../registry/maintenance.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";

Deno.test({
  name: "notes and labels are edited on the page of a version" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    const labels = { stage: "new", text: "1", deep: { a: 1, b: 2 } };
    await annotate(registry, "model@1", { notes: "First", labels });
    await using explorer = await openExplorer(registry);
    const { page, url } = explorer;
    await page.goto(`${url}#/artifacts/model/1.0.0`);
    const notes = page.getByRole("region", { name: "Notes" });
    await notes.getByText("First").waitFor();
    await page.getByRole("button", { name: "Edit notes" }).click();
    const dialog = page.getByRole("dialog");
    assertEquals(
      (await dialog.locator("[name=labels]").inputValue()).split("\n").sort(),
      ['deep = {"a":1,"b":2}', "stage = new", 'text = "1"'],
    );
    await dialog.locator("[name=notes]").fill("Second\nline");
    await dialog.locator("[name=labels]").fill('score = 0.9\ntext = "1"\ndeep = {"a":1}');
    await dialog.getByRole("button", { name: "Save" }).click();
    await notes.getByText("Second").waitFor();
    const found = await annotationsOf(registry, "model@1");
    assertEquals([found?.notes, found?.labels], [
      "Second\nline",
      { score: 0.9, text: "1", deep: { a: 1 } },
    ]);

    await page.getByRole("button", { name: "Edit notes" }).click();
    await annotate(registry, "model@1", { notes: "Faster" });
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("alert").waitFor();
    assertEquals((await annotationsOf(registry, "model@1"))?.notes, "Faster");
  },
});

Deno.test({
  name: "a release shows its members and their states" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const name of ["net", "words"]) await registry.save(name, name);
    await publish(registry, "serving", { model: "net", tokens: "words" });
    await registry.delete("words@1", { force: true });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/serving/1.0.0`);
    const members = page.getByRole("region", { name: "Members" });
    await members.getByText("missing").waitFor();
    await members.getByRole("link", { name: "net@1.0.0" }).click();
    await page.getByRole("heading", { name: "net" }).first().waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "the page of a name shows the rule for it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("runs:1", 1);
    await changeRules(registry, { set: { pattern: "*", protect: true } });
    await changeRules(registry, { set: { pattern: "runs:*", keepLast: 3 } });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/runs%3A1`);
    await page.getByText("Rule runs:*: keep last 3").waitFor();
    assertEquals(errors, []);
  },
});
