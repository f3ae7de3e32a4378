// The page's telephone as a machine: what happened in, what is to be done out. Pure: tested without a browser.

/** What rings when a call is offered: this page alone, this page and the desk phone, or not this page. */
export type Choice = "browser" | "both" | "desk";

export type Trouble =
  | "microphone_denied" // the person, or a policy, does not let the page hear
  | "microphone_missing" // there is none, or another program holds it
  | "refused" // the gateway said no; its sentence says why
  | "switch_refused" // the switch did; perhaps because it could not ask the gateway just then
  | "unreachable"; // the socket does not open, or broke

/** The switch said no to the registration. */
export class Refusal extends Error {
  constructor(readonly status: number) {
    super(`The switch refused the registration (${status}).`);
  }
}

export type Line = "off" | "opening" | "ready" | "waiting" | "stopped";

export interface Call {
  id: string;
  kind: "offer" | "test";
  stage: "ringing" | "answering" | "talking";
  muted: boolean;
}

export interface PhoneState {
  /** Whether this installation has telephones in pages; null: not known yet. */
  available: boolean | null;
  /** Null until the agent has chosen for the first time. */
  choice: Choice | null;
  /** Whether this tab is the agent's desk: another one may have taken it over. */
  claimed: boolean;
  /** waiting: tries again by itself; stopped: only when the person says so. */
  line: Line;
  trouble: Trouble | null;
  sentence: string;
  attempts: number;
  call: Call | null;
  /** Answered on the screen before the telephone rang: the invitation is taken when it comes. */
  eager: boolean;
}

export type Happening =
  | { type: "known"; available: boolean }
  | { type: "chosen"; choice: Choice }
  | { type: "claimed"; claimed: boolean }
  | { type: "gone" }
  | { type: "opened" }
  | { type: "failed"; trouble: Trouble; sentence: string }
  | { type: "again" }
  | { type: "devices_changed" }
  | { type: "invited"; id: string }
  | { type: "talking"; id: string }
  | { type: "ended"; id: string }
  | { type: "answer" }
  | { type: "offer_over" }
  | { type: "contact_over" }
  | { type: "mute" }
  | { type: "test"; id: string }
  | { type: "hang_up" };

export type Order =
  | { do: "open"; withDesk: boolean }
  | { do: "close" }
  | { do: "again"; afterMs: number }
  | { do: "accept"; id: string }
  | { do: "decline"; id: string }
  | { do: "hang_up"; id: string }
  | { do: "call_test"; id: string }
  | { do: "mute"; id: string; muted: boolean };

export interface Step {
  state: PhoneState;
  orders: Order[];
}

export const OFF: PhoneState = {
  available: null, choice: null, claimed: false, line: "off", trouble: null, sentence: "", attempts: 0, call: null, eager: false,
};

/** The last one counts for all that follow: an agent waits for calls, so never longer than that. */
export const PAUSES_MS = [500, 2_000, 5_000, 10_000];

export function step(state: PhoneState, happening: Happening): Step {
  switch (happening.type) {
    case "known":
      return settle({ ...state, available: happening.available });
    case "chosen":
      return chosen(state, happening.choice);
    case "claimed":
      return settle({ ...state, claimed: happening.claimed });
    case "gone":
      return close({ ...state, claimed: false });
    case "opened":
      return state.line === "off" ? stay(state)
        : stay({ ...state, line: "ready", trouble: null, sentence: "", attempts: 0 });
    case "failed":
      return failed(state, happening.trouble, happening.sentence);
    case "again":
      return state.line === "waiting" || state.line === "stopped" ? open(state) : stay(state);
    case "devices_changed":
      // A headset was plugged in: what was missing may be there now.
      return state.line === "stopped" && state.trouble === "microphone_missing" ? open(state) : stay(state);
    case "invited":
      return invited(state, happening.id);
    case "talking":
      return ofCall(state, happening.id, (call) => stay({ ...state, call: { ...call, stage: "talking" } }));
    case "ended":
      return ofCall(state, happening.id, () => settle({ ...state, call: null }));
    case "answer":
      return answer(state);
    case "offer_over":
      return stay({ ...state, eager: false });
    case "contact_over":
      return state.call?.kind === "offer" && state.call.stage !== "ringing" ? hangUp(state) : stay(state);
    case "mute":
      return mute(state);
    case "test":
      return test(state, happening.id);
    case "hang_up":
      return hangUp(state);
  }
}

