// Which setting stands where, its bounds and default as the OpenAPI has them, and which one a refusal is about.
import { ApiError } from "../../shared/api";
import { newQueue, type QueueDocument } from "./documents";

export const SECTIONS = ["basics", "overflow", "hours", "skills", "order", "last_agent", "callbacks"] as const;
export type Section = (typeof SECTIONS)[number];
/** What the form shows. What is heard while waiting is the flow's: `waiting_flow` is kept as it was read. */
export type QueueField = Exclude<keyof QueueDocument, "name" | "revision" | "waiting_flow">;
export type NumberField = {
  [Key in QueueField]: QueueDocument[Key] extends number | null ? Key : never;
}[QueueField];

export const SECTION_OF: Record<QueueField, Section> = {
  title: "basics", strategy: "basics", ring_agents: "basics", idle_since: "basics", ring_timeout_s: "basics",
  service_level_s: "basics", wrap_up_s: "basics", recording: "basics",
  max_length: "overflow", on_full: "overflow", max_wait_s: "overflow", on_max_wait: "overflow",
  no_agents_after_s: "overflow", on_no_agents: "overflow",
  hours: "hours", on_closed: "hours",
  relax: "skills",
  priority_mode: "order", priority_step_s: "order",
  last_agent_wait_s: "last_agent", last_agent_memory_s: "last_agent",
  callback_mode: "callbacks", callback_attempts: "callbacks", callback_retry_s: "callbacks", callback_window_s: "callbacks",
  callback_ring_s: "callbacks",
};

export const BOUNDS: Record<NumberField, [least: number, most: number]> = {
  ring_timeout_s: [3, 120], ring_agents: [2, 20], wrap_up_s: [0, 3_600], service_level_s: [1, 3_600],
  priority_step_s: [1, 86_400], last_agent_wait_s: [0, 3_600], last_agent_memory_s: [1, 31_536_000],
  max_wait_s: [0, 86_400], max_length: [1, 1_000_000], no_agents_after_s: [0, 3_600],
  callback_attempts: [1, 10], callback_retry_s: [60, 86_400], callback_window_s: [300, 604_800], callback_ring_s: [10, 120],
};

export const DEFAULTS = newQueue("");

/** What was refused, and at which field of the document; `field` empty: at none that is shown. */
export interface Refused {
  field: string;
  sentence: string;
}

/** Of a refusal that names a field: the sentence without the name, which stands beside the field anyway. */
export function refusedField(error: unknown): Refused | null {
  if (!(error instanceof ApiError) || error.code !== "invalid" || !error.field) return null;
  const sentence = error.message.startsWith(`${error.field}: `) ? error.message.slice(error.field.length + 2) : error.message;
  return { field: error.field, sentence };
}

/** Whether a refusal is about this field, or about something in it. */
export function isAbout(refused: Refused | null, field: string): boolean {
  return refused !== null && (refused.field === field || refused.field.startsWith(`${field}.`));
}

/** The section to open for a refusal; null: it is about none of them. */
export function sectionOf(refused: Refused | null): Section | null {
  const field = Object.keys(SECTION_OF).find((name) => isAbout(refused, name));
  return field ? SECTION_OF[field as QueueField] : null;
}

/** Somebody else was faster: what this person has before them is out of date. */
export function isStale(error: unknown): boolean {
  return error instanceof ApiError && (error.code === "stale" || error.code === "conflict");
}
