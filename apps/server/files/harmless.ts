// Types of files that run nothing, wherever they are served: for the service, sites and the page.

const HARMLESS = [
  /^image\/(png|jpeg|gif|webp|avif|bmp|tiff)$/,
  /^(audio|video)\/[\w.+-]+$/,
  /^text\/(plain|csv|markdown)$/,
  /^application\/(json|x-ndjson|octet-stream)$/,
];

const BY_EXTENSION: Readonly<Record<string, string>> = {
  avif: "image/avif",
  bmp: "image/bmp",
  csv: "text/csv",
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  jsonl: "application/x-ndjson",
  md: "text/markdown",
  png: "image/png",
  svg: "image/svg+xml",
  tif: "image/tiff",
  tiff: "image/tiff",
  txt: "text/plain",
  webp: "image/webp",
};

/** Returns true for a media type that browsers display without running code. */
export function isHarmless(mediaType: string): boolean {
  const bare = mediaType.toLowerCase().replace(/;.*/s, "");
  return HARMLESS.some((type) => type.test(bare));
}

/**
 * Returns true for a media type that a page of the same origin may execute as a script or a worker:
 * no other header keeps a browser from that.
 */
export function isScript(mediaType: string): boolean {
  return /\/(x-)?(java|ecma|j|live)script/i.test(mediaType);
}

/** Returns the media type of a file name, if its extension is known. */
export function typeOfName(path: string): string | undefined {
  const [, extension = ""] = /\.([a-z0-9]+)$/.exec(path.toLowerCase()) ?? [];
  return Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
}
