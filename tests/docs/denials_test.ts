// "Holdfast has no …" in the documentation: each thing that a page denies is missing.
import { assertEquals } from "@std/assert";
import { readdir, readFile } from "node:fs/promises";
import { COMMAND_TABLE } from "../apps/run_cli.ts";
import { createApp } from "../../apps/server/app.ts";
import { DRIVERS } from "../../backends/drivers.ts";
import { METHODS } from "../../core/options/methods.ts";
import { openRegistry } from "../../mod.ts";
import { REPOSITORY } from "../support/run_deno.ts";

/** The names of everything that a user can call, in lower case, by where they are. */
async function namesOf(): Promise<Record<"calls" | "schemes", string[]>> {
  const { routes } = createApp(await openRegistry("memory:"), {});
  const publicNames = await readFile(`${REPOSITORY}/tests/public_api.json`, "utf8");
  const calls = [
    ...Object.keys(METHODS),
    ...(await COMMAND_TABLE.load()).flatMap(({ name, options }) => [
      ...name.split(" "),
      ...options.map(({ flags }) => flags),
    ]),
    ...routes.flatMap(({ id, path }) => [id, path]),
    ...publicNames.match(/"[\w$]+"/g) ?? [],
  ];
  return {
    calls: calls.map((name) => name.toLowerCase()),
    schemes: DRIVERS.flatMap(({ schemes }) => schemes),
  };
}

/** Things that pages deny, and the names that they would have. */
const DENIED: Readonly<Record<string, { calls?: RegExp; schemes?: RegExp }>> = {
  branches: { calls: /^(?!--branches$).*branch/ }, // `import dvc` reads those of Git
  merges: { calls: /merge/ },
  "Azure backend": { calls: /azure/, schemes: /^(az|azure|abfss?|wasbs?)$/ },
  "Xet storage": { calls: /\bxet/ },
};

Deno.test("things that the pages deny are missing", async () => {
  const pages = (await readdir(`${REPOSITORY}/docs`)).filter((name) => name.endsWith(".md"));
  const texts = await Promise.all(
    ["README.md", "python/README.md", ...pages.map((name) => `docs/${name}`)].map(async (path) =>
      (await readFile(`${REPOSITORY}/${path}`, "utf8")).replace(/\s+/g, " ")
    ),
  );
  const denied = texts.flatMap((text) =>
    Array.from(text.matchAll(/Holdfast has no ([^.;:]+)/g), ([, list = ""]) => list)
  ).flatMap((list) => list.split(/, (?:or |and )?| or | and /));
  assertEquals(new Set(denied), new Set(Object.keys(DENIED)));
  const { calls, schemes } = await namesOf();
  for (const [what, names] of Object.entries(DENIED)) {
    assertEquals(calls.filter((name) => names.calls?.test(name)), [], what);
    assertEquals(schemes.filter((scheme) => names.schemes?.test(scheme)), [], what);
  }
});
