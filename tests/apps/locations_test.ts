import { assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { createLocalBackend } from "../../backends/local.ts";
import { openBackend } from "../../backends/mod.ts";
import { isRegistryError, type RegistryError } from "../../core/errors.ts";
import { realSystem } from "../../core/system.ts";
import { createLocalFiles } from "../../files/mod.ts";
import { importMindtrace } from "../../extensions/neighbors/mindtrace/mindtrace.ts";
import { openRegistry } from "../../mod.ts";
import { setRemote } from "../../apps/cli/places/set_remote.ts";
import { cliTest, filesIn } from "./captured_io.ts";
import { rowsOfRun } from "../support/seeds.ts";

/** Locations without slashes, or with too few, and what their hint says. */
const WRONG: readonly (readonly [location: string, hint: string])[] = [
  ["s3:models/team", "s3://"],
  ["S3:models", "S3://"],
  ["s3:/models/team", "s3://"],
  ["minio:models/team", "minio://"],
  ["gs:models", "gs://"],
  ["gcs:models", "gcs://"],
  ["http:host", "http://host:8600"],
  ["https:host:8600", "https://host:8600"],
  ["https:/host:8600", "https://host:8600"],
  ["localhost:8600", "http://localhost:8600"],
  ["models.example:8600/team", "http://models.example:8600"],
  ["127.0.0.1:8600", "http://127.0.0.1:8600"],
  ["[::1]:8600", "http://[::1]:8600"],
  ["team:models", "./team:"],
];
/** The same without a colon: only a registry has a kind of location for them. */
const NO_COLON: typeof WRONG = [
  ["s3//models/team", "s3://"],
  ["http//host", "http://host:8600"],
];
const SECRET = "s3:key:hunter2@models";

cliTest("no entry point takes a location without slashes for a folder", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("file"), "1");
  await it.succeeds("save a file");
  const before = await filesIn(it.cwd);
  for (const [location, hint] of rowsOfRun([...WRONG, ...NO_COLON])) {
    const folder = location.split("/", 1)[0]!; // of this process: others share it, so it stays
    for (const [door, run] of Object.entries(doors(location, it.cwd))) {
      const isOfColon = NO_COLON.some(([wrong]) => wrong === location);
      if (isOfColon && !door.startsWith("openRegistry")) continue;
      const error = await Promise.try(run).then(() => undefined, (error) => error);
      assertEquals([door, location, isRegistryError(error, "Invalid")], [door, location, true]);
      const { hint: said = "" } = error as RegistryError;
      assertEquals([door, said.includes(hint)], [door, true], `${error}`);
      assertEquals([existsSync(folder), await filesIn(it.cwd)], [false, before], door);
    }
    for (const line of lines(location)) {
      const { code, out, err } = await it.holdfast(line);
      const expected = line[0] === "doctor" ? 1 : 2; // it reports the refusal
      assertEquals([line.join(" "), code], [line.join(" "), expected], err);
      assertStringIncludes((out + err).replace(/\n\s+/g, " "), hint, line.join(" "));
      assertEquals(/holdfast init [^.]/.test(out + err), false, err);
      assertEquals(await filesIn(it.cwd), before, line.join(" "));
    }
  }
});

cliTest(
  "HOLDFAST_REGISTRY, .env and names of registries refuse locations without slashes",
  async (it) => {
    await it.succeeds("init");
    for (const [location, hint] of WRONG) {
      const env = { HOLDFAST_REGISTRY: location };
      await it.fails("ls", 2, hint, { env });
      await Deno.writeTextFile(it.root.join(".env"), `HOLDFAST_REGISTRY="${location}"\n`);
      await it.fails("ls", 2, hint);
      await Deno.remove(it.root.join(".env"));
      const config = { XDG_CONFIG_HOME: it.root.join("config") };
      await it.fails(["remote", "add", "team", location], 2, hint, { env: config });
      await Deno.mkdir(it.root.join("config/holdfast"), { recursive: true });
      const registries = { team: { location } };
      await Deno.writeTextFile(
        it.root.join("config/holdfast/config.json"),
        JSON.stringify({ registries }),
        { mode: 0o600 },
      );
      const { code } = await it.holdfast("ls -r @team", { env: config }); // as written by hand
      assertEquals(code, 2, location);
      await Deno.remove(it.root.join("config"), { recursive: true });
      assertEquals(await filesIn(it.cwd), [".holdfast"], location);
    }
  },
);

