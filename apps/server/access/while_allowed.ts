// Long responses, which end when the token of their request is removed, expires or loses its scope.
import type { RouteContext } from "../routing.ts";
import type { Access } from "./access.ts";
import { needsToken } from "./authenticate.ts";
import { allowsRoute } from "./guard_route.ts";

export interface WhileAllowedOptions {
  /** Further rights that the token must have. @default none */
  may?: (access: Access) => boolean;
  /** Closes an endless stream. Otherwise it fails, so that no client takes it as complete. @default false */
  closes?: boolean;
}

/** Throws unless the token of a request still allows its route. Call it before saving the result of a long request. */
export async function checkStillAllowed(c: RouteContext, name?: string): Promise<void> {
  if (!await isStillAllowed(c, (access) => name === undefined || access.may("write", name))) {
    throw tokenEnded();
  }
}

/** Returns the same stream, which ends when the token no longer allows the route. Checks it before each chunk. */
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

async function isStillAllowed(
  c: RouteContext,
  may: (access: Access) => boolean = () => true,
): Promise<boolean> {
  const { renew, scope } = c.env;
  if (renew === undefined || scope === undefined) return true;
  const access = await renew();
  return allowsRoute(access, scope, c.req.param("name")) && may(access);
}

function tokenEnded(): Error {
  return needsToken(
    "Cannot continue: the token was removed, has expired, or lost its scope",
    ' error="invalid_token"',
  );
}
