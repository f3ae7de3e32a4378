import { describe, expect, it } from "vitest";

import type { Agent, Contact, Offer, Pop, State } from "../shared/types";
import { EMPTY, phase, reduce, ringsUntil, type Action, type DeskState } from "./state";

const AT = "2026-11-22T02:43:23.000Z";

const agent = (fields: Partial<Agent> = {}): Agent => ({
  agent_id: "a1", name: "Li", extension: "1001", queues: ["sales"], presence: "ready", reason: "",
  routing_status: "idle", since: AT, until: null, work_mode: "continuous", ...fields,
});
const contact = (fields: Partial<Contact> = {}): Contact => ({
  contact_id: "c1", channel: "voice", state: "offered", queue: "sales", priority: 0, agent_id: "a1", offer_id: "o1",
  from_number: "+8613700000001", to_number: "10050", customer_id: "", held: false, opened_at: AT, enqueued_at: AT,
  answered_at: null, data: {}, waits_for_agent_id: "", assigned_by: "", ...fields,
});
const offer = (fields: Partial<Offer> = {}): Offer => ({
  contact_id: "c1", offer_id: "o1", channel: "voice", queue: "sales", from_number: "+8613700000001", to_number: "10050",
  customer_id: "", attempt: 1, waited_ms: 900, ring_timeout_ms: 15_000, reason: "", offered_at: AT, ...fields,
});
const pop = (fields: Partial<Pop> = {}): Pop => ({
  contact_id: "c1", offer_id: "o1", caller: null, customer: null, recent: [], work_orders: [], missing: [], ...fields,
});
const customer = {
  customer_id: "k1", name: "Wang", organisation: "", numbers: ["+8613700000001"], accounts: [], email: "", level: 3,
  language: "", tags: [], notes: "", revision: 1, created_at: AT, changed_at: AT,
};
const state = (fields: Partial<State> = {}): Action => ({
  type: "state",
  data: { agent: agent(), contact: null, contacts: fields.contact ? [fields.contact] : [], missing: [], ...fields },
});
const news = (fields: object): Action => ({
  type: "agent",
  data: {
    presence: "ready", reason: "", routing_status: "idle", contact_id: null, since: AT, until: null, by: null,
    work_mode: "continuous", ...fields,
  },
});
const ANSWERED: Action = {
  type: "answered", data: { contact_id: "c1", offer_id: "o1", queue: "sales", waited_ms: 900, answered_at: AT },
};
const RELEASED: Action = {
  type: "released",
  data: {
    contact_id: "c1", offer_id: "o1", queue: "sales", talk_ms: 8_000, hold_ms: 0, ended_by: "caller", released_at: AT,
  },
};
const wrappedUp = (timed_out = false): Action => ({
  type: "wrapped_up",
  data: { contact_id: "c1", wrap_up_ms: 4_000, disposition: "resolved", work_order_id: "", timed_out, wrapped_up_at: AT },
});

const play = (...actions: Action[]): DeskState => actions.reduce(reduce, EMPTY);

describe("the work mode", () => {
  it("is changed by news of it alone, wherever it was changed", () => {
    const desk = play(state(), news({ work_mode: "intermittent" }));
    expect(desk.agent?.work_mode).toBe("intermittent");
    expect(desk.agent?.since).toBe(AT);
    expect(desk.forced).toBeNull();
  });
});

