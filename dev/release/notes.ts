// Prints the notes of a release from CHANGELOG.md: `deno run -A dev/release/notes.ts v0.1.0`. Code
// hosts show each line break of them, and have no relative links.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { join } from "@std/path";
import { REPOSITORY } from "../../tests/support/run_deno.ts";

/**
 * Returns the section of a version, one paragraph or item a line.
 *
 * @param files the URL of the folder of the repository at the commit of the release
 */
export function notesOf(changelog: string, version: string, files: string): string {
  const section = changelog.split(/^(?=## )/m)
    .find((text) => new RegExp(`^## ${RegExp.escape(version)}\\s`).test(text));
  if (section === undefined) {
    throw new Error(`Cannot write the notes of ${version}: CHANGELOG.md has no such heading`);
  }
  return section.replace(/^## .*\n/, "").trim()
    .replace(/(?<=\S)\n(?: +(?![-*] )| *(?=[^\s#|>`*\-+]))(?=\S)/g, " ")
    .replace(/\]\((?!https?:|#)([^)]+)\)/g, (_, path) => `](${files}/${path})`)
    .concat("\n");
}

if (import.meta.main) {
  const version = (process.argv[2] ?? "").replace(/^v/, "");
  const { GITHUB_SERVER_URL = "", GITHUB_REPOSITORY = "", GITHUB_SHA = "HEAD" } = process.env;
  const files = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/blob/${GITHUB_SHA}`;
  const changelog = await readFile(join(REPOSITORY, "CHANGELOG.md"), "utf8");
  process.stdout.write(notesOf(changelog, version, files));
}
