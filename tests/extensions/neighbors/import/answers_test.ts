// Servers whose answers do not arrive whole.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { cliTest } from "../../../apps/captured_io.ts";

type Line = [line: string, env?: Record<string, string>];

const IMPORTS: Readonly<Record<string, (url: string) => Line>> = {
  "a server of MLflow": (url) => [`import mlflow ${url}`],
  "a Hub": (url) => ["import hf hf://team/bert", { HF_ENDPOINT: url }],
};

for (const [of, lineFor] of Object.entries(IMPORTS)) {
  cliTest(`${of} whose connection breaks is unavailable`, async (it) => {
    const server = createServer((socket) =>
      socket.once("data", () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a": ['))
    );
    await once(server.listen(0, "127.0.0.1"), "listening");
    const [line, env] = lineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await it.fails(`${line} .holdfast --create`, 7, "Cannot read from", { env });
    await once(server.close(), "close");
  });
}
