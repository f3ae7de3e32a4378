import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../shared/api";
import { Connection, type Status } from "./connection";
import { parse, pauseMs, type Push } from "./protocol";

class FakeSocket {
  static all: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;

  constructor() {
    FakeSocket.all.push(this);
  }
  send(frame: string) {
    this.sent.push(JSON.parse(frame) as Record<string, unknown>);
  }
  close() {
    this.closed = true;
  }
  hear(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  welcome(fields: object = {}) {
    this.onopen?.();
    this.hear({
      seq: 0, type: "welcome",
      data: {
        session: "s1", resumed: false, seq: 0, now: "2026-11-22T02:43:23.000Z",
        token_expires_at: "2026-11-22T02:58:23.000Z", ping_s: 10, state: {}, ...fields,
      },
    });
  }
}

const newest = () => FakeSocket.all.at(-1)!;
const state = (seq: number) => ({ seq, type: "state", data: { agent: null, contact: null, missing: [] } });

function connected(token: (fresh: boolean) => Promise<string> = () => Promise.resolve("t")) {
  const pushes: Push[] = [];
  const statuses: Status[] = [];
  const connection = new Connection({
    url: "ws://x", token, chance: () => 0.5, socket: () => new FakeSocket() as unknown as WebSocket,
    onPush: (push) => pushes.push(push), onStatus: (status) => statuses.push(status),
  });
  connection.start();
  return { connection, pushes, statuses };
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
});
afterEach(() => vi.useRealTimers());

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe("the connection", () => {
  it("resumes after a loss with its session and the last number", async () => {
    const { statuses } = connected();
    await settle();
    newest().welcome();
    newest().hear(state(1));
    newest().hear(state(2));
    newest().onclose?.({ code: 1006 });
    await settle(600);
    expect(FakeSocket.all).toHaveLength(2);
    newest().onopen?.();
    expect(newest().sent[0]).toMatchObject({ type: "hello", session: "s1", last_seq: 2 });
    newest().welcome({ resumed: true, seq: 2 });
    expect(statuses).toEqual(["connecting", "open", "reconnecting", "open"]);
  });

  it("takes each numbered message once", async () => {
    const { pushes } = connected();
    await settle();
    newest().welcome();
    newest().hear(state(1));
    newest().hear(state(1));
    expect(pushes.map(({ type }) => type)).toEqual(["welcome", "state"]);
  });

  it("sends a command again after a loss, with the same id", async () => {
    const { connection } = connected();
    await settle();
    newest().welcome();
    const done = connection.command("hold", { contact_id: "c1" }, "id-1");
    newest().onclose?.({ code: 1006 });
    await settle(600);
    newest().welcome({ resumed: true });
    expect(newest().sent.at(-1)).toMatchObject({ type: "hold", id: "id-1" });
    newest().hear({ seq: 0, type: "reply", id: "id-1", ok: true, data: { agent: null }, error: null });
    await expect(done).resolves.toEqual({ agent: null });
  });

  it("gives a refusal in the gateway's words", async () => {
    const { connection } = connected();
    await settle();
    newest().welcome();
    const done = connection.command("answer", {}, "id-2");
    const error = { code: "conflict", sentence: "The caller has hung up.", field: null, service: null };
    newest().hear({ seq: 0, type: "reply", id: "id-2", ok: false, data: null, error });
    await expect(done).rejects.toMatchObject({ code: "conflict", message: "The caller has hung up." });
  });

  it("gives up a command that nobody answers", async () => {
    const { connection } = connected();
    await settle();
    const done = expect(connection.command("hold", {})).rejects.toMatchObject({ code: "unreachable" });
    await settle(21_000);
    await done;
  });

  it("does not come back by itself when another window took over, but when told to", async () => {
    const { connection, statuses } = connected();
    await settle();
    newest().welcome();
    newest().hear({ seq: 0, type: "bye", data: { code: 4409, sentence: "elsewhere" } });
    newest().onclose?.({ code: 4409 });
    await settle(60_000);
    expect(statuses.at(-1)).toBe("replaced");
    expect(FakeSocket.all).toHaveLength(1);
    connection.takeOver();
    await settle();
    newest().onopen?.();
    expect(newest().sent[0]).toMatchObject({ session: null, last_seq: 0 });
  });

  it("fetches a new token once when its own is refused, then ends", async () => {
    const token = vi.fn((_: boolean) => Promise.resolve("t"));
    const { statuses } = connected(token);
    await settle();
    newest().onclose?.({ code: 4401 });
    await settle();
    expect(token.mock.calls).toEqual([[false], [true]]);
    newest().onclose?.({ code: 4401 });
    await settle(60_000);
    expect(statuses.at(-1)).toBe("ended");
  });

  it.each([1006, 4401])("waits longer each time for a gateway that welcomes and drops (%i)", async (code) => {
    const { statuses } = connected();
    await settle();
    for (let ms = 0; ms < 60_000; ms += 100) {
      const socket = newest();
      if (!socket.closed) {
        socket.welcome();
        socket.onclose?.({ code });
      }
      await settle(100);
    }
    expect(FakeSocket.all.length).toBeGreaterThan(5);
    expect(FakeSocket.all.length).toBeLessThan(12);
    expect(statuses).not.toContain("ended");
  });

  it("comes back quickly when what had stood a while breaks", async () => {
    connected();
    for (let round = 1; round <= 4; round += 1) {
      await settle(1_000);
      expect(FakeSocket.all.length).toBe(round);
      newest().welcome();
      await settle(6_000);
      newest().onclose?.({ code: 1006 });
    }
  });

  it("waits for a gateway that is away, and ends when the sign-in is over", async () => {
    let problem = new ApiError("unreachable", "");
    const { statuses } = connected(() => Promise.reject(problem));
    await settle(3_000);
    expect(statuses.at(-1)).toBe("reconnecting");
    problem = new ApiError("unauthenticated", "");
    await settle(20_000);
    expect(statuses.at(-1)).toBe("ended");
  });

  it("is lost when no pong comes", async () => {
    const { statuses } = connected();
    await settle();
    newest().welcome();
    await settle(10_000);
    expect(newest().sent.at(-1)).toEqual({ type: "ping" });
    newest().hear({ seq: 0, type: "pong", data: {} });
    await settle(10_000 + 5_000);
    expect(statuses.at(-1)).toBe("reconnecting");
  });

  it("renews the token before it ends", async () => {
    const token = vi.fn((_: boolean) => Promise.resolve("t"));
    connected(token);
    await settle();
    newest().welcome({ ping_s: 10_000 });
    await settle(14 * 60_000);
    expect(token).toHaveBeenLastCalledWith(true);
    expect(newest().sent.at(-1)).toMatchObject({ type: "token", data: { token: "t" } });
  });
});

describe("what is heard", () => {
  it("ignores what it does not know", () => {
    expect(parse('{"seq":3,"type":"weather","data":{}}')).toEqual({ seq: 3 });
    expect(parse("no json")).toBeNull();
    expect(parse("null")).toBeNull();
  });

  it("pauses longer from time to time, never for long, and spreads after a restart", () => {
    expect([0, 1, 2, 9].map((attempt) => pauseMs(attempt, 1006, 0.5))).toEqual([500, 1000, 2000, 10_000]);
    expect(pauseMs(0, 1012, 1)).toBe(5_000);
  });
});
