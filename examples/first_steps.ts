// deno run --allow-read --allow-write --allow-env=TMPDIR,TMP,TEMP examples/first_steps.ts
//
// The first steps: save values and files, choose versions, move an alias, handle an error.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRegistryError, localPath, openRegistry } from "@holdfast/holdfast";

const folder = mkdtempSync(join(tmpdir(), "holdfast-first-steps-"));
try {
  await using registry = await openRegistry(join(folder, "registry"));

  // A name gets a new version with each save; nothing is ever overwritten.
  await registry.save("model:config", { layers: 12, dropout: 0.1 });
  await registry.save("model:config", { layers: 24, dropout: 0.1 }, {
    metadata: { author: "Ada" },
  });
  console.log("latest:", await registry.load("model:config"));
  console.log("first: ", await registry.load("model:config@1.0.0"));

  // Number a version yourself, load the newest in a range, or point an alias to the one in use.
  await registry.save("model:config", { layers: 24, dropout: 0.2 }, { version: "2.1.0" });
  await registry.setAlias("model:config", "production", "2.0.0");
  console.log("range: ", await registry.load("model:config@^2"));
  console.log("alias: ", await registry.load("model:config@production"));

  for await (const { version } of registry.versions("model:config")) {
    console.log("version", version);
  }

  // Save files and folders of any size: they are streamed, and every byte is checked.
  writeFileSync(join(folder, "notes.txt"), "remember the milk\n");
  await registry.save("notes", localPath(join(folder, "notes.txt")));
  await registry.download("notes", { to: join(folder, "copy.txt") });
  console.log("file:  ", readFileSync(join(folder, "copy.txt"), "utf8").trim());

  // Each error has a code for programs, and a hint for people.
  try {
    await registry.save("model:config", {}, { version: "1.0.0" });
  } catch (error) {
    if (!isRegistryError(error, "AlreadyExists")) throw error;
    console.log(`${error.code}: ${error.message}. ${error.hint}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
