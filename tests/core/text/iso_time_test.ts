import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseMoment } from "../../../apps/cli/terminal/units.ts";
import { parseTokens } from "../../../apps/server/access/token_file.ts";
import { parseQuery } from "../../../apps/server/search/query.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { parseCondition } from "../../../core/registry/conditions.ts";
import { compareInstants, instantOf } from "../../../core/text/iso_time.ts";
import { decodeJson } from "../../../materializers/json/decode_json.ts";

Deno.test("a time in any zone is the instant that Date has", () => {
  const noYears = { noInvalidDate: true, min: new Date("0002-01-01"), max: new Date("9998-12-31") };
  fc.assert(fc.property(fc.date(noYears), fc.integer({ min: -840, max: 840 }), (date, minutes) => {
    const local = new Date(date.getTime() + minutes * 60_000).toISOString().replace("Z", "");
    const two = (count: number) => String(Math.trunc(Math.abs(count))).padStart(2, "0");
    const zone = `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
    const instants = [date.toISOString(), local + zone].map(instantOf);
    const [utc, other] = instants as Exclude<typeof instants[number], "invalid" | undefined>[];
    assertEquals(compareInstants(utc!, other!), 0, local + zone);
    assertEquals(utc!.seconds, Math.floor(date.getTime() / 1000));
  }));
});

const NONE = ["2027-02-30", "2027-13-01", "2027-00-10", "2027-04-31", "2100-02-29", "2027-01-32"];
const NO_TIMES = ["2027-02-29T10:00Z", "2027-03-01T24:00:00Z", "2027-03-01T10:60:00Z"];

Deno.test("a date that does not exist is refused wherever dates are typed or stored", () => {
  const json = (value: string) => ({ $holdfast: "date", value });
  decodeJson(json("2027-02-28T00:00:00.000Z"), new Map());
  const token = (expiresAt: string) => {
    const sha256 = "0".repeat(64);
    return JSON.stringify({ tokens: [{ id: "a", sha256, scopes: ["admin"], expiresAt }] });
  };
  parseTokens(token("2027-02-28T00:00:00Z"));
  for (const text of [...NONE, ...NO_TIMES]) {
    assertEquals(instantOf(text), "invalid", text);
    const refused: Record<string, () => unknown> = {
      moment: () => parseMoment(text),
      condition: () => parseCondition(`metadata.day > ${text}`),
      query: () => parseQuery(`metadata.day>${text}`),
      created: () => parseQuery(`created<=${text}`),
      token: () => parseTokens(token(text)),
      value: () => decodeJson(json(text.length > 10 ? text : `${text}T00:00:00.000Z`), new Map()),
    };
    for (const [name, parse] of Object.entries(refused)) {
      assertEquals(isRegistryError(assertThrows(parse)), true, `${name}: ${text}`);
    }
    parseCondition(`metadata.day > ${text}`, { isStored: true }); // a rule of an earlier release still applies
  }
  for (const text of ["2026", "2026-", "2026-1", "2026-12", "2026-04-3", "2026-12-31T2"]) {
    parseQuery(`created>=${text}`);
  }
  for (const text of ["now", "20-26", "2026-2", "2026-11-4", "2026-11-20T25"]) {
    assertThrows(() => parseQuery(`created>=${text}`), text);
  }
});

Deno.test("versions are found by the instant of their creation, or the beginning of its time", () => {
  const found = {
    name: "a",
    version: "1.0.0",
    aliases: [],
    metadata: {},
    kind: "json",
    createdAt: "2026-03-01T23:30:00.000Z",
  };
  const meets = (query: string) => parseQuery(query)(found, "");
  const yes = [
    ...["created=2026", "created=2026-03-01", "created<=2026-03-01", "created>2026-02"],
    ...["created=2026-03-02T00:30:00+01:00", "created<2026-03-01T20:00-08:00"],
    ...['created="2026-03-01 23:30"', "created>=2026-03-01T23:30:00.0000Z"],
  ];
  for (const query of yes) assertEquals(meets(query), true, query);
  for (const query of ["created>2026-03-01", "created>2026-03-02T00:30:00+01:00"]) {
    assertEquals(meets(query), false, query);
  }
});
