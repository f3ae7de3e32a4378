import type {
  AgentNews, Answered, GatewayError, Offer, OfferFailed, Pop, RecordingState, Released, State, Transferred, Wallboard,
  Welcome, WrappedUp,
} from "../shared/types";

/** What the gateway pushes, by type. Types that a client does not know are ignored. */
export interface Pushes {
  welcome: Welcome;
  state: State;
  agent: AgentNews;
  offer: Offer;
  pop: Pop;
  offer_failed: OfferFailed;
  answered: Answered;
  held: { contact_id: string; held_at: string | null };
  retrieved: { contact_id: string; retrieved_at: string | null };
  recording: { contact_id: string; state: RecordingState };
  released: Released;
  transferred: Transferred;
  wrapped_up: WrappedUp;
  services: { missing: string[] };
  wallboard: Wallboard;
}

export type Push = { [K in keyof Pushes]: { type: K; data: Pushes[K] } }[keyof Pushes];

const KNOWN: ReadonlySet<string> = new Set<keyof Pushes>([
  "welcome", "state", "agent", "offer", "pop", "offer_failed", "answered", "held", "retrieved", "recording", "released",
  "transferred", "wrapped_up", "services", "wallboard",
]);

export interface Reply {
  type: "reply";
  id: string;
  ok: boolean;
  data: unknown;
  error: GatewayError | null;
}

export type Message =
  | { seq: number; push: Push }
  | { seq: number; reply: Reply }
  | { seq: number; pong: true }
  | { seq: number; bye: { code: number; sentence: string } }
  | { seq: number };

/** A frame's meaning; null for what is no message at all. */
export function parse(frame: unknown): Message | null {
  if (typeof frame !== "string") return null;
  let message: { seq?: unknown; type?: unknown; data?: unknown };
  try {
    message = JSON.parse(frame) as typeof message;
  } catch {
    return null;
  }
  if (message === null || typeof message !== "object" || typeof message.type !== "string") return null;
  const seq = typeof message.seq === "number" ? message.seq : 0;
  if (message.type === "reply") return { seq, reply: message as unknown as Reply };
  if (message.type === "pong") return { seq, pong: true };
  if (message.type === "bye") return { seq, bye: message.data as { code: number; sentence: string } };
  if (!KNOWN.has(message.type) || typeof message.data !== "object" || message.data === null) return { seq };
  return { seq, push: { type: message.type, data: message.data } as Push };
}

export const Close = { signedOut: 1000, restart: 1012, badHello: 4400, token: 4401, denied: 4403, replaced: 4409 };

/** Half a second, doubling to ten, ±30 % by chance; a restarting gateway's people come back over 5 s. */
export function pauseMs(attempt: number, code: number, chance: number): number {
  if (code === Close.restart && attempt === 0) return 200 + chance * 4800;
  return Math.min(500 * 2 ** Math.min(attempt, 10), 10_000) * (0.7 + 0.6 * chance);
}
