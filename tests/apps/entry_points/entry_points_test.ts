// Every case of cases.json, saved through each entry point and loaded through all.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { python, served } from "../../python/reader.ts";
import { tempRoot } from "../../support/temp_root.ts";
import listed from "./cases.json" with { type: "json" };
import { commandLine } from "./command_line.ts";
import type { EntryPoint, Location, Save } from "./entry_point.ts";
import { http } from "./http.ts";
import { startPython } from "./python.ts";
import { client, library } from "./registries.ts";

interface Case {
  case: string;
  /** @default "a" */
  name?: string;
  /** Saved one after the other; `times` repeats the text. */
  saves: (Partial<Save> & { times?: number })[];
  /** The code of the error of the last save. */
  refused?: string;
  /** Entry points that cannot express it, and why. */
  not?: Record<string, string>;
  /** Results of refs: a save by its index, or an error. @default the name loads the last save */
  loads?: { ref: string; save?: number; refused?: string }[];
}

const CASES = listed as unknown as Case[];

Deno.test("all entry points load a case equally, whichever saved it, or refuse it", async () => {
  await using processes = new AsyncDisposableStack();
  const points: Record<string, EntryPoint> = { library, "command line": commandLine, http, client };
  if (python !== undefined) {
    const service = startPython(({ url, token }) => ({ location: url, token }));
    const folder = startPython(({ folder }) => ({ location: folder }));
    points["Python, service"] = processes.use(service);
    points["Python, folder"] = { load: processes.use(folder).load };
  }
  const counts = Object.fromEntries(
    Object.keys(points).map((name) => [name, { saves: 0, refusals: 0, loads: 0 }]),
  );
  const wrong: string[][] = [];
  const compare = (where: string, found: unknown, expected: unknown) => {
    try {
      assertEquals(found, expected);
    } catch {
      wrong.push([where, short(found), short(expected)]);
    }
  };
  for (const each of CASES) {
    for (const [writer, { save }] of Object.entries(points)) {
      if (save === undefined || each.not?.[writer] !== undefined) continue;
      await using root = await tempRoot();
      await using registry = await openRegistry(root.join("registry"), { cache: false });
      await using service = served(registry, ["read:*", "write:*"]);
      const at: Location = {
        folder: root.join("registry"),
        url: service.location,
        token: service.token!,
      };
      const name = each.name ?? "a";
      const saves = each.saves.map(({ text = "x", times = 1, metadata = "{}", ...more }) => ({
        ...{ text: text.repeat(times), metadata },
        ...more,
      }));
      for (const [index, one] of saves.entries()) {
        const refused = index === saves.length - 1 ? each.refused : undefined;
        const expected = refused === undefined ? {} : { refused };
        compare(`${each.case}: ${writer} saves`, await save(at, name, one), expected);
        counts[writer][refused === undefined ? "saves" : "refusals"]++;
      }
      const loads: Case["loads"] = each.loads ??
        (each.refused === undefined ? [{ ref: name }] : []);
      for (const { ref, save, refused } of loads) {
        const saved = saves[save ?? saves.length - 1];
        const expected = refused !== undefined
          ? { refused }
          : { text: saved.text, metadata: JSON.parse(saved.metadata) };
        for (const [reader, { load }] of Object.entries(points)) {
          const where = `${each.case}: ${reader} loads ${ref} of ${writer}`;
          compare(where, await load(at, ref), expected);
          counts[reader][refused === undefined ? "loads" : "refusals"]++;
        }
      }
    }
  }
  console.table(counts);
  if (wrong.length > 0) throw new Error(wrong.map((row) => row.join(" | ")).join("\n"));
});

function short(value: unknown): string {
  return (JSON.stringify(value) ?? "undefined").slice(0, 200);
}
