import { assert, assertEquals } from "@std/assert";
import * as path from "@std/path";
import { parse, parseRange, satisfies } from "@std/semver";

Deno.test("std stand-ins satisfy the ranges that the configuration asks for", async () => {
  const house = JSON.parse(await Deno.readTextFile("deno.json"));
  const members: string[] = house.workspace.filter((member: string) =>
    member.startsWith("./dev/std/")
  );
  assert(members.length > 0);
  for (const member of members) {
    const { name, version, publish } = JSON.parse(
      await Deno.readTextFile(path.join(member, "deno.json")),
    );
    const wanted = /^jsr:(@std\/\w+)@(.+)$/.exec(house.imports[name]);
    assertEquals(wanted?.[1], name);
    assert(
      satisfies(parse(version), parseRange(wanted![2])),
      `${name}@${version} is outside ${wanted![2]}`,
    );
    assertEquals(publish, false);
  }
});

Deno.test("the typed names of a std stand-in are the names that it exports", async () => {
  for (const module of ["assert", "path", "path/posix/glob-to-regexp"]) {
    const folder = module.replace("/glob-to-regexp", "");
    const types = await Deno.readTextFile(`dev/std/${folder}/types.d.ts`);
    const typed = Array.from(
      types.matchAll(/^export (?:function|class|const) (\w+)/gm),
      (match) => match[1],
    );
    const exported = Object.keys(await import(`@std/${module}`));
    assertEquals([...new Set(typed)].sort(), exported.sort());
  }
});
