// The names and times in an X.509 certificate, for people. Nothing in it is checked.

/** The content of a certificate: claims of who wrote it. */
export interface CertificateFacts {
  /** The owner: `CN=Alice, O=Acme`. Empty for a certificate of an identity. */
  readonly subject: string;
  readonly issuer: string;
  /** Further names of the owner: email addresses and URLs. */
  readonly identities: readonly string[];
  /** The service that vouched for the identity, of a certificate of Sigstore. */
  readonly provider?: string;
  /** ISO 8601. */
  readonly validFrom?: string;
  readonly validTo?: string;
}

/** An element of DER. */
interface Element {
  readonly tag: number;
  readonly bytes: Uint8Array;
}

const SEQUENCE = 0x30, OBJECT = 0x06, VERSION = 0xa0, EXTENSIONS = 0xa3;
const UTC_TIME = 0x17;
/** Names of a certificate: an email address, a host, a URL. */
const NAMES = new Set([0x81, 0x82, 0x86]);
const SUBJECT_ALT_NAME = "55 1d 11";
/** Extensions of Fulcio: the issuer of the token, as bytes, and as a text in DER. */
const ISSUER = "2b 06 01 04 01 83 bf 30 01 01", ISSUER_V2 = "2b 06 01 04 01 83 bf 30 01 08";
const PARTS: Readonly<Record<string, string>> = {
  "55 04 03": "CN",
  "55 04 06": "C",
  "55 04 07": "L",
  "55 04 08": "ST",
  "55 04 0a": "O",
  "55 04 0b": "OU",
};

/** Reads a certificate, DER as base64; undefined if it is anything else. */
export function factsIn(base64: string): CertificateFacts | undefined {
  try {
    const [whole] = elementsIn(bytesOf(base64));
    const [signed] = elementsIn(whole!.bytes);
    const all = elementsIn(signed!.bytes);
    const [, , issuer, validity, subject] = all[0]?.tag === VERSION ? all.slice(1) : all;
    const [from, to] = elementsIn(validity!.bytes);
    const listed = all.find(({ tag }) => tag === EXTENSIONS);
    const extensions = new Map(
      listed === undefined ? [] : elementsIn(elementsIn(listed.bytes)[0]!.bytes).map((each) => {
        const parts = elementsIn(each.bytes);
        return [hexOf(parts[0]!.bytes), parts.at(-1)!.bytes];
      }),
    );
    const names = extensions.get(SUBJECT_ALT_NAME);
    const provider = extensions.get(ISSUER_V2), older = extensions.get(ISSUER);
    return {
      subject: nameOf(subject!),
      issuer: nameOf(issuer!),
      identities: names === undefined
        ? []
        : elementsIn(elementsIn(names)[0]!.bytes).filter(({ tag }) => NAMES.has(tag))
          .map(({ bytes }) => textOf(bytes)),
      ...provider !== undefined
        ? { provider: textOf(elementsIn(provider)[0]!.bytes) }
        : older !== undefined && { provider: textOf(older) },
      validFrom: timeOf(from),
      validTo: timeOf(to),
    };
  } catch {
    return undefined; // elements are missing
  }
}

export function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** Returns the elements in bytes. Throws for bytes that are not DER. */
function elementsIn(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, first] = [bytes[at], bytes[at + 1]];
    if (tag === undefined || first === undefined || first === 0x80 || first > 0x84) {
      throw new RangeError("Not DER");
    }
    const digits = first < 0x80 ? 0 : first & 0x7f, begin = at + 2 + digits;
    const length = digits === 0
      ? first
      : bytes.slice(at + 2, begin).reduce((sum, byte) => sum * 256 + byte, 0);
    if (begin + length > bytes.length) throw new RangeError("Not DER");
    elements.push({ tag, bytes: bytes.slice(begin, begin + length) });
    at = begin + length;
  }
  return elements;
}

function nameOf({ tag, bytes }: Element): string {
  if (tag !== SEQUENCE) throw new RangeError("Not a name");
  return elementsIn(bytes).flatMap((set) => elementsIn(set.bytes)).map((part) => {
    const [kind, value] = elementsIn(part.bytes);
    if (kind?.tag !== OBJECT || value === undefined) throw new RangeError("Not a name");
    const id = hexOf(kind.bytes);
    return `${PARTS[id] ?? id}=${textOf(value.bytes)}`;
  }).join(", ");
}

/** Returns a time: `251010021219Z`, or with all digits of the year. */
function timeOf(element: Element | undefined): string | undefined {
  if (element === undefined) return undefined;
  const text = textOf(element.bytes);
  const digits = element.tag === UTC_TIME
    ? `${Number(text.slice(0, 2)) < 50 ? 20 : 19}${text}`
    : text;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits) ?? [];
  return year && `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

function textOf(bytes: Uint8Array): string {
  return visible(new TextDecoder().decode(bytes));
}

/** Returns a text without characters that have no shape, or change the direction of others. */
export function visible(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