describe("a call", () => {
  it("goes from the ring to the wrap-up and counts", () => {
    const rings = play(state(), { type: "offer", data: offer() });
    expect(phase(rings)).toBe("ringing");
    const talks = [news({ routing_status: "connected", contact_id: "c1" }), ANSWERED].reduce(reduce, rings);
    expect(phase(talks)).toBe("talking");
    const over = [news({ routing_status: "wrap_up", contact_id: "c1" }), RELEASED].reduce(reduce, talks);
    expect(phase(over)).toBe("wrap_up");
    const done = [wrappedUp(), news({})].reduce(reduce, over);
    expect(phase(done)).toBe("idle");
    expect(done.figures).toMatchObject({ offered: 1, answered: 1, missed: 0, talk_ms: 8_000, wrap_up_ms: 4_000 });
    expect(done.recent).toMatchObject([{ contact_id: "c1", talk_ms: 8_000, outcome: "caller" }]);
  });

  it("is held and retrieved", () => {
    const held = play(state(), { type: "offer", data: offer() }, ANSWERED, { type: "held", data: { contact_id: "c1", held_at: AT } });
    expect(held.contact?.held).toBe(true);
    expect(held.held_since).toBe(Date.parse(AT));
    const back = reduce(held, { type: "retrieved", data: { contact_id: "c1", retrieved_at: AT } });
    expect(back.contact?.held).toBe(false);
    expect(back.held_since).toBeNull();
  });

  it("that nobody answered goes away and says why", () => {
    const missed = play(state(), { type: "offer", data: offer() }, {
      type: "offer_failed",
      data: { contact_id: "c1", offer_id: "o1", failure: "ring_timeout", rang_ms: 15_000, cause: "", failed_at: AT },
    }, news({ routing_status: "not_responding" }));
    expect(phase(missed)).toBe("idle");
    expect(missed.notice).toEqual({ kind: "offer_failed", failure: "ring_timeout", number: "+8613700000001" });
    expect(missed.figures.missed).toBe(1);
  });

  it("whose old offer fails late does not take the new one away", () => {
    const desk = play(state(), { type: "offer", data: offer() }, { type: "offer", data: offer({ contact_id: "c2", offer_id: "o2" }) }, {
      type: "offer_failed",
      data: { contact_id: "c1", offer_id: "o1", failure: "caller_gone", rang_ms: 1, cause: "", failed_at: AT },
    });
    expect(desk.contact?.contact_id).toBe("c2");
    expect(phase(desk)).toBe("ringing");
  });

  it("is not held up by news of another contact", () => {
    const desk = play(state(), { type: "offer", data: offer() }, ANSWERED);
    const other = reduce(desk, { ...RELEASED, data: { ...RELEASED.data, contact_id: "c9" } } as Action);
    expect(phase(other)).toBe("talking");
  });
});

describe("the pop", () => {
  it("belongs to its contact only", () => {
    const desk = play(state(), { type: "offer", data: offer({ contact_id: "c2", offer_id: "o2" }) }, { type: "pop", data: pop({ customer }) });
    expect(desk.pop).toBeNull();
  });

  it("survives the whole state that follows a reconnection", () => {
    const desk = play(
      state(), { type: "offer", data: offer() }, { type: "pop", data: pop({ customer }) }, ANSWERED,
      state({ agent: agent({ routing_status: "connected" }), contact: contact({ state: "connected", answered_at: AT }) }),
    );
    expect(desk.pop?.customer?.name).toBe("Wang");
    expect(desk.offer?.waited_ms).toBe(900);
  });

  it("names the recent contact", () => {
    const desk = play(state(), { type: "offer", data: offer() }, { type: "pop", data: pop({ customer }) });
    expect(desk.recent[0]).toMatchObject({ name: "Wang", customer_id: "k1" });
  });

  it("takes a saved customer who has the caller's number", () => {
    const desk = play(state(), { type: "offer", data: offer() }, { type: "pop", data: pop() }, { type: "customer_saved", data: customer });
    expect(desk.pop?.customer?.name).toBe("Wang");
    const stranger = { ...customer, customer_id: "k2", numbers: [], name: "Other" };
    expect(reduce(desk, { type: "customer_saved", data: stranger }).pop?.customer?.name).toBe("Wang");
  });
});

describe("the whole state", () => {
  it("is the truth: a call that has ended meanwhile goes", () => {
    const desk = play(state(), { type: "offer", data: offer() }, ANSWERED, state());
    expect(phase(desk)).toBe("idle");
    expect(desk.pop).toBeNull();
  });

  it("keeps the call on the screen while the ACD does not answer", () => {
    const desk = play(state(), { type: "offer", data: offer() }, ANSWERED, state({ agent: null, contact: null, missing: ["acd"] }));
    expect(phase(desk)).toBe("talking");
    expect(desk.missing).toEqual(["acd"]);
  });

  it("of a resumed welcome is not taken: what was missed follows one by one", () => {
    const before = play(state(), { type: "offer", data: offer() });
    const welcome = {
      type: "welcome",
      data: { resumed: true, state: { agent: agent(), contact: null, contacts: [], missing: [] } },
    } as unknown as Action;
    expect(reduce(before, welcome)).toBe(before);
  });

  it("after a reload lists the call once, and keeps it when it was known", () => {
    const again = state({ contact: contact({ state: "connected", answered_at: AT }) });
    const desk = play(state(), { type: "offer", data: offer() }, { type: "pop", data: pop({ customer }) }, again, again);
    expect(desk.recent).toHaveLength(1);
    expect(desk.recent[0]?.name).toBe("Wang");
  });
});

