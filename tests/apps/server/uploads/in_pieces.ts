// A large file that clients send to the bucket of a service in pieces.
import { REQUESTS } from "../../../../apps/client/uploads/direct.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { noise } from "../../../registry/registries.ts";
import { type ServerWorld, testOnServers } from "../../../servers/server_world.ts";

export const MIB = 2 ** 20;
export const FILE = noise(28 * MIB + 5, 7);
export const SUM = sha256(FILE);
export const PIECE = 9 * MIB;

/** Registers a test of a client that sends such files in pieces. */
export function testInPieces(
  name: string,
  kinds: Parameters<typeof testOnServers>[1],
  body: (world: ServerWorld) => Promise<void>,
): void {
  testOnServers(name, kinds, async (world) => {
    const before = { ...REQUESTS };
    Object.assign(REQUESTS, { whole: 20 * MIB, piece: PIECE });
    try {
      await body(world);
    } finally {
      Object.assign(REQUESTS, before);
    }
  });
}

/** Begins an upload by tus, of pieces for the bucket, and returns its id. */
export async function begin(location: string, token?: string, pieceBytes = PIECE): Promise<string> {
  const headers = {
    "tus-resumable": "1.0.0",
    "upload-length": `${FILE.byteLength}`,
    ...(pieceBytes && { "upload-metadata": `pieceBytes ${btoa(`${pieceBytes}`)}` }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const answer = await fetch(`${location}/uploads`, { method: "POST", headers });
  await answer.body?.cancel();
  return answer.headers.get("location")!.split("/").at(-1)!;
}

export const asked = (bytes: Uint8Array, upload: string, offset: number) => ({
  size: bytes.byteLength,
  sha256: sha256(bytes),
  upload,
  offset,
});
export const save = (upload: string, more = {}) => ({
  materializer: { id: "file", formatVersion: 1 },
  files: [{ path: "data.bin", upload, size: FILE.byteLength, sha256: SUM, ...more }],
});
export const PIECES = [0, 1, 2, 3].map((at) => FILE.subarray(at * PIECE, (at + 1) * PIECE));
