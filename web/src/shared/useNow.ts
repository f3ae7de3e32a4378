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

/** The present time in the gateway's clock, four times a second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
