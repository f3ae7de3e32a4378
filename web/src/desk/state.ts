// What the agent's page knows, and how each of the gateway's messages changes it. Pure: tested without a browser.
import { parsed } from "../shared/time";
import type {
  Agent, Contact, Customer, Offer, OfferFailed, Pop, Presence, Released, State, WorkOrder, WrappedUp,
} from "../shared/types";
import type { Push } from "../socket/protocol";

export interface Figures {
  offered: number;
  answered: number;
  missed: number;
  talk_ms: number;
  wrap_up_ms: number;
  wrapped_up: number;
}

export interface RecentContact {
  contact_id: string;
  from_number: string;
  name: string;
  queue: string;
  customer_id: string;
  at: string | null;
  talk_ms: number | null;
  /** Counted among the calls taken: once, however often it is told. */
  taken: boolean;
  /** An offer's failure, or how the talk ended; empty while it goes on. */
  outcome: string;
}

export type Notice =
  | { kind: "offer_failed"; failure: string; number: string }
  | { kind: "timed_out"; contact_id: string }
  | { kind: "wrapped_up"; work_order: WorkOrder | null; pending: boolean; asked: boolean };

export interface DeskState {
  /** Whether a whole state has been heard yet. */
  known: boolean;
  agent: Agent | null;
  /** The one on the screen; `contacts`: all in hand, the one that came last at the end. */
  contact: Contact | null;
  contacts: Contact[];
  offer: Offer | null;
  pop: Pop | null;
  released: Released | null;
  /** The conversation that was given away last, by its offer. */
  given: string;
  held_since: number | null;
  missing: string[];
  figures: Figures;
  recent: RecentContact[];
  notice: Notice | null;
  /** A team lead changed this agent's state, until that has been read or the agent changes it again. */
  forced: { by: string; presence: Presence; reason: string } | null;
}

export type Action =
  | Push
  | { type: "replied"; data: State }
  | { type: "pop_loaded"; data: Pop }
  | { type: "customer_saved"; data: Customer }
  | { type: "work_order_changed"; data: WorkOrder }
  | { type: "sent"; notice: Notice }
  | { type: "notice_read" }
  | { type: "forced_read" };

export const RECENT_KEPT = 12;

export const EMPTY: DeskState = {
  known: false, agent: null, contact: null, contacts: [], offer: null, pop: null, released: null, given: "", held_since: null, missing: [],
  figures: { offered: 0, answered: 0, missed: 0, talk_ms: 0, wrap_up_ms: 0, wrapped_up: 0 },
  recent: [], notice: null, forced: null,
};

export function reduce(desk: DeskState, action: Action): DeskState {
  switch (action.type) {
    case "welcome":
      // Resumed: what was missed follows one by one, and would be undone by an older picture.
      return action.data.resumed && desk.known ? desk : whole(desk, action.data.state);
    case "state":
      return whole(desk, action.data);
    case "replied":
      return replied(desk, action.data);
    case "agent":
      return withAgent(desk, action.data);
    case "offer":
      return offered(desk, action.data);
    case "pop":
    case "pop_loaded":
      return popped(desk, action.data);
    case "offer_failed":
      return offerFailed(desk, action.data);
    case "answered":
      return answered(desk, action.data.contact_id, action.data.answered_at);
    case "held":
      return hold(desk, action.data.contact_id, true, action.data.held_at);
    case "retrieved":
      return hold(desk, action.data.contact_id, false, null);
    case "recording":
      return changeContact(desk, action.data.contact_id, { recording: action.data.state });
    case "released":
      return released(desk, action.data);
    case "transferred":
      return { ...desk, given: action.data.offer_id };
    case "wrapped_up":
      return wrappedUp(desk, action.data);
    case "services":
      return { ...desk, missing: action.data.missing };
    case "customer_saved":
      return customerSaved(desk, action.data);
    case "work_order_changed":
      return workOrderChanged(desk, action.data);
    case "sent":
      return { ...desk, notice: action.notice };
    case "notice_read":
      return { ...desk, notice: null };
    case "forced_read":
      return { ...desk, forced: null };
    case "wallboard":
      return desk;
  }
}

/** The gateway's whole state: the truth. What is known beyond it of the same contact stays. */
function whole(desk: DeskState, state: State): DeskState {
  const same = state.contact !== null && state.contact.contact_id === desk.contact?.contact_id;
  const ringing = state.contact?.state === "offered" && desk.offer?.offer_id === state.contact.offer_id;
  const next = {
    ...desk,
    known: true,
    agent: state.agent ?? (state.missing.includes("acd") ? desk.agent : null),
    contact: state.contact ?? (state.missing.includes("acd") ? desk.contact : null),
    contacts: state.missing.includes("acd") && state.contact === null ? desk.contacts : state.contacts,
    offer: ringing || (same && state.contact?.state !== "offered") ? desk.offer : null,
    pop: same ? desk.pop : null,
    released: same && state.contact?.state === "released" ? desk.released : null,
    held_since: same && state.contact?.held ? desk.held_since : null,
    missing: state.missing,
    forced: state.agent ? still(desk, state.agent) : desk.forced,
    recent: state.contact ? remember(desk.recent, ofContact(state.contact)) : desk.recent,
  };
  return state.contact && state.contact.state !== "offered" ? taken(next, state.contact.contact_id) : next;
}

