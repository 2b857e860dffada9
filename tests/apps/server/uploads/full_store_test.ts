// Errors of the store during an upload.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import { noise } from "../../../registry/registries.ts";
import { openService, sentBody } from "./sending.ts";
import { slowTest } from "../../../support/seeds.ts";

slowTest("the error of a full store reaches the client, in whatever way it uploads", async () => {
  let isFull = false;
  const memory = createMemoryBackend();
  const full = () =>
    fault({
      code: "Unavailable",
      action: "write",
      subject: "x",
      state: "the disk is full",
      retry: "never",
    });
  await using service = await openService({
    backend: {
      ...memory,
      put: async (key, body, options) => {
        if (isFull) throw full();
        return await memory.put(key, body, options);
      },
    },
  });
  const content = noise(20 * 2 ** 20); // more than a piece of an upload
  const form = new FormData();
  form.append("name", "a");
  form.append("file", new Blob([content.slice()]));
  const json = { materializer: { id: "file", formatVersion: 1 }, files: [{ path: "x", data: "" }] };
  const size = { "upload-length": `${content.length}` };
  const begun = await service.tus("POST", "/uploads", size);
  const upload = `/${begun.headers.get("location")}`;
  isFull = true;
  const body = () => sentBody(content);
  const ways: Record<string, () => Promise<Response>> = {
    "POST /contents": () => service.send("POST", "/contents", { body: body() }),
    "POST /upload": () => service.send("POST", "/upload?name=a", { body: body() }),
    "POST /upload, a form": () => service.send("POST", "/upload", { body: form }),
    "POST /artifacts": () => service.sendJson("POST", "/artifacts/a/versions", json),
    "POST /uploads": () => service.tus("POST", "/uploads", size),
    "POST /uploads with bytes": () => service.tus("POST", "/uploads", size, body()),
    "PATCH /uploads": () => service.tus("PATCH", upload, { "upload-offset": "0" }, body()),
    "PATCH /uploads, all at once": () =>
      service.tus("PATCH", upload, { "upload-offset": "0" }, content.slice()),
  };
  for (const [way, send] of Object.entries(ways)) {
    const answer = await send();
    const { code, state } = await answer.json();
    assertEquals([way, answer.status, code, state], [way, 503, "Unavailable", "the disk is full"]);
  }
});