/** Whether an answer on the screen is this page's to give. */
export function answersHere(state: PhoneState): boolean {
  return wanted(state) && state.line === "ready";
}

function wanted(state: PhoneState): boolean {
  return state.available === true && state.claimed && state.choice !== null && state.choice !== "desk";
}

/** Opens what should be open and closes what should not; a talk is had to its end where it is. */
function settle(state: PhoneState): Step {
  if (wanted(state)) return state.line === "off" ? open(state) : stay(state);
  if (state.call?.kind === "offer" && state.call.stage !== "ringing") return stay(state);
  return close(state);
}

function close(state: PhoneState): Step {
  if (state.line === "off") return stay(state);
  const closed: PhoneState = { ...state, line: "off", trouble: null, sentence: "", attempts: 0, call: null, eager: false };
  return { state: closed, orders: [{ do: "close" }] };
}

function chosen(state: PhoneState, choice: Choice): Step {
  if (state.call !== null) return stay(state); // it would end the talk
  if (choice === state.choice) return step(state, { type: "again" });
  const next = { ...state, choice };
  // Alone or with the desk phone are two ways to register: the one has to go before the other comes.
  if (state.line === "off" || !wanted(next)) return settle(next);
  return { state: { ...next, line: "opening" }, orders: [{ do: "close" }, ...open(next).orders] };
}

function open(state: PhoneState): Step {
  return { state: { ...state, line: "opening" }, orders: [{ do: "open", withDesk: state.choice === "both" }] };
}

function failed(state: PhoneState, trouble: Trouble, sentence: string): Step {
  // A broken socket is told twice: by itself and by the registration that went with it.
  if (state.line === "off" || state.line === "waiting") return stay(state);
  const next = { ...state, trouble, sentence, attempts: state.attempts + 1 };
  if (trouble !== "unreachable" && trouble !== "switch_refused") return stay({ ...next, line: "stopped" });
  const afterMs = PAUSES_MS[Math.min(state.attempts, PAUSES_MS.length - 1)]!;
  return { state: { ...next, line: "waiting" }, orders: [{ do: "again", afterMs }] };
}

function invited(state: PhoneState, id: string): Step {
  if (state.call !== null) return { state, orders: [{ do: "decline", id }] };
  const call: Call = { id, kind: "offer", stage: state.eager ? "answering" : "ringing", muted: false };
  return { state: { ...state, call, eager: false }, orders: state.eager ? [{ do: "accept", id }] : [] };
}

function answer(state: PhoneState): Step {
  const { call } = state;
  if (call === null) return stay({ ...state, eager: true });
  if (call.kind !== "offer" || call.stage !== "ringing") return stay(state);
  return { state: { ...state, call: { ...call, stage: "answering" } }, orders: [{ do: "accept", id: call.id }] };
}

function mute(state: PhoneState): Step {
  const { call } = state;
  if (call?.stage !== "talking") return stay(state);
  const muted = !call.muted;
  return { state: { ...state, call: { ...call, muted } }, orders: [{ do: "mute", id: call.id, muted }] };
}

function test(state: PhoneState, id: string): Step {
  if (state.line !== "ready" || state.call !== null) return stay(state);
  const call: Call = { id, kind: "test", stage: "answering", muted: false };
  return { state: { ...state, call }, orders: [{ do: "call_test", id }] };
}

function hangUp(state: PhoneState): Step {
  const { call } = state;
  return call === null ? stay(state) : { state, orders: [{ do: "hang_up", id: call.id }] };
}

function ofCall(state: PhoneState, id: string, act: (call: Call) => Step): Step {
  return state.call?.id === id ? act(state.call) : stay(state);
}

function stay(state: PhoneState): Step {
  return { state, orders: [] };
}
