// Queues and agents as the gateway keeps them (docs/howto/queues-and-agents.md): what is read can be sent back.
import type { WorkMode } from "../../shared/types";

export const STRATEGIES = [
  "longest_idle", "least_occupied", "fewest_contacts", "round_robin", "top_down", "best_skill", "ring_several",
] as const;
export const RECORDING_RULES = ["default", "never", "from_answer"] as const;
export const CALLBACK_MODES = ["agent_first", "customer_first"] as const;
export const OVERFLOWS = ["on_full", "on_closed", "on_no_agents", "on_max_wait"] as const;
export const ACTIONS = ["flow", "queue", "outside", "voicemail", "callback", "node"] as const;
export const CHANNELS = ["voice", "chat", "email", "social", "sms", "fax", "callback", "work_item"] as const;

export type OverflowField = (typeof OVERFLOWS)[number];
export type Channel = (typeof CHANNELS)[number];

export interface Overflow {
  action: (typeof ACTIONS)[number];
  target: string;
}

export interface OpenSpan {
  /** 1 Monday to 7 Sunday. */
  weekday: number;
  opens: string;
  closes: string;
}

export interface OpeningHours {
  zone: string;
  spans: OpenSpan[];
  closed_on: string[];
}

export interface RelaxStep {
  after_s: number;
  ease: number;
}

/** Goes with a document whose keeper counts its changes; sent back as it was read. */
interface Revised {
  revision?: number;
}

export interface QueueDocument extends Revised {
  name: string;
  title: string;
  strategy: (typeof STRATEGIES)[number];
  ring_timeout_s: number;
  ring_agents: number;
  idle_since: "ready" | "last_contact";
  wrap_up_s: number;
  service_level_s: number;
  priority_mode: "head_start" | "strict";
  priority_step_s: number;
  last_agent_wait_s: number;
  last_agent_memory_s: number;
  relax: RelaxStep[];
  hours: OpeningHours | null;
  max_wait_s: number;
  max_length: number;
  no_agents_after_s: number | null;
  on_max_wait: Overflow;
  on_full: Overflow;
  on_closed: Overflow;
  on_no_agents: Overflow;
  waiting_flow: string;
  callback_mode: (typeof CALLBACK_MODES)[number];
  callback_attempts: number;
  callback_retry_s: number;
  callback_window_s: number;
  callback_ring_s: number;
  recording: (typeof RECORDING_RULES)[number];
}

export interface Tier {
  level: number;
  position: number;
}

export interface Capacity {
  most: number;
  alone: boolean;
}

export interface AgentDocument extends Revised {
  agent_id: string;
  name: string;
  extension: string;
  queues: string[];
  tiers: Record<string, Tier>;
  skills: Record<string, number>;
  capacity: Partial<Record<Channel, Capacity>>;
  work_mode: WorkMode;
}

const FLOW: Overflow = { action: "flow", target: "" };

/** A queue of which only the name is known: the gateway's defaults. */
export const newQueue = (name: string): QueueDocument => ({
  name, title: "", strategy: "longest_idle", ring_timeout_s: 15, ring_agents: 3, idle_since: "ready", wrap_up_s: 0,
  service_level_s: 20, priority_mode: "head_start", priority_step_s: 60, last_agent_wait_s: 0,
  last_agent_memory_s: 86_400, relax: [], hours: null, max_wait_s: 0, max_length: 10_000, no_agents_after_s: null,
  on_max_wait: FLOW, on_full: FLOW, on_closed: FLOW, on_no_agents: FLOW, waiting_flow: "",
  callback_mode: "agent_first", callback_attempts: 3, callback_retry_s: 900, callback_window_s: 28_800, callback_ring_s: 30,
  recording: "default",
});

export const newAgent = (agent_id: string): AgentDocument => ({
  agent_id, name: "", extension: "", queues: [], tiers: {}, skills: {},
  capacity: { voice: { most: 1, alone: true } }, work_mode: "continuous",
});

/** Whether two values say the same; the order of keys does not matter. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length
    && keys.every((key) => key in other && same((one as Fields)[key], (other as Fields)[key]));
}

type Fields = Record<string, unknown>;

/** The settings in which two documents differ. */
export function changed<T extends object>(before: T, after: T): (keyof T)[] {
  return (Object.keys(after) as (keyof T)[]).filter((key) => key !== "revision" && !same(before[key], after[key]));
}

/** What this person changed of `base`, on top of what somebody else has made of it meanwhile. */
export function rebased<T extends object>(base: T, mine: T, theirs: T): T {
  const kept = Object.fromEntries(changed(base, mine).map((key) => [key, mine[key]]));
  return { ...theirs, ...kept };
}

/** A former document to put back where `now` is kept: with the revision that it would replace. */
export function restoring<T extends Revised>(former: T, now: T | undefined): T {
  return now?.revision === undefined ? former : { ...former, revision: now.revision };
}
