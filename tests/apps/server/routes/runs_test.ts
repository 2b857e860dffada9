import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { succeeds } from "../../captured_io.ts";
import { projectRoot } from "../../commands/pipelines/project.ts";
import { createCheckedHandler } from "../checked_handler.ts";

Deno.test("runs are listed newest first in pages, and told with their steps", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  await succeeds("pipeline run -q", { cwd });
  await succeeds("pipeline run -q", { cwd });
  await succeeds("pipeline run -q --set pipeline.pipeline_id=other --operator clean", { cwd });
  await using registry = await openRegistry(root.join(".holdfast"));
  await using handler = createCheckedHandler(registry);
  const get = async (path: string) =>
    await (await handler(new Request(`http://localhost${path}`))).json();
  const runsOf = ({ items }: { items: { run: string }[] }) => items.map(({ run }) => run);

  assertEquals(runsOf(await get("/runs")), ["other@1", "nightly@2", "nightly@1"]);
  assertEquals(runsOf(await get("/runs?pipeline=nightly")), ["nightly@2", "nightly@1"]);
  const page = await get("/runs?limit=2");
  assertEquals([runsOf(page), page.next], [["other@1", "nightly@2"], "nightly@2"]);
  const rest = await get(`/runs?limit=2&after=${encodeURIComponent(page.next)}`);
  assertEquals([runsOf(rest), rest.next, rest.items[0].counts], [["nightly@1"], undefined, {
    ran: 3,
  }]);
  assertEquals(await get("/runs?after=none%401"), { items: [] });

  const { end, steps } = await get("/runs/nightly%401");
  assertEquals(
    [end, steps.map(({ step, end }: { step: string; end: string }) => `${step} ${end}`)],
    [
      "ok",
      ["clean ran", "train ran", "report ran"],
    ],
  );
  assertEquals((await get("/runs/nightly%409")).code, "NotFound");
  assertEquals((await get("/runs/nightly")).code, "Invalid");
});
