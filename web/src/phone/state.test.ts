import { describe, expect, it } from "vitest";

import { OFF, answersHere, step, type Happening, type Order, type PhoneState } from "./state";

/** Plays happenings from the beginning; gives the last state and all orders. */
function play(...happenings: Happening[]): { state: PhoneState; orders: Order[] } {
  return happenings.reduce<{ state: PhoneState; orders: Order[] }>(({ state, orders }, happening) => {
    const next = step(state, happening);
    return { state: next.state, orders: [...orders, ...next.orders] };
  }, { state: OFF, orders: [] });
}

const CHOSEN: Happening[] = [
  { type: "known", available: true }, { type: "chosen", choice: "browser" }, { type: "claimed", claimed: true },
];
const READY: Happening[] = [...CHOSEN, { type: "opened" }];
const TALKING: Happening[] = [
  ...READY, { type: "invited", id: "c1" }, { type: "answer" }, { type: "talking", id: "c1" },
];
const lost: Happening = { type: "failed", trouble: "unreachable", sentence: "" };

describe("opening", () => {
  it("opens once all is known, in whatever order", () => {
    for (const order of [CHOSEN, [...CHOSEN].reverse()]) {
      expect(play(...order).orders).toEqual([{ do: "open", withDesk: false }]);
    }
  });

  it("does nothing for an agent with a desk phone, nor where there are no telephones in pages", () => {
    const desk = play({ type: "known", available: true }, { type: "claimed", claimed: true }, { type: "chosen", choice: "desk" });
    const none = play({ type: "known", available: false }, { type: "claimed", claimed: true }, { type: "chosen", choice: "browser" });
    expect([desk.orders, none.orders]).toEqual([[], []]);
  });

  it("asks nobody for the microphone before the agent has chosen", () => {
    expect(play({ type: "known", available: true }, { type: "claimed", claimed: true }).orders).toEqual([]);
  });

  it("registers in the other way when the desk phone is to ring too", () => {
    const { orders, state } = play(...READY, { type: "chosen", choice: "both" });
    expect(orders.slice(1)).toEqual([{ do: "close" }, { do: "open", withDesk: true }]);
    expect(state.line).toBe("opening");
  });

  it("lets go when another tab takes the desk over, and comes back with it", () => {
    const { orders, state } = play(...READY, { type: "claimed", claimed: false });
    expect(orders.at(-1)).toEqual({ do: "close" });
    expect(state.line).toBe("off");
    expect(answersHere(state)).toBe(false);
    expect(step(state, { type: "claimed", claimed: true }).orders).toEqual([{ do: "open", withDesk: false }]);
  });

  it("has a talk to its end in the tab where it is, and lets go then", () => {
    const { state, orders } = play(...TALKING, { type: "claimed", claimed: false });
    expect(orders.at(-1)).toEqual({ do: "accept", id: "c1" });
    const after = step(state, { type: "ended", id: "c1" });
    expect([after.state.line, after.orders]).toEqual(["off", [{ do: "close" }]]);
  });

  it("ends a test call, and a ring, with the desk", () => {
    for (const call of [{ type: "test", id: "t" }, { type: "invited", id: "c1" }] as const) {
      expect(play(...READY, call, { type: "claimed", claimed: false }).orders.at(-1)).toEqual({ do: "close" });
    }
  });

  it("closes whatever goes on when the page goes", () => {
    expect(play(...TALKING, { type: "gone" }).orders.at(-1)).toEqual({ do: "close" });
  });

  it("does not change what rings during a call", () => {
    const { state, orders } = play(...TALKING, { type: "chosen", choice: "desk" });
    expect([state.choice, orders.length]).toEqual(["browser", 2]);
  });

  it("does not come up by a registration that was under way when it was closed", () => {
    expect(play(...CHOSEN, { type: "claimed", claimed: false }, { type: "opened" }).state.line).toBe("off");
  });
});

