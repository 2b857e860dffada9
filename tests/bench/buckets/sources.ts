// Sources for uploads to a bucket, as values and as files with the same bytes.
import fs from "node:fs";
import { join } from "node:path";
import { MIB, randomBytes, smallObject } from "../values.ts";

export interface Sources {
  small: unknown[];
  puts: string;
  gets: string;
  folders: { title: string; name: string; path: string; mib: number; fileBytes: number }[];
}

/** How much is written, and where it will go. */
export interface SourceOptions {
  small: number;
  quick: boolean;
  bucket: string;
  target: string;
}

export function writeSources(
  folder: string,
  { small: count, quick, bucket, target }: SourceOptions,
): Sources {
  const small = Array.from({ length: count }, (_, i) => smallObject(i));
  const smallFolder = join(folder, "small");
  fs.mkdirSync(smallFolder);
  small.forEach((value, i) =>
    fs.writeFileSync(join(smallFolder, String(i)), JSON.stringify(value))
  );
  const commands = (name: string, line: (i: number) => string) => {
    fs.writeFileSync(join(folder, name), small.map((_, i) => `${line(i)}\n`).join(""));
    return join(folder, name);
  };
  const files = quick ? [[2, 4], [2, 64]] : [[48, 4], [10, 64], [1, 1024]];
  return {
    small,
    puts: commands("puts", (i) => `cp ${join(smallFolder, String(i))} ${bucket}/small/${i}`),
    gets: commands("gets", (i) => `cp ${bucket}/small/${i} ${target}-s5/small/${i}`),
    folders: files.map(([count, mib]) => {
      const name = `${count}x${mib}`, path = join(folder, name);
      fs.mkdirSync(path);
      for (let i = 0; i < count; i++) {
        fs.writeFileSync(join(path, `${i}.bin`), randomBytes(mib * MIB));
      }
      return { title: `${count} x ${mib} MiB`, name, path, mib: count * mib, fileBytes: mib * MIB };
    }),
  };
}