/** A call was taken: learned from its answer, or afterwards by a page that came later. */
function taken(desk: DeskState, contact_id: string): DeskState {
  const one = desk.recent.find((other) => other.contact_id === contact_id);
  if (!one || one.taken) return desk;
  return {
    ...desk,
    figures: { ...desk.figures, answered: desk.figures.answered + 1 },
    recent: change(desk.recent, contact_id, { taken: true }),
  };
}

/** A command's reply is the state when it was accepted; news pushed since then is newer. It is taken only
 * where it is about the agent alone, so that it can never bring back a call that has ended meanwhile. */
function replied(desk: DeskState, state: State): DeskState {
  if (state.agent === null || desk.agent === null) return desk;
  const before = parsed(desk.agent.since) ?? 0;
  return (parsed(state.agent.since) ?? 0) >= before ? { ...desk, agent: state.agent, forced: still(desk, state.agent) } : desk;
}

/** What somebody else set, as long as it holds: reply and news of the agent's own change come in either order. */
function still({ forced }: DeskState, agent: Pick<Agent, "presence" | "reason"> | null): DeskState["forced"] {
  return agent !== null && forced?.presence === agent.presence && forced.reason === agent.reason ? forced : null;
}

function withAgent(desk: DeskState, news: Extract<Action, { type: "agent" }>["data"]): DeskState {
  if (desk.agent === null) return desk;
  const { contact_id, by, ...rest } = news;
  const forced = by ? { by, presence: news.presence, reason: news.reason } : still(desk, news);
  const next = { ...desk, agent: { ...desk.agent, ...rest }, forced };
  return contact_id === null ? { ...inFront(next, null), contacts: [] } : next;
}

/** Another contact, or none, comes on the screen: what belonged to the one before goes. */
function inFront(desk: DeskState, contact: Contact | null): DeskState {
  return { ...desk, contact, offer: null, pop: null, released: null, held_since: null };
}

/** A contact has gone; of others in hand the one that came last comes back on the screen. */
function without(desk: DeskState, contact_id: string): DeskState {
  const contacts = desk.contacts.filter((one) => one.contact_id !== contact_id);
  const next = { ...desk, contacts };
  return desk.contact?.contact_id === contact_id ? inFront(next, contacts.at(-1) ?? null) : next;
}

function changeContact(desk: DeskState, contact_id: string, fields: Partial<Contact>): DeskState {
  const changed = (one: Contact) => (one.contact_id === contact_id ? { ...one, ...fields } : one);
  return { ...desk, contact: desk.contact && changed(desk.contact), contacts: desk.contacts.map(changed) };
}

function offered(desk: DeskState, offer: Offer): DeskState {
  const contact: Contact = {
    contact_id: offer.contact_id, channel: offer.channel, state: "offered", queue: offer.queue, priority: 0,
    agent_id: desk.agent?.agent_id ?? "", offer_id: offer.offer_id, from_number: offer.from_number,
    to_number: offer.to_number, customer_id: offer.customer_id, held: false, opened_at: null, enqueued_at: null,
    answered_at: null, data: {}, waits_for_agent_id: "", assigned_by: "", callback: offer.callback ?? null,
  };
  const known = desk.pop?.contact_id === offer.contact_id ? desk.pop : null;
  return {
    ...inFront(desk, contact), contacts: [...without(desk, offer.contact_id).contacts, contact],
    offer, pop: known, notice: null,
    figures: { ...desk.figures, offered: desk.figures.offered + 1 },
    recent: remember(desk.recent, ofContact(contact, offer.offered_at)),
  };
}

function popped(desk: DeskState, pop: Pop): DeskState {
  const name = pop.customer?.name || pop.caller?.name || "";
  const recent = desk.recent.map((one) => one.contact_id === pop.contact_id
    ? { ...one, name: name || one.name, customer_id: pop.customer?.customer_id ?? one.customer_id } : one);
  // A pop that comes late must not show one caller's card beside another's call.
  return pop.contact_id === desk.contact?.contact_id ? { ...desk, pop, recent } : { ...desk, recent };
}

