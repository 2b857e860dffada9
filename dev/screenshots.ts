// `deno run -A dev/screenshots.ts RUNS`: makes the pictures of the explorer again, for README.md and
// docs, from the models that `dev/pictures/train.py RUNS` has trained.
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "@std/path";
import { localPath, openRegistry, type Registry } from "../mod.ts";
import { openRun } from "../extensions/runs/mod.ts";
import { closeBrowser, openExplorer } from "../explorer/tests/support/browser.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";

const FOLDER = join(REPOSITORY, "docs/pictures");
const NAME = "digits:classifier";
const AT = `#/artifacts/${encodeURIComponent(NAME)}`;

/** Logs the losses of a network to a run, as its program would, and leaves it open. */
async function logLive(registry: Registry, folder: string): Promise<void> {
  const params = JSON.parse(await readFile(join(folder, "params.json"), "utf8"));
  const lines = (await readFile(join(folder, "history.csv"), "utf8")).trim().split("\n").slice(1);
  await registry.save("digits:network", "", { metadata: params });
  const run = await openRun(registry, "digits:network", { id: "job-1187", params });
  for (const line of lines) {
    const [epoch = 0, loss = 0] = line.split(",").map(Number);
    run.log({ epoch, loss, perplexity: Math.exp(loss) });
  }
  await run.flush();
}

/** Saves the data sets, and the runs in their order. Returns the best networks, best first. */
async function fill(registry: Registry, runs: string): Promise<string[]> {
  for (const name of ["iris", "wine", "diabetes", "digits"]) {
    const kind = name === "digits" ? "images" : "table";
    await registry.save(`data:${name}`, localPath(join(runs, name)), {
      metadata: { source: "scikit-learn", kind },
    });
  }
  const networks: [version: string, accuracy: number, epochs: number][] = [];
  for (const run of (await readdir(join(runs, "runs"))).sort()) {
    const folder = join(runs, "runs", run);
    const metadata = JSON.parse(await readFile(join(folder, "metadata.json"), "utf8"));
    const { version } = await registry.save(NAME, localPath(folder), {
      metadata,
      inputs: ["data:digits@1.0.0"],
    });
    if (metadata.model === "mlp") networks.push([version, metadata.accuracy, metadata.epochs]);
  }
  const best = networks.sort((a, b) => b[1] - a[1]).map(([version]) => version);
  const long = networks.find(([, , epochs]) => epochs > 45) ?? networks[0]!;
  await logLive(registry, join(runs, "runs", String(parseInt(long[0]) - 1).padStart(3, "0")));
  await registry.setAlias(NAME, "production", best[0]!);
  await registry.setAlias(NAME, "candidate", best[1]!);
  const inputs = [`${NAME}@${best[0]}`, "data:digits@1.0.0"];
  await registry.save("reports:digits", "# Digits\n\nThe best of 200 models.\n", { inputs });
  await registry.save("app:reader", { model: inputs[0] }, { inputs: inputs.slice(0, 1) });
  return best;
}

/** Name, address, a text that shows that it is loaded, theme, and size. */
type Picture = readonly [string, string, string, "light" | "dark", width: number, height: number];

function picturesOf(best: readonly string[]): Picture[] {
  const name = encodeURIComponent(NAME);
  const refs = [best[40], best[20], best[0]].map((version) => `${name}%40${version}`).join("+");
  const four = [0, 10, 60, 80].map((at) => `${name}%40${best[at]}`).join("+");
  const sorted = `${AT}?sort=-metadata.accuracy&filter=model%3Dmlp+accuracy%3E0.974`;
  const charts = "&x=metadata.rate";
  const most = "model%3Dmlp+accuracy%3E%3D0.9";
  const groups = `${AT}?filter=${most}&group=metadata.hidden&color=metadata.hidden` +
    "&columns=version+metadata.accuracy+metadata.f1+metadata.loss+metadata.seconds&x=metadata.rate" +
    "&parallel=metadata.accuracy+metadata.hidden+metadata.rate";
  return [
    ["explorer_names", "#/", "set to", "light", 1100, 600],
    ["explorer_experiments", sorted + charts, "accuracy by rate", "light", 1100, 1050],
    ["explorer_parameters", groups, "Spearman", "light", 1100, 1760],
    ["explorer_card", `${AT}?tab=card`, "read rightly", "light", 1100, 820],
    ["explorer_version", "#/artifacts/data%3Awine/1.0.0", "over all 178 rows", "light", 1100, 760],
    [
      "explorer_run",
      "#/logged/digits%3Anetwork/job-1187?log=y",
      "perplexity",
      "light",
      1100,
      720,
    ],
    ["explorer_compare", `#/compare?refs=${refs}`, "Differences only", "light", 1100, 560],
    ["explorer_curves", `#/compare?refs=${four}&log=y`, "Side by side", "light", 1100, 1110],
    [
      "explorer_lineage",
      `#/lineage?ref=data%3Adigits&at=reports%3Adigits%401.0.0`,
      "in 1 file",
      "dark",
      1100,
      620,
    ],
    ["explorer_phone", sorted, "accuracy by version", "dark", 390, 760],
  ];
}

const [runs] = Deno.args;
if (runs === undefined) throw new Error("Give the folder of dev/pictures/train.py");
await mkdir(FOLDER, { recursive: true });
await using registry = await openRegistry("memory:");
const best = await fill(registry, runs);
await using _browser = { [Symbol.asyncDispose]: closeBrowser };
await using explorer = await openExplorer(registry);
const { page, url } = explorer;
for (const [name, fragment, text, colorScheme, width, height] of picturesOf(best)) {
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.goto(`${url}${fragment}`);
  await page.getByText(text).first().waitFor();
  await page.locator(".loading").first().waitFor({ state: "detached" });
  if (name === "explorer_curves") {
    const { y = 0 } = await page.getByRole("heading", { name: "Curves" }).boundingBox() ?? {};
    await page.evaluate(`scrollTo(0, ${y - 64})`); // below the bar
  }
  const path = join(FOLDER, `${name}.png`);
  for (let [before, now] = ["", "again"]; before !== now;) { // charts come late
    await page.waitForTimeout(500);
    [before, now] = [now, (await page.screenshot({ path })).toString("base64")];
  }
  console.log(`${path} ${(await Deno.stat(path)).size} bytes`);
}
