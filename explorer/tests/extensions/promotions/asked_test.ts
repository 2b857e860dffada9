// The first view shows the versions that somebody asked to promote, and rules in words.
import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { askPromotion } from "../../../../extensions/signatures/signatures.ts";
import { type Service, ServiceError } from "../../../src/api/service.ts";
import { readAsked } from "../../../src/extensions/promotions/asked.ts";
import { CONDITIONS } from "../../../src/extensions/promotions/words.ts";
import { barriersOf } from "../../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";

Deno.test({
  name: "requests for promotions stand above the names until the alias changes" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    const name = "models:digits", alias = "production";
    for (const layers of [1, 2]) await registry.save(name, { layers });
    await changeRules(registry, {
      set: {
        pattern: "models:*",
        protectAliases: [alias],
        promote: { where: "metrics.auc > 0.9", review: "seen" },
      },
    });
    await askPromotion(registry, `${name}@2`, { alias, note: "<b>Best</b> so far" });
    await askPromotion(registry, `${name}@1`, { alias: "canary" });
    {
      await using explorer = await openExplorer(registry);
      const { page, url, errors } = explorer;
      await page.goto(url);
      const asked = page.getByRole("region", { name: "Promotions asked for" });
      await asked.getByText(/^production, asked .*: <b>Best<\/b> so far$/).waitFor();
      await asked.getByText(/^canary, asked /).waitFor();
      assertEquals(await barriersOf(page), []);
      await asked.getByRole("link", { name: `${name}@2.0.0` }).click();
      await page.waitForURL(/artifacts\/models.*\/2\.0\.0$/);
      const label = page.getByRole("region", { name: "Promotion asked for" });
      await label.getByRole("heading", { name: "Asked for as production" }).waitFor();
      await label.getByText(/: <b>Best<\/b> so far$/).waitFor();
      await label.getByText(`holdfast promote ${name}@2.0.0 production`).waitFor();
      assertEquals(await page.getByText('"alias"').count(), 0);
      assertEquals(await barriersOf(page), []);
      await page.goto(`${url}#/artifacts/${encodeURIComponent(name)}`);
      await page.getByText("if metrics.auc > 0.9 and if another author has set the label seen")
        .waitFor();
      assertEquals(errors, []);
    }
    await changeRules(registry, { remove: "models:*" });
    await registry.setAlias(name, alias, "1");
    await using explorer = await openExplorer(registry);
    const { page, url } = explorer;
    await page.goto(url);
    const asked = page.getByRole("region", { name: "Promotions asked for" });
    await asked.getByText(/^canary, asked /).waitFor();
    assertEquals(await asked.getByRole("link").allInnerTexts(), [`${name}@1.0.0`]);
  },
});

Deno.test("requests that have ended, and labels of no form, hide no open request", async () => {
  await using registry = await openRegistry("memory:");
  for (let at = 0; at < 25; at++) {
    const name = `models:a${at}`;
    await registry.save(name, { at });
    await askPromotion(registry, name, { alias: "production" });
    await registry.setAlias(name, "production", "1");
  }
  const at = new Date(0).toISOString();
  const labels = [{ alias: "a@b", at, since: "x" }, { alias: "gone", at, since: "x" }, {
    alias: "c",
    at: 1,
  }];
  for (const [index, label] of labels.entries()) {
    await registry.save(`models:b${index}`, {});
    await annotate(registry, `models:b${index}`, { labels: { "promotion-asked": label } });
  }
  await registry.save("models:c", {});
  await askPromotion(registry, "models:c", { alias: "production", note: "Best" });
  await using handler = createHandler(registry);
  const service: Pick<Service, "json"> = {
    async json(path, { query = {} } = {}) {
      const all = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]]
      );
      const answer = await handler(
        new Request(`http://localhost/${path}?${new URLSearchParams(all)}`),
      );
      const body = await answer.json();
      if (!answer.ok) throw new ServiceError(answer.status, body.detail);
      return body;
    },
  };
  const asked = await readAsked(service, new AbortController().signal);
  const open = asked.map(({ name, alias }) => `${name} ${alias}`);
  assertEquals(open, ["models:c production"]);
});

Deno.test("the page has words for conditions whose values it knows", () => {
  const keys: unknown = ["a", "b"];
  assertEquals(CONDITIONS.signedBy!.text(keys as never), "if signed by each of 2 keys");
  assertEquals(CONDITIONS.review!.problem("seen"), undefined);
  assertEquals(CONDITIONS.review!.problem(7), "the page checks no conditions");
});
