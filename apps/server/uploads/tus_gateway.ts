// The parts of the tus protocol beside its routes, which `routes/uploads.ts` has.
import type { Gateway } from "../gateways/gateway.ts";
import { pathOf } from "../gateways/sent_path.ts";

export const tus: Gateway = {
  name: "tus",
  claims: ({ url, headers }) => headers.has("tus-resumable") && pathOf(url).startsWith("/uploads/"),
  received: withMeantMethod,
};

/** Gives a POST the method of its header: some proxies pass no PATCH. */
function withMeantMethod(request: Request): Request {
  const { url, headers, signal, body } = request;
  const method = headers.get("x-http-method-override")?.toUpperCase() ?? "";
  const isMeant = request.method === "POST" && ["PATCH", "HEAD", "DELETE"].includes(method);
  if (!isMeant) return request;
  const sent = method === "PATCH" ? { body, duplex: "half" } : {};
  return new Request(url, { method, headers, signal, ...sent } as RequestInit);
}
