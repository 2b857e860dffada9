/** Opens a folder, a bucket on an endpoint of its own, and a store whose package is missing. */
export const OPENS = `
import { createServer } from "node:http";
import { openRegistry } from "@holdfast/holdfast";

async function main() {
  const folder = await openRegistry("folder");
  await folder.save("a", 1);
  console.log(await folder.load("a"));
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
