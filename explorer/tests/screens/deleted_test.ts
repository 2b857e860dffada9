// Versions that somebody deleted earlier are listed and restored.
import { assertEquals, assertMatch } from "@std/assert";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { openRegistry } from "../../../mod.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

const versionsOf = async (registry: Awaited<ReturnType<typeof openRegistry>>) =>
  await Array.fromAsync(registry.versions("net"), ({ version }) => version);

Deno.test({
  name: "a version that was deleted earlier is found and restored by keyboard" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2, 3]) await registry.save("net", value, { metadata: { value } });
    await registry.delete("net@2.0.0");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/net`);
    await page.locator("summary").filter({ hasText: "Deleted versions" }).press("Enter");
    const rows = page.getByRole("region", { name: "Deleted versions" }).locator("tbody tr");
    await rows.getByText("2.0.0").waitFor();
    await rows.getByText("just now").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        assertEquals(await barriersOf(page), []);
      }
    }
    await page.getByRole("button", { name: "Restore 2.0.0" }).press("Enter");
    const message = page.locator(".message");
    await message.getByText("net@2.0.0 is restored").waitFor();
    await page.getByRole("region", { name: "Versions", exact: true }).getByText("2.0.0").waitFor();
    assertEquals(await versionsOf(registry), ["3.0.0", "2.0.0", "1.0.0"]);
    await page.getByText("No deleted version can be restored.").waitFor();
    const undone = page.waitForRequest((request) => request.method() === "DELETE");
    await message.getByRole("button", { name: "Undo" }).press("Enter");
    assertMatch((await undone).url(), /ifCommit=/); // of a save since then, it would be a loss
    await rows.getByText("2.0.0").waitFor();
    assertEquals(await versionsOf(registry), ["3.0.0", "1.0.0"]);

    await page.goto(`${url}#/artifacts/net/2.0.0`); // a link from before
    const offer = page.getByRole("region", { name: "Deleted version" });
    await offer.getByText("2.0.0 was deleted just now, and can be restored until").waitFor();
    await offer.getByRole("button", { name: "Restore 2.0.0" }).press("Enter");
    await page.getByRole("heading", { name: "2.0.0" }).waitFor();
    await page.getByText("Digest").waitFor();

    await registry.save("made", 4, { inputs: ["net@1.0.0"] });
    await registry.delete("net@1.0.0");
    await page.goto(`${url}#/compare?refs=net%401.0.0+net%403.0.0`);
    await offer.getByRole("button", { name: "Restore 1.0.0" }).press("Enter");
    await page.getByText("Differences only").waitFor();
    await registry.delete("net@1.0.0");
    await page.goto(`${url}#/lineage?ref=made%401.0.0&at=net%401.0.0`);
    await page.getByRole("link", { name: "net@1.0.0, missing" }).waitFor();
    await offer.getByRole("button", { name: "Restore 1.0.0" }).press("Enter");
    await page.getByRole("link", { name: "net@1.0.0, json, present" }).waitFor(); // made is json too

    for (const version of await versionsOf(registry)) await registry.delete(`net@${version}`);
    await page.goto(`${url}#/artifacts/net`);
    await page.getByText("This name has no version").waitFor();
    await page.getByRole("button", { name: "Restore 3.0.0" }).waitFor(); // all are shown
    assertEquals(errors.filter((text) => !text.includes("404")), []);
  },
});

Deno.test({
  name: "without the right to delete, deleted versions have no button" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2]) await registry.save("net", value);
    await registry.delete("net@1.0.0");
    const access = createAccess("id", ["read:*", "save:*"].map(parseScope));
    const find = (authorization: string | null) =>
      Promise.resolve(authorization ? access : undefined);
    await using explorer = await openExplorer(registry, { service: { tokens: { find } } });
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/net?deleted=shown`);
    await page.getByLabel("Token").fill("any");
    await page.getByRole("button", { name: "Sign in" }).press("Enter");
    await page.getByRole("region", { name: "Deleted versions" }).getByText("1.0.0").waitFor();
    await page.getByText("a token needs the scope delete:net").waitFor();
    assertEquals(await page.getByRole("button", { name: "Restore" }).count(), 0);
    assertEquals(errors.filter((text) => !text.includes("401")), []);
  },
});
