// Conditions of promotions, which rules keep in `promote`: `signedBy`, `where` and `review`. The code
// that checks a version is loaded at the first promotion.
import { Buffer } from "node:buffer";
import {
  defineCondition,
  isJsonObject,
  type PromotionCondition,
  sha256,
} from "../../core/kernel.ts";
import { comparisonsIn } from "./comparisons.ts";

/** The conditions that a rule may have. */
export interface PromotionConditions {
  /** Public keys or certificates in PEM: each must have signed the version. */
  signedBy?: readonly string[];
  /**
   * Comparisons: `metadata.layers > 3`; `metrics.auc` is `metadata.metrics.auc`. `<` and `>` compare
   * numbers with numbers, and times with times.
   */
  where?: string;
  /**
   * A label, which another author than that of the version has set since it was saved; with `by`,
   * the author of this name.
   */
  review?: string | { label: string; by: string };
}

const MOST_KEYS = 20;
/** The limit of listings: longer conditions would take long to parse. */
const MOST_CHARACTERS = 4_000;
const PEM = /^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

const CERTIFICATES =
  /^(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*){1,10}$/;

function isKey(text: string): boolean {
  return text.length < 2_000 && PEM.test(text);
}

function areCertificates(text: string): boolean {
  return text.length < 16_000 && CERTIFICATES.test(text);
}

function whereProblem(where: unknown): string | undefined {
  if (typeof where !== "string") return "must be a condition";
  if (where.length > MOST_CHARACTERS) return `is longer than ${MOST_CHARACTERS} characters`;
  try {
    comparisonsIn(where);
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
}

function keysProblem(keys: unknown): string | undefined {
  const areKeys = Array.isArray(keys) && keys.length > 0 && keys.length <= MOST_KEYS &&
    keys.every((key) => typeof key === "string" && (isKey(key) || areCertificates(key)));
  return areKeys ? undefined : `must be 1 to ${MOST_KEYS} public keys or certificates in PEM`;
}

const ID_DIGITS = 16;

/** Names a key by the first digits of its hash, as signatures do. Loads no parser of keys. */
function keyText(pem: string): string {
  const [, kind, base64 = ""] = /-----BEGIN ([A-Z ]+)-----([^-]*)-/.exec(pem) ?? [];
  if (kind === "CERTIFICATE") {
    return `a certificate ${sha256(Buffer.from(base64, "base64")).slice(0, ID_DIGITS)}`;
  }
  const lines = base64.replace(/\s/g, "").match(/.{1,64}/g) ?? [];
  const text = ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n");
  return `the key ${sha256(text).slice(0, ID_DIGITS)}`;
}

function isReview(review: unknown): boolean {
  if (typeof review === "string") return /^[^.\s]{1,100}$/.test(review);
  if (!isJsonObject(review)) return false;
  const { label, by, ...others } = review;
  return typeof label === "string" && isReview(label) && typeof by === "string" && by !== "" &&
    by.length <= 200 && Object.keys(others).length === 0;
}

type Condition<Name extends keyof PromotionConditions> = PromotionCondition<
  Exclude<PromotionConditions[Name], undefined>
>;

const signedBy: Condition<"signedBy"> = {
  problem: keysProblem,
  text: (keys) => `if signed by ${keys.map(keyText).join(" and ")}`,
  unmet: async (...args) => (await import("./evidence.ts")).unsigned(...args),
};

const where: Condition<"where"> = {
  problem: whereProblem,
  text: (where) => `if ${where}`,
  unmet: async (...args) => (await import("./evidence.ts")).unlike(...args),
};

const review: Condition<"review"> = {
  problem: (review) => isReview(review) ? undefined : "must be a label, or { label, by }",
  text: (review) =>
    typeof review === "string"
      ? `if another author has set the label ${review}`
      : `if ${review.by} has set the label ${review.label}`,
  unmet: async (...args) => (await import("./evidence.ts")).unreviewed(...args),
};

defineCondition("signedBy", signedBy);
defineCondition("where", where);
defineCondition("review", review);
