/**
 * A registry as an HTTP service: a handler of requests for `Deno.serve`, Node, Bun, or next to your
 * own routes. `holdfast serve` listens with this handler.
 *
 * @module
 */
import type { Registry } from "../mod.ts";
import type { Handler, HandlerOptions } from "./server/options.ts";
import { createApp } from "./server/app.ts";

export { changeToken, createToken, rotateToken } from "./server/access/change_tokens.ts";
export { openTokenFile, parseTokens } from "./server/access/token_file.ts";
export type {
  ChangeTokenOptions,
  CreateTokenOptions,
  RotateTokenOptions,
} from "./server/access/change_tokens.ts";
export type {
  StoredToken,
  TokenCheck,
  TokenFileOptions,
  TokenProblem,
} from "./server/access/token_file.ts";
export { createAuditFile } from "./server/observe/audit_file.ts";
export type { AuditEntry, AuditSink, AuditSubject } from "./server/observe/audit_entry.ts";
export type { Gauge } from "./server/observe/gauge.ts";
export { changeAs } from "./server/access/sender.ts";
export type { SignIn, SignInIssuer } from "./server/access/sign_in.ts";
export { listen } from "./server/listen/listen.ts";
export type * from "./server/listen/options.ts";
export type { Access, Change, Right } from "./server/access/access.ts";
export type { Logger, Registry, System } from "../mod.ts";
export type { UploadedVersion, UploadOptions } from "./server/uploads/next_step.ts";
export type { Handler, HandlerInfo, HandlerLimits, HandlerOptions } from "./server/options.ts";
export type { ServiceOptions } from "./server/service_options.ts";
export type { Gateway } from "./server/gateways/gateway.ts";
export type { Hints } from "../core/hints/reasons.ts";

/**
 * Creates a handler that answers requests for a registry. It does not listen: pass it to a server.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("my:config", { depth: 12 });
 *
 * const handler = createHandler(registry);
 * // Deno.serve({ port: 8600, hostname: "127.0.0.1" }, handler)
 * const response = await handler(new Request("http://127.0.0.1/names"));
 * assertEquals(await response.json(), { items: ["my:config"] });
 * await handler.close();
 * ```
 *
 * @throws {RegistryError} `Invalid` for anything but a registry, and for invalid options
 */
export function createHandler(registry: Registry, options: HandlerOptions = {}): Handler {
  return createApp(registry, options);
}
