/**
 * Opens a folder, verifies a file that is large enough for threads, calls its service, downloads
 * from it, and opens a store whose package is missing.
 */
const CHECK = `
import { openRegistry } from "@holdfast/holdfast";
import { openHttpRegistry } from "@holdfast/holdfast/http";
import { verifyRegistry } from "@holdfast/holdfast/maintenance";
import { createHandler } from "@holdfast/holdfast/server";
import { readFile } from "node:fs/promises";

export async function check(place) {
  const registry = await openRegistry(place + "/registry", { threads: 2 });
  await registry.save("value", { n: 1 });
  await registry.save("large", new Uint8Array(64 * 2 ** 20));
  const verified = (await verifyRegistry(registry)).ok;
  const handler = createHandler(registry);
  const remote = await openHttpRegistry("http://127.0.0.1", { fetch: handler });
  await remote.download("value", { to: place + "/copy" });
  const copy = await readFile(place + "/copy", "utf8");
  const missing = await openRegistry("gs://bucket/p").catch((error) => error.message);
  return { loaded: await remote.load("value"), verified, copy, missing };
}
`;

/** The answer of the route. */
export const ANSWER = {
  loaded: { n: 1 },
  verified: true,
  copy: '{"n":1}',
  missing: "Cannot load gcs: the package @google-cloud/storage is not installed",
};

/** A web framework: a project with the route `/api/store`, and how it is built and started. */
interface Framework {
  name: string;
  packages: string[];
  files: Record<string, string>;
  /** Program in `node_modules` and arguments. */
  build: string[];
  /** Program and arguments; the port is in PORT. */
  start: string[];
}

const REACT = ["react@19", "react-dom@19"];

/** The frameworks that most people use for routes in TypeScript. */
export const FRAMEWORKS: readonly Framework[] = [
  {
    name: "Next.js",
    packages: ["next@16", ...REACT],
    files: {
      "app/layout.js": "export default ({ children }) => <html><body>{children}</body></html>;\n",
      "app/page.js": "export default () => <p>hello</p>;\n",
      "app/check.mjs": CHECK,
      "app/api/store/route.js": `import { check } from "../../check.mjs";
export const dynamic = "force-dynamic";
export const GET = async () => Response.json(await check(process.env.PLACE));
`,
    },
    build: ["next/dist/bin/next", "build"],
    start: ["node_modules/next/dist/bin/next", "start"],
  },
  {
    name: "SvelteKit",
    packages: ["@sveltejs/kit@3", "@sveltejs/adapter-node@6", "svelte@5", "vite@8"],
    files: {
      "vite.config.js": `import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
export default { plugins: [sveltekit({ adapter: adapter() })] };
`,
      "src/app.html": "<html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n",
      "src/check.mjs": CHECK,
      "src/routes/api/store/+server.js": `import { check } from "../../../check.mjs";
export const GET = async () => Response.json(await check(process.env.PLACE));
`,
    },
    build: ["vite/bin/vite.js", "build"],
    start: ["build/index.js"],
  },
  {
    name: "React Router (Remix)",
    packages: [
      // Their newest versions require each other, and the npm registry may lack one of them.
      ...["react-router", "@react-router/dev", "@react-router/node", "@react-router/serve"]
        .map((name) => `${name}@8.4.0`),
      ...REACT,
      "isbot@5",
      "vite@8",
    ],
    files: {
      "vite.config.js": `import { reactRouter } from "@react-router/dev/vite";
export default { plugins: [reactRouter()] };
`,
      "app/root.jsx": `import { Outlet } from "react-router";
export default () => <html><body><Outlet /></body></html>;
`,
      "app/routes.js": `import { route } from "@react-router/dev/routes";
export default [route("api/store", "./routes/store.js")];
`,
      "app/check.mjs": CHECK,
      "app/routes/store.js": `import { check } from "../check.mjs";
export const loader = async () => Response.json(await check(process.env.PLACE));
`,
    },
    build: ["@react-router/dev/bin.cjs", "build"],
    start: ["node_modules/@react-router/serve/bin.cjs", "build/server/index.js"],
  },
  {
    name: "Nuxt",
    packages: ["nuxt@4"],
    files: {
      "nuxt.config.js": 'export default { compatibilityDate: "2026-01-01", telemetry: false };\n',
      "app/app.vue": "<template><p>hello</p></template>\n",
      "server/check.mjs": CHECK,
      "server/api/store.get.js": `import { check } from "../check.mjs";
export default defineEventHandler(() => check(process.env.PLACE));
`,
    },
    build: ["nuxt/bin/nuxt.mjs", "build"],
    start: [".output/server/index.mjs"],
  },
];
