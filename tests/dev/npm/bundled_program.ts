/**
 * Opens a folder, verifies a large file in it, begins a tus upload in its service, opens a bucket on an endpoint of its own, and a
 * store whose package is missing. With an argument, opens the registry at that URL.
 */
export const OPENS = `
import { createServer } from "node:http";
import process from "node:process";
import { openRegistry } from "@holdfast/holdfast";
import { verifyRegistry } from "@holdfast/holdfast/maintenance";
import { createHandler } from "@holdfast/holdfast/server";

async function main() {
  if (process.argv[2] !== undefined) {
    const registry = await openRegistry(process.argv[2], { create: true });
    await registry.save("a", "of a bundle");
    return console.log(await registry.load("a"));
  }
  const folder = await openRegistry("folder", { threads: 2 });
  await folder.save("a", 1);
  console.log(await folder.load("a"));
  await folder.save("large", new Uint8Array(64 * 2 ** 20));
  console.log((await verifyRegistry(folder)).ok);
  const headers = { "tus-resumable": "1.0.0", "upload-length": "1" };
  const upload = new Request("http://127.0.0.1/uploads", { method: "POST", headers });
  console.log((await createHandler(folder)(upload)).status);
  let reached = false;
  const store = createServer((_, response) => {
    reached = true;
    response.writeHead(403).end();
  });
  await new Promise((resolve) => store.listen(0, "127.0.0.1", resolve));
  const url = "s3://bucket/p?anonymous=true&region=eu-central-1&endpoint=http://127.0.0.1:";
  await openRegistry(url + store.address().port).catch((error) => reached || console.log(error));
  console.log(reached);
  store.close();
  store.closeAllConnections();
  await openRegistry("gs://bucket/p").catch((error) => console.log(error.message));
}
main();
`;
