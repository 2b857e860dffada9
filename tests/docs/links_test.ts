import { assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";

const pages = [".", "docs", "decisions"].flatMap((folder) =>
  readdirSync(join(REPOSITORY, folder)).filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name))
);

Deno.test("links between pages lead to a page and a heading that exist", () => {
  const texts = new Map(
    pages.map((page) => [
      page,
      readFileSync(join(REPOSITORY, page), "utf8").replace(/^```[^]*?^```/gm, ""),
    ]),
  );
  const headings = (page: string) =>
    new Set(
      [...texts.get(page)!.matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
        text.toLowerCase().replace(/[^a-z0-9 _-]/g, "").replaceAll(" ", "-")
      ),
    );
  const broken = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link]) => link).filter((link) => {
      const [path, heading] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!texts.has(target)) return !existsSync(join(REPOSITORY, target));
      return heading !== undefined && !headings(target).has(heading);
    }).map((link) => `${page}: ${link}`)
  );
  assertEquals(broken, []);
});

Deno.test("the index of the documentation has each of its pages", () => {
  const index = readFileSync(join(REPOSITORY, "docs/README.md"), "utf8");
  const missing = readdirSync(join(REPOSITORY, "docs"))
    .filter((name) => name.endsWith(".md") && name !== "README.md" && !index.includes(`](${name}`));
  assertEquals(missing, []);
});
