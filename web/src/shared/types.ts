// What the gateway says (docs/gateway-websocket.md, services/gateway/README.md). Types only.

export type Service = "acd" | "ivr" | "crm" | "workorder";
export type Presence = "offline" | "ready" | "other_work";
export type RoutingStatus = "idle" | "offered" | "connected" | "wrap_up" | "not_responding";
export type ContactState = "offered" | "connected" | "released";
/** What follows a contact: ready again, or other work. */
export type WorkMode = "continuous" | "intermittent";

export interface User {
  user_id: string;
  username: string;
  name: string;
  role: string;
  agent_id: string;
  extension: string;
  tenant: string;
  permissions: string[];
}

export interface Agent {
  agent_id: string;
  name: string;
  extension: string;
  queues: string[];
  presence: Presence;
  reason: string;
  routing_status: RoutingStatus;
  since: string | null;
  until: string | null;
  work_mode: WorkMode;
}

/** One line of a team lead's list. */
export interface ListedAgent extends Agent {
  contacts: Contact[];
}

export interface Contact {
  contact_id: string;
  channel: string;
  state: string;
  queue: string;
  priority: number;
  agent_id: string;
  offer_id: string;
  from_number: string;
  to_number: string;
  customer_id: string;
  held: boolean;
  /** Of a conversation; absent from an older gateway. */
  recording?: RecordingState;
  opened_at: string | null;
  enqueued_at: string | null;
  answered_at: string | null;
  data: Record<string, string>;
  /** It waits for this agent alone; empty: for anybody. */
  waits_for_agent_id: string;
  /** Who gave it to that agent. */
  assigned_by: string;
  /** Of who is called back; older gateways do not say. */
  callback?: CallbackOffer | null;
}

export type CallbackMode = "agent_first" | "customer_first";

/** What an agent is told of a callback before the phone rings. */
export interface CallbackOffer {
  number: string;
  mode: CallbackMode;
  attempt: number;
  attempts: number;
  /** Who booked it; empty: the caller asked for it. */
  requested_by: string;
  note: string;
  callback_of: string;
}

/** Somebody who is to be called. */
export interface Callback {
  contact_id: string;
  callback_of: string;
  number: string;
  queue: string;
  mode: CallbackMode;
  state: string;
  requested_at: string | null;
  enqueued_at: string | null;
  not_before: string | null;
  not_after: string | null;
  /** Not called before; null: now, if an agent is free. */
  next_at: string | null;
  attempts_made: number;
  attempts: number;
  last_result: string;
  requested_by: string;
  note: string;
  agent_id: string;
  customer_id: string;
  position: number;
  outcome: string;
}

export interface AgentNews {
  presence: Presence;
  reason: string;
  work_mode: WorkMode;
  routing_status: RoutingStatus;
  contact_id: string | null;
  since: string | null;
  until: string | null;
  /** Who changed it, when it was not the agent. */
  by: string | null;
}

export interface State {
  agent: Agent | null;
  /** The one that came last; `contacts`: all in hand. */
  contact: Contact | null;
  contacts: Contact[];
  missing: string[];
}

export interface Offer {
  contact_id: string;
  offer_id: string;
  channel: string;
  queue: string;
  from_number: string;
  to_number: string;
  customer_id: string;
  attempt: number;
  waited_ms: number;
  ring_timeout_ms: number;
  reason: string;
  offered_at: string | null;
  callback?: CallbackOffer | null;
}

export interface Caller {
  number: string;
  customer_id: string;
  name: string;
  level: number;
  blocked: boolean;
  blocked_reason: string;
  language: string;
  segment: string;
  department: string;
}

export interface CustomerForm {
  name: string;
  organisation: string;
  numbers: string[];
  accounts: string[];
  email: string;
  level: number;
  language: string;
  tags: string[];
  notes: string;
}

export interface Customer extends CustomerForm {
  customer_id: string;
  revision: number;
  created_at: string | null;
  changed_at: string | null;
}

export interface TimelineEntry {
  entry_id: string;
  at: string | null;
  kind: string;
  channel: string;
  contact_id: string;
  agent_id: string;
  title: string;
  /** The event itself, in its own camelCase. */
  data: Record<string, unknown>;
}

export interface WorkOrder {
  work_order_id: string;
  number: string;
  type: string;
  urgency: string;
  channel: string;
  state: string;
  title: string;
  description: string;
  customer_id: string;
  contact_id: string;
  department: string;
  assignee: string;
  created_by: string;
  created_at: string | null;
  changed_at: string | null;
  revision: number;
  allowed_actions: string[];
}

