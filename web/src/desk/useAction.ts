import { useCallback, useEffect, useRef, useState } from "react";

/** One thing at a time: runs it, tells that it runs and what went wrong. */
export function useAction<K extends string>() {
  const [pending, setPending] = useState<K | null>(null);
  const [failed, setFailed] = useState<{ what: K; error: unknown } | null>(null);
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);

  const run = useCallback(async (what: K, action: () => Promise<unknown>): Promise<boolean> => {
    setPending(what);
    setFailed(null);
    try {
      await action();
      return true;
    } catch (error) {
      if (here.current) setFailed({ what, error });
      return false;
    } finally {
      if (here.current) setPending(null);
    }
  }, []);
  const forget = useCallback(() => setFailed(null), []);
  return { run, pending, failed, forget };
}
