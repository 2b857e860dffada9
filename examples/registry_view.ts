// deno run examples/registry_view.ts (no permissions needed)
//
// A registry of your own: the names below a prefix of another registry, read-only. A team that gets
// viewBelow(registry, "team-a/") loads "model" for "team-a/model".
import { defineRegistry, openRegistry, parseRef, type Registry } from "@holdfast/holdfast";

/** The names of a registry below a prefix, without it. */
export function viewBelow(inner: Registry, prefix: string): Registry {
  const { id, settings, materializers } = inner;
  const below = (ref: string) => (parseRef(ref), prefix + ref); // an invalid ref must not become valid
  const own = <T extends { name: string }>(thing: T): T => ({
    ...thing,
    name: thing.name.slice(prefix.length),
  });
  return defineRegistry({
    ...{ id, settings, materializers, location: `${inner.location}, ${prefix}*` },
    async open(ref, options) {
      const artifact = await inner.open(below(ref), options);
      return {
        info: own(artifact.info),
        files: () => artifact.files(),
        file: (path) => artifact.file(path),
      };
    },
    async *names({ prefix: start = "", after, ...options } = {}) {
      const from = after === undefined ? {} : { after: below(after) };
      const names = inner.names({ ...options, ...from, prefix: prefix + start });
      for await (const name of names) yield name.slice(prefix.length);
    },
    async *versions(name, options) {
      for await (const entry of inner.versions(below(name), options)) {
        yield { ...own(entry), ...(entry.info && { info: own(entry.info) }) };
      }
    },
    async *aliases(name, options) {
      yield* inner.aliases(below(name), options);
    },
    async *history(name, alias, options) {
      yield* inner.history(below(name), alias, options);
    },
  });
}

if (import.meta.main) {
  const registry = await openRegistry("memory:");
  for (const name of ["team-a/model", "team-a/data", "team-b/model"]) {
    await registry.save(name, `of ${name}`);
  }

  const team = viewBelow(registry, "team-a/");
  console.log("names:  ", (await Array.fromAsync(team)).join(", "));
  console.log("model:  ", await team.load("model"));
  console.log(
    "refused:",
    await team.save("model", "mine").catch(({ code, message }) => `${code}: ${message}`),
  );
}
