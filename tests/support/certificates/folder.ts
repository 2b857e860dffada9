import { fileURLToPath } from "node:url";

/** The folder with the certificates of the tests. Only tests that stay where they are may ask for it. */
export const CERTIFICATES = fileURLToPath(new URL(".", import.meta.url)).replace(/[/\\]$/, "");
