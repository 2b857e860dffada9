// First contact with a bucket, and its location in messages.
import { fault, type RegistryError, retold, unavailable } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import { FirstContact, type FirstContactOptions } from "../bucket/first_contact.ts";
import { NO_FIRST_ANSWER, unreachable } from "../bucket/first_contact.ts";
import type { S3Wire } from "./wire.ts";
import { placeWith } from "../bucket/store_faults.ts";
import { sentenceOf } from "./errors.ts";
import type { S3Place } from "./location.ts";
import { NO_CREDENTIALS } from "./meanings.ts";

interface S3ContactOptions
  extends FirstContactOptions, Pick<S3Place, "bucket" | "endpoint" | "region" | "location"> {
  /** True if the SDK searches for credentials. */
  searches: boolean;
  system: System;
}

export class S3Contact extends FirstContact {
  readonly #where: S3ContactOptions;
  #host: string | undefined;
  #searching = false;
  #found: boolean;

  constructor(options: S3ContactOptions) {
    super(options, () => this.#silence());
    this.#where = options;
    this.#host = options.endpoint === undefined ? undefined : new URL(options.endpoint).host;
    this.#found = !options.searches;
  }

  readonly asked = (host: string): void => void (this.#host = host);

  /** Lets the SDK search for credentials if none were passed, until it finds some. */
  async findCredentials(wire: S3Wire): Promise<void> {
    if (this.#found) return;
    this.#searching = true;
    try {
      await wire.signer();
      this.#found = true;
    } finally {
      this.#searching = false;
    }
  }

  /** Adds the location to an error. Before the first answer the store cannot be reached. */
  located(error: RegistryError): RegistryError {
    const { bucket, location: backend, system } = this.#where;
    const region = this.#where.region ?? system.env("AWS_REGION");
    const at = this.#host ??
      (region === undefined ? "s3.amazonaws.com" : `s3.${region}.amazonaws.com`);
    if (this.made) {
      const place = placeWith(`bucket "${bucket}" at ${at}`, sentenceOf(error));
      return retold(error, { place, backend });
    }
    const host = region === undefined ? at : `${at} (region ${region})`;
    const place = `bucket "${bucket}" at ${host}`;
    const isSilent = error.code === "Unavailable" && error.retry === "later";
    const advice = isSilent ? unreachable(error) : {};
    return retold(error, { action: "reach", subject: place, place, ...advice, backend });
  }

  #silence(): RegistryError {
    const { state, hint, reason } = NO_CREDENTIALS;
    return this.located(
      this.#searching
        ? fault({ code: "Denied", action: "wait", state: `${state} (timed out)`, hint, reason })
        : unavailable("wait", undefined, NO_FIRST_ANSWER, {
          hint: "Check the endpoint and the network.",
        }),
    );
  }
}
