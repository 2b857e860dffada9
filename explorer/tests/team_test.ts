// Notes, members of releases and rules in Chromium.
import { assertEquals } from "@std/assert";
import { openRegistry, publishRelease } from "../../mod.ts";
import { annotate, readAnnotations } from "../../registry/mod.ts";
import { changeRules } from "../../extensions/maintenance/mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";

Deno.test({
  name: "notes and labels are edited on the page of a version" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    const labels = { stage: "new", text: "1", deep: { a: 1, b: 2 }, constructor: "me" };
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
      ["constructor = me", 'deep := {"a":1,"b":2}', "stage = new", "text = 1"],
    );
    await dialog.locator("[name=notes]").fill("Second\nline");
    await dialog.locator("[name=labels]").fill("score");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText('Cannot read label "score": not NAME = TEXT').waitFor();
    await dialog.locator("[name=labels]").fill("score = 1");
    await dialog.getByRole("alert").waitFor({ state: "detached" });
    await dialog.locator("[name=labels]").fill('score := 0.9\ntext = 1\ndeep:={"a":1}');
    await dialog.getByRole("button", { name: "Save" }).click();
    await notes.getByText("Second").waitFor();
    const found = await readAnnotations(registry, "model@1");
    assertEquals([found?.notes, found?.labels], [
      "Second\nline",
      { score: 0.9, text: "1", deep: { a: 1 } },
    ]);

    const message = page.locator(".message");
    await message.getByText("The notes and labels of model@1.0.0 are changed").waitFor();
    await message.getByRole("button", { name: "Undo" }).press("Enter");
    await notes.getByText("First").waitFor();
    const undone = await readAnnotations(registry, "model@1");
    assertEquals([undone?.notes, undone?.labels], ["First", labels]);

    await page.getByRole("button", { name: "Edit notes" }).click();
    await annotate(registry, "model@1", { notes: "Faster" });
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("alert").waitFor();
    assertEquals((await readAnnotations(registry, "model@1"))?.notes, "Faster");
  },
});

Deno.test({
  name: "a release shows its members and their states" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const name of ["net", "words"]) await registry.save(name, name);
    await publishRelease(registry, "serving", { model: "net", tokens: "words" });
    await registry.delete("words@1", { force: true });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/serving/1.0.0`);
    const members = page.getByRole("region", { name: "Members", exact: true });
    await members.getByText("missing").waitFor();
    await members.getByRole("link", { name: "net@1.0.0" }).click();
    await page.getByRole("heading", { name: "net" }).first().waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a release shows what changed since the one before, and how its aliases moved" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const name of ["net", "words", "rules"]) await registry.save(name, name);
    await registry.save("serving", "not a release");
    await publishRelease(registry, "serving", { model: "net@1", tokens: "words", filter: "rules" });
    await registry.save("net", 2);
    await publishRelease(registry, "serving", { model: "net@2", tokens: "words", other: "words" });
    for (const version of ["2", "3"]) await registry.setAlias("serving", "live", version);
    const { digest } = await registry.info("net@2");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/serving/3.0.0`);
    const members = page.getByRole("region", { name: "Members", exact: true });
    for (
      const row of [
        /^model net@2\.0\.0 present was net@1\.0\.0/,
        /^tokens words@1\.0\.0 present same/,
        /^other words@1\.0\.0 present new/,
        /^filter rules@1\.0\.0 removed/,
      ]
    ) await members.getByRole("row", { name: row }).waitFor();
    await members.getByText(digest.slice(0, 12)).waitFor();
    await members.getByText("live moved to serving@3.0.0 from 2.0.0").waitFor();
    assertEquals(await members.getByText(/^live (moved|set)/).count(), 1);
    await members.getByRole("link", { name: "was net@1.0.0" }).press("Enter");
    await page.getByText("Differences only").waitFor();
    await page.goto(`${url}#/artifacts/serving/2.0.0`); // the first release
    await members.getByRole("link", { name: "rules@1.0.0" }).waitFor();
    assertEquals(await page.getByRole("columnheader", { name: /Since/ }).count(), 0);
    await members.getByText("live moved to serving@3.0.0 from 2.0.0").waitFor();
    await members.getByText("live set to serving@2.0.0").waitFor();
    assertEquals(errors.filter((text) => !text.includes("400")), []);
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
