import { clock } from "./time";
import { useOfNow } from "./useNow";

/** Runs up from a moment. */
export function Clock({ since, label }: { since: number | null; label?: string }) {
  const text = useOfNow((now) => (since === null ? "" : clock(now - since)));
  if (since === null) return null;
  return <span className="clock" role="timer" aria-label={label}>{text}</span>;
}

/** Runs down to a moment. */
export function Countdown({ until, label }: { until: number; label?: string }) {
  const text = useOfNow((now) => clock(Math.ceil((until - now) / 1000) * 1000));
  return <span className="clock" role="timer" aria-label={label}>{text}</span>;
}
