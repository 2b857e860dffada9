/**
 * The body of a request, as bytes that are read as fast as they are stored.
 *
 * @module
 */
import { RegistryError } from "../../../mod.ts";

/** The bytes of a request; none where it has no body. */
export async function* sentBytes({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body;
}

/** Throws `Unsupported` for a body that is compressed on its way: what it unpacks to has no bounds. */
export function refuseEncoding({ headers }: Request): void {
  const encoding = headers.get("content-encoding");
  if (encoding === null || encoding.trim().toLowerCase() === "identity") return;
  throw new RegistryError({
    code: "Unsupported",
    message: `Cannot read the body: its content-encoding is ${JSON.stringify(encoding.slice(0, 40))}`,
    hint: "Send the bytes as they are; say compress where they are saved to have them stored compressed.",
  });
}