describe("trouble", () => {
  it("stops at a refused microphone until the person tries again", () => {
    const { state, orders } = play(...CHOSEN, { type: "failed", trouble: "microphone_denied", sentence: "" });
    expect(state.line).toBe("stopped");
    expect(orders).toHaveLength(1);
    expect(step(state, { type: "devices_changed" }).orders).toEqual([]);
    expect(step(state, { type: "again" }).orders).toEqual([{ do: "open", withDesk: false }]);
  });

  it("tries again by itself when a headset is plugged in", () => {
    const { state } = play(...CHOSEN, { type: "failed", trouble: "microphone_missing", sentence: "" });
    expect(step(state, { type: "devices_changed" }).orders).toEqual([{ do: "open", withDesk: false }]);
  });

  it("pauses longer and longer, never more than ten seconds, and begins anew once it stood", () => {
    let { state } = play(...READY);
    const pauses: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const failed = step(state, lost);
      for (const order of failed.orders) if (order.do === "again") pauses.push(order.afterMs);
      state = step(failed.state, { type: "again" }).state;
    }
    expect(pauses).toEqual([500, 2_000, 5_000, 10_000, 10_000, 10_000]);
    const again = step(step(state, { type: "opened" }).state, lost);
    expect(again.orders).toEqual([{ do: "again", afterMs: 500 }]);
  });

  it("hears twice of one broken socket and counts it once", () => {
    expect(play(...READY, lost, lost).orders.filter((order) => order.do === "again")).toHaveLength(1);
  });

  it("keeps the gateway's sentence", () => {
    const { state } = play(...CHOSEN, { type: "failed", trouble: "refused", sentence: "You have no extension." });
    expect([state.line, state.sentence]).toEqual(["stopped", "You have no extension."]);
    expect(step(state, { type: "opened" }).state.sentence).toBe("");
  });

  it("keeps the talk when the socket breaks", () => {
    const { state, orders } = play(...TALKING, lost);
    expect(state.call?.stage).toBe("talking");
    expect(orders.filter((order) => order.do === "hang_up" || order.do === "close")).toEqual([]);
  });
});

describe("a call", () => {
  it("rings, is answered, and ends", () => {
    const { state, orders } = play(...TALKING);
    expect(orders.slice(1)).toEqual([{ do: "accept", id: "c1" }]);
    expect(state.call).toEqual({ id: "c1", kind: "offer", stage: "talking", muted: false });
    expect(step(state, { type: "ended", id: "c1" }).state.call).toBeNull();
  });

  it("is answered by itself when the agent was quicker than the telephone", () => {
    const { orders, state } = play(...READY, { type: "answer" }, { type: "invited", id: "c1" });
    expect(orders.at(-1)).toEqual({ do: "accept", id: "c1" });
    expect(state.eager).toBe(false);
  });

  it("does not answer the next one for an answer to an offer that is over", () => {
    const { orders } = play(...READY, { type: "answer" }, { type: "offer_over" }, { type: "invited", id: "c2" });
    expect(orders.some((order) => order.do === "accept")).toBe(false);
  });

  it("is accepted once, however often it is clicked", () => {
    const { orders } = play(...TALKING, { type: "answer" }, { type: "answer" });
    expect(orders.filter((order) => order.do === "accept")).toHaveLength(1);
  });

  it("is declined while another one goes on", () => {
    expect(play(...TALKING, { type: "invited", id: "c2" }).orders.at(-1)).toEqual({ do: "decline", id: "c2" });
  });

  it("does not end by the end of another", () => {
    expect(play(...TALKING, { type: "ended", id: "c2" }).state.call?.id).toBe("c1");
  });

  it("is muted and heard again", () => {
    const { orders, state } = play(...TALKING, { type: "mute" }, { type: "mute" });
    expect(orders.slice(2)).toEqual([{ do: "mute", id: "c1", muted: true }, { do: "mute", id: "c1", muted: false }]);
    expect(state.call?.muted).toBe(false);
    expect(play(...READY, { type: "mute" }).orders).toHaveLength(1);
  });

  it("ends here when the gateway says that it is over, and the switch's word was lost", () => {
    expect(play(...TALKING, { type: "contact_over" }).orders.at(-1)).toEqual({ do: "hang_up", id: "c1" });
    const ringing = play(...READY, { type: "invited", id: "c2" }, { type: "contact_over" });
    expect(ringing.orders).toHaveLength(1);
  });

  it("tests only when ready and free", () => {
    expect(play(...READY, { type: "test", id: "t" }).orders.at(-1)).toEqual({ do: "call_test", id: "t" });
    expect(play(...CHOSEN, { type: "test", id: "t" }).orders).toHaveLength(1);
    expect(play(...TALKING, { type: "test", id: "t" }).state.call?.id).toBe("c1");
    const test = play(...READY, { type: "test", id: "t" }, { type: "talking", id: "t" }, { type: "contact_over" });
    expect(test.state.call?.kind).toBe("test");
    expect(test.orders.at(-1)).toEqual({ do: "call_test", id: "t" });
  });
});