export interface Step {
  step_id: string;
  action: string;
  from_state: string | null;
  to_state: string;
  by: string;
  note: string;
  department: string;
  assignee: string;
  at: string | null;
}

export interface Pop {
  contact_id: string;
  offer_id: string;
  caller: Caller | null;
  customer: Customer | null;
  recent: TimelineEntry[];
  work_orders: WorkOrder[];
  missing: string[];
}

export interface OfferFailed {
  contact_id: string;
  offer_id: string;
  failure: string;
  rang_ms: number;
  cause: string;
  failed_at: string | null;
}

export interface Answered {
  contact_id: string;
  offer_id: string;
  queue: string;
  waited_ms: number;
  answered_at: string | null;
}

export interface Released {
  contact_id: string;
  offer_id: string;
  queue: string;
  talk_ms: number;
  hold_ms: number;
  ended_by: string;
  released_at: string | null;
}

export interface Transferred {
  contact_id: string;
  offer_id: string;
  queue: string;
  to_agent_id: string;
  transferred_at: string | null;
}

export interface WrappedUp {
  contact_id: string;
  wrap_up_ms: number;
  disposition: string;
  work_order_id: string;
  timed_out: boolean;
  wrapped_up_at: string | null;
}

export interface QueueFigures {
  queue: string;
  title: string;
  waiting: number;
  longest_wait_ms: number;
  /** Of one who came now; null: nobody is there to serve. */
  expected_wait_ms: number | null;
  offered: number;
  answered: number;
  abandoned: number;
  overflowed: number;
  answered_in_time: number;
  abandoned_in_time: number;
  total_wait_answered_ms: number;
  service_level: number | null;
  agents_staffed: number;
  /** Staffed, an agent of n queues counting 1/n. */
  agents_effective: number;
  expected_wait_error: ForecastError | null;
  /** Callbacks count for themselves, in none of the figures above but those who wait. */
  callbacks_open?: number;
  called_back?: number;
  unreached?: number;
}

export interface ForecastError {
  contacts: number;
  mean_ms: number;
  mean_absolute_ms: number;
}

/** Why this agent was offered this contact: what held at that moment. */
export interface Decision {
  offer_id: string;
  at: string | null;
  queue: string;
  agent_id: string;
  seeker: string;
  rule: string;
  idle_ms: number;
  tier: number;
  skill_score: number;
  others: number;
  runner_up_agent_id: string | null;
  qualified_busy: number;
  ready_unqualified: number;
  required: Record<string, number>;
  relaxed_steps: number;
  overdue_ms: number;
  waiting_behind: number;
  competing: number;
  runner_up_queue: string | null;
  runner_up_overdue_ms: number;
  /** `answered`, or why not; null: it still rings. */
  outcome: string | null;
  outcome_at: string | null;
  assigned_by: string | null;
}

export interface Explanation {
  contact_id: string;
  decisions: Decision[];
}

export const AGENT_STATES = [
  "ready", "offered", "connected", "wrap_up", "other_work", "not_responding", "offline",
] as const;
export type AgentCounts = Record<(typeof AGENT_STATES)[number], number>;

export interface Wallboard {
  at: string | null;
  contacts_open: number;
  missing: string[];
  agents: AgentCounts;
  queues: QueueFigures[];
}

export interface Queue {
  name: string;
  title: string;
  ring_timeout_s: number;
  wrap_up_s: number;
  service_level_s: number;
}

export interface Disposition {
  code: string;
  en: string;
  zh: string;
}

export interface NewWorkOrder {
  type: string;
  urgency: string;
  title: string;
  description: string;
  customer_id: string;
  department: string;
}

export interface WrapUpReply extends State {
  work_order: WorkOrder | null;
  pending_work_order: string | null;
  sentence: string;
}

export interface Welcome {
  session: string;
  resumed: boolean;
  seq: number;
  now: string;
  token_expires_at: string;
  ping_s: number;
  lost_after_s: number;
  user: User;
  state: State;
}

export interface GatewayError {
  code: string;
  sentence: string;
  field: string | null;
  service: string | null;
}

/** Empty: it is not recorded. `failed`: it should be, and is not. */
export type RecordingState = "" | "starting" | "recording" | "paused" | "failed";