describe("a call that was answered before this page came", () => {
  it("is counted once", () => {
    const talks = state({ contact: contact({ state: "connected", answered_at: AT }) });
    expect(play(talks, talks, RELEASED, wrappedUp()).figures).toMatchObject({ answered: 1, talk_ms: 8_000, wrapped_up: 1 });
  });
});

describe("a reply", () => {
  it("never brings back an older presence", () => {
    const later = "2026-11-22T02:43:30.000Z";
    const desk = play(state(), news({ presence: "other_work", reason: "meal", since: later }));
    const old = { agent: agent(), contact: null, contacts: [], missing: [] };
    expect(reduce(desk, { type: "replied", data: old }).agent?.presence).toBe("other_work");
  });
});

describe("a wrap-up", () => {
  it("that ended by itself says so", () => {
    const desk = play(state(), { type: "offer", data: offer() }, ANSWERED, RELEASED, wrappedUp(true));
    expect(desk.notice).toEqual({ kind: "timed_out", contact_id: "c1" });
  });
});

describe("the time left to answer", () => {
  it("comes from the offer, or after a reload from the queue", () => {
    const desk = play(state({ agent: agent({ routing_status: "offered" }), contact: contact() }));
    expect(ringsUntil(desk, 20_000)).toEqual({ from: Date.parse(AT), until: Date.parse(AT) + 20_000 });
    expect(ringsUntil(desk, null)).toBeNull();
    expect(ringsUntil(reduce(desk, { type: "offer", data: offer() }), 20_000)?.until).toBe(Date.parse(AT) + 15_000);
  });
});

describe("several contacts at once", () => {
  const second: Action = { type: "offer", data: offer({ contact_id: "c2", offer_id: "o2" }) };

  it("the first comes back on the screen when the second's offer fails", () => {
    const two = play(state(), { type: "offer", data: offer() }, ANSWERED, second);
    expect(two.contact?.contact_id).toBe("c2");
    const failed: Action = {
      type: "offer_failed",
      data: { contact_id: "c2", offer_id: "o2", failure: "caller_gone", rang_ms: 1, cause: "", failed_at: AT },
    };
    const one = reduce(two, failed);
    expect(one.contact).toMatchObject({ contact_id: "c1", state: "connected" });
    expect(phase(one)).toBe("talking");
    expect(one.contacts).toHaveLength(1);
  });

  it("news of one that is not on the screen are kept for it", () => {
    const two = play(state(), { type: "offer", data: offer() }, ANSWERED, second, RELEASED);
    expect(phase(two)).toBe("ringing");
    expect(two.contacts[0]).toMatchObject({ contact_id: "c1", state: "released" });
    expect(phase(reduce(two, wrappedUp()))).toBe("ringing");
  });
});

describe("a state set by a team lead", () => {
  const forced = news({ presence: "other_work", reason: "training", by: "Wu" });

  it("is told until it has been read", () => {
    const desk = play(state(), forced);
    expect(desk.forced).toEqual({ by: "Wu", presence: "other_work", reason: "training" });
    expect(desk.agent).not.toHaveProperty("by");
    expect(reduce(desk, { type: "forced_read" }).forced).toBeNull();
  });

  it("is told no longer when the agent changed it again, and survives other news", () => {
    const desk = play(state(), forced);
    const same = news({ presence: "other_work", reason: "training", routing_status: "wrap_up", contact_id: "c1" });
    expect(reduce(desk, same).forced).not.toBeNull();
    expect(reduce(desk, news({})).forced).toBeNull();
    // The reply to the agent's own command may be faster than the news of it.
    const reply: Action = { type: "replied", data: { agent: agent(), contact: null, contacts: [], missing: [] } };
    expect([reply, news({})].reduce(reduce, desk).forced).toBeNull();
  });
});
