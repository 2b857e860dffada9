/** Replaces the clock that BullMQ reads, which takes no other; returns what restores it. */
export function setBullmqClock(now: () => number): () => void {
  const real = Reflect.get(Date, "now");
  Reflect.set(Date, "now", now);
  return () => void Reflect.set(Date, "now", real);
}
