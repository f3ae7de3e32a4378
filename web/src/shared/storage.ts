// The browser may refuse storage (private windows, policies): then nothing is remembered, nothing breaks.

function read(store: () => Storage, key: string): string | null {
  try {
    return store().getItem(`sy.${key}`);
  } catch {
    return null;
  }
}

function write(store: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null) store().removeItem(`sy.${key}`);
    else store().setItem(`sy.${key}`, value);
  } catch {
    // Full or forbidden: a convenience is lost, not the work.
  }
}

/** For this person's habits: language, colours, sound. */
export const remembered = {
  get: (key: string) => read(() => localStorage, key),
  set: (key: string, value: string | null) => write(() => localStorage, key, value),
};

/** For this tab's work: half-filled forms, the day's figures. */
export const kept = {
  get: (key: string) => read(() => sessionStorage, key),
  set: (key: string, value: string | null) => write(() => sessionStorage, key, value),
  json<T>(key: string): T | null {
    const text = read(() => sessionStorage, key);
    if (text === null) return null;
    try {
      return JSON.parse(text) as T;
    } catch {
      return null;
    }
  },
  keys(prefix: string): string[] {
    try {
      return Object.keys(sessionStorage)
        .filter((key) => key.startsWith(`sy.${prefix}`))
        .map((key) => key.slice(3));
    } catch {
      return [];
    }
  },
};
