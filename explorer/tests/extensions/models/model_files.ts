// Models that `write_files.py` wrote.
export async function readModelFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(new URL(`files/${name}`, import.meta.url));
}
