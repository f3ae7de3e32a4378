import { useSyncExternalStore } from "react";

// One timer for all the clocks of the page, running only while one is shown.
const TICK_MS = 250;
const listeners = new Set<() => void>();
let timer: number | undefined;
let skew = 0;
let now = Date.now();

function tick(): void {
  now = Date.now() + skew;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now() + skew;
    timer = window.setInterval(tick, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Desks have wrong clocks: all that is counted here counts in the gateway's time. */
export function setServerTime(at: string): void {
  const server = Date.parse(at);
  if (!Number.isNaN(server)) skew = server - Date.now();
}

export function serverNow(): number {
  return Date.now() + skew;
}

/** The present time in the gateway's clock, four times a second, or in steps of so many milliseconds. */
export function useNow(stepMs = 1): number {
  return useOfNow((at) => Math.floor(at / stepMs) * stepMs);
}

/** What is made of the present time, a text for example: rendered anew only when it has become another. */
export function useOfNow<T extends string | number | boolean>(of: (at: number) => T): T {
  return useSyncExternalStore(subscribe, () => of(now));
}
