// Random trees of files and links: readers of an output get what its step saw, or the step fails.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { testInWorld } from "../world.ts";

/** The content of a folder, links followed; undefined if it has no end. */
function seenIn(folder: string, depth = 0): Record<string, string> | undefined {
  const content: Record<string, string> = {};
  if (depth > 8) return undefined;
  for (const { name } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (Deno.statSync(path).isFile) {
      content[name] = Deno.readTextFileSync(path);
      continue;
    }
    const inner = seenIn(path, depth + 1);
    if (inner === undefined) return undefined;
    for (const [below, text] of Object.entries(inner)) content[`${name}/${below}`] = text;
  }
  return content;
}

const place = fc.record({
  root: fc.constantFrom("output", "output", "workspace"),
  folders: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
  name: fc.constantFrom("x", "y", "z"),
});
const made = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("file" as const), at: place }),
    fc.record({ kind: fc.constant("link" as const), at: place, to: fc.nat(30), how: fc.nat(2) }),
  ),
  { minLength: 1, maxLength: 14 },
);

testInWorld("readers of an output see what its step saw, or it fails", async (here, root) => {
  let number = 0, published = 0;
  await fc.assert(
    fc.asyncProperty(made, async (entries) => {
      const id = `run${number++}`;
      let seen: ReturnType<typeof seenIn>;
      add(here.operators, id, ({ outputRoot, workspaceRoot }) => {
        const roots = { output: outputRoot, workspace: workspaceRoot };
        const paths: string[] = [outputRoot, workspaceRoot];
        for (const [index, entry] of entries.entries()) {
          const { root, folders, name } = entry.at;
          const folder = [roots[root], ...folders].join("/");
          const path = `${folder}/${name}`;
          Deno.mkdirSync(folder, { recursive: true });
          paths.push(folder);
          if (exists(path)) continue;
          if (entry.kind === "file") Deno.writeTextFileSync(path, `${index}`);
          else {
            const to = paths[entry.to % paths.length]!;
            Deno.symlinkSync(entry.how === 0 ? to : relativeTo(folder, to), path);
          }
          paths.push(path);
        }
        seen = seenIn(outputRoot);
      });
      const { steps } = await runPipeline(pipeline([step(id, { outputs: {} })]), here);
      const { end, reason, outputs = {} } = steps[id]!;
      if (seen === undefined) return; // a loop: it is kept in the output, and refused elsewhere
      assertEquals(end, "ran", reason);
      const [ref] = Object.values(outputs);
      const to = root.join(id);
      if (ref === undefined) return assertEquals(seen, {});
      await here.registry.download(ref, { to: `${to}/` });
      assertEquals(seenIn(to), seen);
      published++;
    }),
    { numRuns: 60 },
  );
  assert(published > 5);
});

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** A relative path from a real folder to another path. */
function relativeTo(folder: string, to: string): string {
  const [from, target] = [Deno.realPathSync(folder).split("/"), to.split("/")];
  let same = 0;
  while (same < Math.min(from.length, target.length) && from[same] === target[same]) same++;
  return [...from.slice(same).map(() => ".."), ...target.slice(same)].join("/") || ".";
}
