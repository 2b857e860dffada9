import { assertEquals } from "@std/assert";
import { installCommand } from "../../../core/urls/install_command.ts";

const FILE = "@holdfast/holdfast/core/urls/load_part.js";

Deno.test("a missing package is installed where the library looks for it", () => {
  const projects = ["/home/me/project", "/home/me/lib"];
  const files = {
    existsSync: (path: string) => projects.some((folder) => path === `${folder}/package.json`),
  };
  const cases: [url: string, command: string][] = [
    [`file:///home/me/project/node_modules/${FILE}`, "npm install pg"],
    [`file:///home/me/lib/node_modules/${FILE}`, "npm install pg"],
    [
      `file:///usr/local/lib/node_modules/${FILE}`,
      "npm install --global --prefix /usr/local pg",
    ],
    [
      `file:///home/my%20user/.npm-global/lib/node_modules/${FILE}`,
      'npm install --global --prefix "/home/my user/.npm-global" pg',
    ],
    [
      `file:///C:/Users/me/AppData/Roaming/npm/node_modules/${FILE}`,
      "npm install --global --prefix C:/Users/me/AppData/Roaming/npm pg",
    ],
    [
      `file:///home/me/.npm/_npx/1f2e/node_modules/${FILE}`,
      "npx --package @holdfast/holdfast --package pg holdfast",
    ],
    [`file:///home/me/app/node_modules/.pnpm/holdfast/node_modules/${FILE}`, "pnpm add pg"],
    [
      `file:///home/me/.local/share/pnpm/global/5/node_modules/.pnpm/holdfast/node_modules/${FILE}`,
      "pnpm add --global pg",
    ],
    [`file:///home/me/.bun/install/global/node_modules/${FILE}`, "bun add --global pg"],
    ["file:///home/me/clone/core/urls/load_part.ts", "npm install pg"],
    ["", "npm install pg"],
  ];
  for (const [url, command] of cases) assertEquals(installCommand("pg", url, files), command);
});

Deno.test("without a file system, a package is one of a project", () => {
  const url = `file:///usr/local/lib/node_modules/${FILE}`;
  assertEquals(installCommand("pg", url, { existsSync: () => true }), "npm install pg");
});
