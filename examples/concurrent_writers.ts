// deno run --allow-read --allow-write --allow-env=TMPDIR,TMP,TEMP --allow-run examples/concurrent_writers.ts
//
// Four programs save versions of one name at the same time. There is no server and no lock: each
// save gets its own number, and none is lost.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRegistry } from "@holdfast/holdfast";

const WRITERS = 4;
const SAVES = 5;

const folder = mkdtempSync(join(tmpdir(), "holdfast-writers-"));
try {
  // The program of a writer. Usually, writers are on different machines.
  const program = `
    import { openRegistry } from ${JSON.stringify(import.meta.resolve("@holdfast/holdfast"))};
    await using registry = await openRegistry(Deno.args[0]);
    for (let i = 0; i < ${SAVES}; i++) await registry.save("shared", { writer: Deno.args[1], save: i });
  `;
  const config = new URL("../deno.json", import.meta.url).pathname;
  const writers = Array.from({ length: WRITERS }, (_, writer) => {
    const url = `data:application/typescript,${encodeURIComponent(program)}`;
    const args = ["run", "-A", "--no-lock", "--config", config, url, folder, String(writer)];
    return new Deno.Command(Deno.execPath(), { args, stdout: "inherit", stderr: "inherit" })
      .output();
  });
  for (const { success } of await Promise.all(writers)) {
    if (!success) throw new Error("Cannot continue: a writer failed");
  }

  // Count the saves of each writer.
  await using registry = await openRegistry(folder, { create: false });
  const versions = await Array.fromAsync(registry.versions("shared"));
  console.log(
    `${WRITERS} programs made ${versions.length} versions, from ${versions.at(-1)!.version} to ${
      versions[0].version
    }`,
  );
  const by = new Map<unknown, number>();
  for (const { version } of versions) {
    const { writer } = await registry.load(`shared@${version}`) as { writer: string };
    by.set(writer, (by.get(writer) ?? 0) + 1);
  }
  console.log("saves kept of each:", [...by.values()].join(", "));
} finally {
  rmSync(folder, { recursive: true });
}