function offerFailed(desk: DeskState, failed: OfferFailed): DeskState {
  const number = desk.recent.find((one) => one.contact_id === failed.contact_id)?.from_number ?? "";
  const missed = failed.failure === "ring_timeout" ? 1 : 0;
  const next = {
    ...desk,
    notice: { kind: "offer_failed", failure: failed.failure, number } as const,
    figures: { ...desk.figures, missed: desk.figures.missed + missed },
    recent: change(desk.recent, failed.contact_id, { outcome: failed.failure }),
  };
  const rang = desk.contacts.some((one) => one.offer_id === failed.offer_id && one.state === "offered");
  return rang ? without(next, failed.contact_id) : next;
}

function answered(desk: DeskState, contact_id: string, at: string | null): DeskState {
  if (desk.contacts.every((one) => one.contact_id !== contact_id)) return desk;
  return taken(changeContact(desk, contact_id, { state: "connected", answered_at: at, held: false }), contact_id);
}

function hold(desk: DeskState, contact_id: string, held: boolean, at: string | null): DeskState {
  const next = changeContact(desk, contact_id, { held });
  return desk.contact?.contact_id === contact_id ? { ...next, held_since: held ? parsed(at) : null } : next;
}

function released(desk: DeskState, news: Released): DeskState {
  const next = {
    ...changeContact(desk, news.contact_id, { state: "released", held: false, recording: "" }),
    figures: { ...desk.figures, talk_ms: desk.figures.talk_ms + news.talk_ms },
    recent: change(desk.recent, news.contact_id, { talk_ms: news.talk_ms, outcome: news.ended_by }),
  };
  return desk.contact?.contact_id === news.contact_id ? { ...next, released: news, held_since: null } : next;
}

function wrappedUp(desk: DeskState, news: WrappedUp): DeskState {
  const next: DeskState = {
    ...desk,
    figures: {
      ...desk.figures,
      wrap_up_ms: desk.figures.wrap_up_ms + news.wrap_up_ms,
      wrapped_up: desk.figures.wrapped_up + 1,
    },
    notice: news.timed_out ? { kind: "timed_out", contact_id: news.contact_id } : desk.notice,
  };
  return without(next, news.contact_id);
}

function customerSaved(desk: DeskState, customer: Customer): DeskState {
  const number = desk.contact?.from_number ?? "";
  const theirs = desk.pop?.customer?.customer_id === customer.customer_id || customer.numbers.includes(number);
  if (desk.pop === null || !theirs) return desk;
  const recent = change(desk.recent, desk.pop.contact_id, { name: customer.name, customer_id: customer.customer_id });
  return { ...desk, recent, pop: { ...desk.pop, customer } };
}

function workOrderChanged(desk: DeskState, order: WorkOrder): DeskState {
  if (desk.pop === null) return desk;
  const work_orders = desk.pop.work_orders.map((one) => one.work_order_id === order.work_order_id ? order : one);
  return { ...desk, pop: { ...desk.pop, work_orders } };
}

// ---------------------------------------------------------------- recent contacts

function ofContact(contact: Contact, at: string | null = contact.answered_at ?? contact.opened_at): RecentContact {
  return {
    contact_id: contact.contact_id, from_number: contact.from_number, name: "", queue: contact.queue,
    customer_id: contact.customer_id, at, talk_ms: null, taken: false, outcome: "",
  };
}

/** Newest first; a contact already there keeps what is known of it. */
function remember(recent: RecentContact[], one: RecentContact): RecentContact[] {
  const known = recent.find((other) => other.contact_id === one.contact_id);
  if (known && known.outcome === "") return recent;
  const entry = known ? { ...known, ...one, name: known.name, taken: known.taken } : one;
  return [entry, ...recent.filter((other) => other !== known)].slice(0, RECENT_KEPT);
}

function change(recent: RecentContact[], contact_id: string, fields: Partial<RecentContact>): RecentContact[] {
  return recent.map((one) => (one.contact_id === contact_id ? { ...one, ...fields } : one));
}

// ---------------------------------------------------------------- questions

export type Phase = "unknown" | "offline" | "idle" | "ringing" | "talking" | "wrap_up";

export function phase(desk: DeskState): Phase {
  if (desk.contact?.state === "offered") return "ringing";
  if (desk.contact?.state === "connected") return "talking";
  if (desk.contact?.state === "released") return "wrap_up";
  if (!desk.known) return "unknown";
  return desk.agent === null || desk.agent.presence === "offline" ? "offline" : "idle";
}

/** When an offer ends by itself, by what is known of it; null when nothing is. */
export function ringsUntil(desk: DeskState, queueRingMs: number | null): { from: number; until: number } | null {
  const from = parsed(desk.offer?.offered_at) ?? parsed(desk.agent?.since);
  const rings = desk.offer?.ring_timeout_ms || queueRingMs;
  return from !== null && rings ? { from, until: from + rings } : null;
}
