// Requests as a program without the client sends them.
import type { EntryPoint, Location } from "./entry_point.ts";

export const http: EntryPoint = {
  async save(at, name, { text, metadata, version, alias }) {
    const content = await send(at, "contents", {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: text,
    });
    const { upload } = await content.json();
    const rest = {
      version,
      materializer: { id: "text", formatVersion: 1 },
      files: [{ path: "text.txt", mediaType: "text/plain; charset=utf-8", upload }],
    };
    const body = `{"metadata":${metadata},${JSON.stringify(rest).slice(1)}`;
    const path = `artifacts/${segment(name)}/versions`;
    const headers = { "content-type": "application/json" };
    const response = await send(at, path, { method: "POST", headers, body });
    const answer = await response.json();
    if (!response.ok) return { refused: answer.code };
    if (alias === undefined) return {};
    const set = await send(at, `artifacts/${segment(name)}/aliases/${alias}`, {
      ...{ method: "PUT", headers },
      body: JSON.stringify({ version: answer.version }),
    });
    return set.ok ? {} : { refused: (await set.json()).code };
  },
  async load(at, ref) {
    const [name, version = "latest"] = ref.split(/@(.*)/s);
    const path = `artifacts/${segment(name)}/versions/${segment(version)}`;
    const response = await send(at, path);
    const info = await response.json();
    if (!response.ok) return { refused: info.code };
    const file = await send(at, `${path}/files/text.txt`);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await file.arrayBuffer());
    return { text, metadata: info.metadata };
  },
};

function send({ url, token }: Location, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  return fetch(`${url}/${path}`, { ...init, headers });
}

/** One segment of a path; `.` and `..`, which mean folders there, get a tilde. */
function segment(text: string): string {
  return encodeURIComponent(text.replace(/^~*\.{1,2}$/, "~$&"));
}
