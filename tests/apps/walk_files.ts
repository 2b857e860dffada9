/** All files below a folder. */
export async function* walkFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (isFile) yield `${folder}/${name}`;
    if (isDirectory) yield* walkFiles(`${folder}/${name}`);
  }
}
