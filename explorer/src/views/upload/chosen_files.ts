// Files that were dropped or chosen, with those of folders.

export interface ChosenFile {
  readonly path: string;
  readonly file: File;
}

/** Returns the files of a drop. Folders are read to their end. */
export async function droppedFiles(items: DataTransferItemList): Promise<ChosenFile[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files: ChosenFile[] = [];
  for (const entry of entries) await addEntry(entry, "", files);
  return files;
}

async function addEntry(entry: FileSystemEntry, folder: string, files: ChosenFile[]) {
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject)
    );
    files.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) { // a reader returns some entries at a time
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (some.length === 0) return;
    for (const each of some) await addEntry(each, `${path}/`, files);
  }
}

/** Returns the files of an input. */
export function chosenFiles(list: FileList): ChosenFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Returns the files without the name of the folder that has all of them. */
export function withoutCommonFolder<T extends { readonly path: string }>(files: readonly T[]): T[] {
  const [folder] = files[0]?.path.split(/(?<=\/)/) ?? [];
  if (!folder?.endsWith("/") || !files.every(({ path }) => path.startsWith(folder))) {
    return [...files];
  }
  return files.map((file) => ({ ...file, path: file.path.slice(folder.length) }));
}
