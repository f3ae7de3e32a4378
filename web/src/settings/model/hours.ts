// The week of a queue's opening hours. Pure: tested without a browser.
import type { OpenSpan } from "./documents";

export const WEEK = [1, 2, 3, 4, 5, 6, 7] as const;
export const DAY_MINUTES = 24 * 60;
const CLOSED_DAYS_MOST = 400; // as the gateway takes them

/** `9`, `930`, `9:30`, `24` as the gateway writes a time of day; null: none of it. */
export function timeOf(text: string): string | null {
  const found = /^(\d{1,2})(?:[:：.]?(\d{2}))?$/.exec(text.trim());
  if (!found) return null;
  const [hours, minutes] = [Number(found[1]), Number(found[2] ?? 0)];
  if (minutes > 59 || hours > 24 || (hours === 24 && minutes > 0)) return null;
  return `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
}

export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

export function of(spans: OpenSpan[], weekday: number): OpenSpan[] {
  return spans.filter((span) => span.weekday === weekday).sort((a, b) => a.opens.localeCompare(b.opens));
}

/** The spans of one day replaced by these. */
export function withDay(spans: OpenSpan[], weekday: number, day: OpenSpan[]): OpenSpan[] {
  const all = [...spans.filter((span) => span.weekday !== weekday), ...day.map((span) => ({ ...span, weekday }))];
  return all.sort((a, b) => a.weekday - b.weekday || a.opens.localeCompare(b.opens));
}

/** One day's hours for other days as well. */
export function copied(spans: OpenSpan[], from: number, to: readonly number[]): OpenSpan[] {
  return to.reduce((all, weekday) => withDay(all, weekday, of(spans, from)), spans);
}

/** Where a new span of a day would make sense: after the last, or office hours. */
export function nextSpan(spans: OpenSpan[], weekday: number): OpenSpan {
  const last = of(spans, weekday).at(-1);
  if (!last) return { weekday, opens: "09:00", closes: "18:00" };
  const opens = Math.min(minutesOf(last.closes) + 60, DAY_MINUTES - 60);
  return { weekday, opens: written(opens), closes: written(Math.min(opens + 240, DAY_MINUTES)) };
}

function written(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

export interface Days {
  from: number;
  to: number;
  /** `09:00–12:00`; empty: closed. */
  spans: string[];
}

/** Days beside each other with the same hours, as a person would say them. */
export function grouped(spans: OpenSpan[]): Days[] {
  const found: Days[] = [];
  for (const day of WEEK) {
    const text = of(spans, day).map((span) => `${span.opens}–${span.closes}`);
    const last = found.at(-1);
    if (last && last.spans.join() === text.join()) last.to = day;
    else found.push({ from: day, to: day, spans: text });
  }
  return found;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** All days from one to another, both included, among those that are closed already. */
export function withHolidays(closed: string[], from: string, to: string): string[] {
  const days = new Set(closed);
  const [start, end] = [Date.parse(from), Date.parse(to || from)];
  if (!DATE.test(from) || Number.isNaN(start) || Number.isNaN(end)) return closed;
  for (let at = start; at <= end && days.size < CLOSED_DAYS_MOST; at += 86_400_000) {
    days.add(new Date(at).toISOString().slice(0, 10));
  }
  return [...days].sort();
}
