// The first steps: values, versions, aliases, files. Run it with `deno run -A
// examples/quickstart.ts`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRegistryError, localPath, openRegistry } from "@holdfast/holdfast";

const folder = mkdtempSync(join(tmpdir(), "holdfast-quickstart-"));
try {
  await using registry = await openRegistry(join(folder, "registry"));

  // A name gets a new version with each save; nothing is ever overwritten.
  await registry.save("model:config", { layers: 12, dropout: 0.1 });
  await registry.save("model:config", { layers: 24, dropout: 0.1 }, {
    metadata: { author: "Ada" },
  });
  console.log("latest:", await registry.load("model:config"));
  console.log("first: ", await registry.load("model:config@1.0.0"));

  // Name a version yourself, ask for a range, or let an alias say which one is in use.
  await registry.save("model:config", { layers: 24, dropout: 0.2 }, { version: "2.1.0" });
  await registry.setAlias("model:config", "production", "2.0.0");
  console.log("range: ", await registry.load("model:config@^2"));
  console.log("alias: ", await registry.load("model:config@production"));

  for await (const { version } of registry.versions("model:config")) {
    console.log("version", version);
  }

  // Files and whole folders, byte by byte, also large ones: they are streamed.
  writeFileSync(join(folder, "notes.txt"), "remember the milk\n");
  await registry.save("notes", localPath(join(folder, "notes.txt")));
  await registry.download("notes", { to: join(folder, "copy.txt") });
  console.log("file:  ", readFileSync(join(folder, "copy.txt"), "utf8").trim());

  // Every failure has a code to branch on, and a hint that says what to do.
  try {
    await registry.save("model:config", {}, { version: "1.0.0" });
  } catch (error) {
    if (!isRegistryError(error, "AlreadyExists")) throw error;
    console.log(`${error.code}: ${error.message}. ${error.hint}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
