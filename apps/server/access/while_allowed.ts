/**
 * Answers that take long: they end when the token that asked for them is removed, has expired, or lost its scope.
 *
 * @module
 */
import type { RouteContext } from "../routing.ts";
import type { Access } from "./access.ts";
import { needsToken } from "./authenticate.ts";
import { allowsRoute } from "./guard_route.ts";

/** Options of {@linkcode whileAllowed}. */
export interface WhileAllowedOptions {
  /** What the token must allow besides the route. @default nothing */
  may?: (access: Access) => boolean;
  /** Whether the stream closes, as it has no end of its own; else it fails, so that nobody takes it for whole. @default false */
  closes?: boolean;
}

/** Throws unless the token of a request still allows its route: to be called before what took long is saved. */
export async function checkStillAllowed(c: RouteContext, name?: string): Promise<void> {
  if (!await isStillAllowed(c, (access) => name === undefined || access.may("write", name))) throw tokenEnded();
}

/** The same stream as long as the token of its request allows the route: asked before a chunk is sent. */
export function whileAllowed(
  c: RouteContext,
  stream: ReadableStream<Uint8Array>,
  { may, closes = false }: WhileAllowedOptions = {},
): ReadableStream<Uint8Array> {
  if (c.env.renew === undefined) return stream;
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      if (await isStillAllowed(c, may)) return controller.enqueue(value);
      void reader.cancel().catch(() => {});
      if (!closes) throw tokenEnded();
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

async function isStillAllowed(c: RouteContext, may: (access: Access) => boolean = () => true): Promise<boolean> {
  const { renew, scope } = c.env;
  if (renew === undefined || scope === undefined) return true;
  const access = await renew();
  return allowsRoute(access, scope, c.req.param("name")) && may(access);
}

function tokenEnded(): Error {
  return needsToken("Cannot go on: the token was removed, has expired, or lost its scope", ' error="invalid_token"');
}