cliTest("files are not written to a URL", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("file"), "1");
  await it.succeeds("save a file");
  await Deno.writeTextFile(it.root.join("rows.jsonl"), `{"ref": "a", "to": "s3://models/x"}\n`);
  const before = await filesIn(it.cwd);
  for (
    const line of [
      "download a s3://models/x",
      "download a --to s3://models/x",
      "download a file:///tmp/x",
      "batch load rows.jsonl --to s3://models/x",
      "mount a s3://models/x",
      "pipeline init s3://models/x",
      "export mindtrace a --to s3://models/x",
    ]
  ) {
    await it.fails(line, 2, "URL");
    assertEquals(await filesIn(it.cwd), before, line);
  }
  const { code } = await it.holdfast("batch load rows.jsonl");
  assertEquals([code === 0, await filesIn(it.cwd)], [false, before]);
  await using registry = await openRegistry(it.root.join(".holdfast"));
  const error = await registry.download("a", { to: "s3://models/x" }).catch((error) => error);
  assertEquals(isRegistryError(error, "Invalid"), true, `${error}`);
});

cliTest("a refusal of a location shows no secret", async (it) => {
  for (const [door, run] of Object.entries(doors(SECRET, it.cwd))) {
    const error = await Promise.try(run).then(() => undefined, (error) => error);
    assertEquals([door, String(error.stack + error.hint).includes("hunter2")], [door, false]);
  }
  for (const line of lines(SECRET)) {
    const { err } = await it.holdfast(line);
    assertEquals(err.includes("hunter2"), false, err);
  }
});

/** Functions with the location of a registry, of a store or of a folder. */
function doors(location: string, cwd: string): Record<string, () => unknown> {
  const system = { ...realSystem, env: (name: string) => name === "HOME" ? cwd : undefined };
  return {
    openRegistry: () => openRegistry(location),
    "openRegistry without create": () => openRegistry(location, { create: false }),
    "openRegistry of the environment": () =>
      openRegistry(undefined, {
        system: {
          ...system,
          env: (name) => name === "HOLDFAST_REGISTRY" ? location : undefined,
        },
      }),
    createLocalBackend: () => createLocalBackend({ path: location }),
    createLocalFiles: () => createLocalFiles({ root: location }),
    openBackend: () => openBackend(location),
    cache: () => openRegistry("memory:", { cache: { path: location } }),
    setRemote: () => setRemote("team", { location }, { system }),
    importMindtrace: async () => importMindtrace(location, await openRegistry("memory:")),
  };
}

/** Command lines with the location, of which each would open or create a folder. */
function lines(location: string): string[][] {
  return [
    ["ls", "-r", location],
    ["ls", "--registry", location],
    ["init", location],
    ["init", "-r", location],
    ["init", location, "--force"],
    ["save", "a", "file", "-r", location],
    ["doctor", "-r", location],
    ["explore", location, "--no-browser", "--port", "0"],
    ["serve", "-r", location, "--port", "0"],
    ["mcp", "-r", location],
    ["mirror", ".holdfast", location, "--create"],
    ["mirror", location, ".holdfast"],
    ["verify", "--repair-from", location],
    ["export", "site", "a", "--to", location],
    ["import", "mindtrace", location, ".holdfast"],
    ["export", "mindtrace", "a", "--to", location],
    ["gc", "-r", location],
  ];
}
