// Prices of requests. Replace them by those of your store.
export interface Prices {
  store: string;
  currency: string;
  /** Prices of 1,000 requests, by the method of a backend that sends them. */
  per1000: Readonly<Record<string, number>>;
}

export const PRICES: Prices = {
  store: "S3 Standard, us-east-1",
  currency: "US$",
  per1000: { list: 0.005, get: 0.0004, head: 0.0004, put: 0.005, copy: 0.005, delete: 0 },
};

/** Returns the price of requests by their methods. Throws for a method without a price. */
export function priceOf(requests: Readonly<Record<string, number>>): number {
  return Object.entries(requests).reduce((sum, [method, times]) => {
    const price = PRICES.per1000[method];
    if (price === undefined) throw new Error(`Cannot price "${method}": the table lacks it`);
    return sum + times * price / 1000;
  }, 0);
}

/** Formats a price: `US$ 0.0051`. */
export function formatPrice(price: number): string {
  return `${PRICES.currency} ${price >= 0.01 ? price.toFixed(2) : price.toPrecision(2)}`;
}
