import { clock } from "./time";
import { useNow } from "./useNow";

/** Runs up from a moment. */
export function Clock({ since, label }: { since: number | null; label?: string }) {
  const now = useNow();
  if (since === null) return null;
  return <span className="clock" role="timer" aria-label={label}>{clock(now - since)}</span>;
}

/** Runs down to a moment. */
export function Countdown({ until, label }: { until: number; label?: string }) {
  const now = useNow();
  return <span className="clock" role="timer" aria-label={label}>{clock(Math.ceil((until - now) / 1000) * 1000)}</span>;
}
