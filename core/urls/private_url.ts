// URLs whose requests nobody else on the network can read.

/** Returns true for a URL of this machine without TLS. */
export function isOfThisMachine(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "http:" &&
    /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}

/** Returns true for a URL whose requests others on the network cannot read. */
export function isPrivateUrl(text: string): boolean {
  return URL.parse(text)?.protocol === "https:" || isOfThisMachine(text);
}
