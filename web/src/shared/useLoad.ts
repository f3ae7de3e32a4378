import { useCallback, useEffect, useRef, useState } from "react";

export interface Loaded<T> {
  data: T | null;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

/** Loads when `key` changes (null: not at all), again every `everyMs` while the page is looked at. Late
 * answers to old questions are thrown away; while a later load fails, the last good data stays. */
export function useLoad<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, everyMs = 0): Loaded<T> {
  const [shown, setShown] = useState<{ key: string | null; data: T | null; error: unknown; loading: boolean }>(
    { key: null, data: null, error: null, loading: false },
  );
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    if (key === null) return undefined;
    const abort = new AbortController();
    const run = () => {
      setShown((old) => ({ key, data: old.key === key ? old.data : null, error: null, loading: true }));
      latest.current(abort.signal).then(
        (data) => !abort.signal.aborted && setShown({ key, data, error: null, loading: false }),
        (error: unknown) => !abort.signal.aborted
          && setShown((old) => ({ key, data: old.key === key ? old.data : null, error, loading: false })),
      );
    };
    run();
    const timer = everyMs > 0 ? window.setInterval(() => document.hidden || run(), everyMs) : undefined;
    return () => {
      abort.abort();
      window.clearInterval(timer);
    };
  }, [key, round, everyMs]);

  const reload = useCallback(() => setRound((old) => old + 1), []);
  const current = shown.key === key && key !== null;
  return {
    data: current ? shown.data : null,
    error: current ? shown.error : null,
    loading: key !== null && (!current || shown.loading),
    reload,
  };
}
