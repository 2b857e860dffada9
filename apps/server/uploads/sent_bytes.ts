// The body of a request, as bytes that are read as fast as they are stored.
export async function* sentBytes({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body;
}
