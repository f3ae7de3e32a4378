import type { Session } from "../session/session";
import { ApiError } from "../shared/api";
import { newId } from "../shared/ids";
import { remembered } from "../shared/storage";
import type { Credentials, SipPhone } from "./sip";
import { Earpiece, listen, microphoneWanted, release, troubleOf } from "./sound";
import { OFF, Refusal, step, type Choice, type Happening, type Order, type PhoneState, type Trouble } from "./state";

const CHOICE = "phone.choice";

/** The shell of the machine: feeds it what happens in this page, carries out its orders. */
export class PagePhone {
  private state: PhoneState = { ...OFF, choice: rememberedChoice() };
  private sip: SipPhone | null = null;
  private opening = 0;
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly earpiece = new Earpiece();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly session: Session) {}

  readonly look = (): PhoneState => this.state;

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Watches the page until the returned function is called. */
  start(): () => void {
    const plugged = () => this.happened({ type: "devices_changed" });
    const ask = (event: BeforeUnloadEvent) => {
      if (this.state.call?.kind === "offer") event.preventDefault();
    };
    // A page that goes takes its call with it: said to the switch, or the caller would hear nothing for minutes.
    const gone = () => void this.sip?.close();
    navigator.mediaDevices?.addEventListener("devicechange", plugged);
    window.addEventListener("beforeunload", ask);
    window.addEventListener("pagehide", gone);
    return () => {
      navigator.mediaDevices?.removeEventListener("devicechange", plugged);
      window.removeEventListener("beforeunload", ask);
      window.removeEventListener("pagehide", gone);
      this.happened({ type: "gone" });
    };
  }

  happened(happening: Happening): void {
    const { state, orders } = step(this.state, happening);
    this.state = state;
    for (const listener of this.listeners) listener();
    for (const order of orders) this.carryOut(order);
  }

  choose(choice: Choice): void {
    this.happened({ type: "chosen", choice });
    if (this.state.choice === choice) remembered.set(CHOICE, choice);
  }

  test(): void {
    this.happened({ type: "test", id: newId() });
  }

  press(key: string): void {
    if (this.state.call) this.sip?.press(this.state.call.id, key);
  }

  /** Another microphone or loudspeaker was chosen: also for the call in hand. Raises as getUserMedia does. */
  async useChosenDevices(): Promise<void> {
    this.earpiece.useChosen();
    const { call } = this.state;
    if (call?.stage === "talking") await this.sip?.replaceMicrophone(call.id, await listen());
  }

  private carryOut(order: Order): void {
    switch (order.do) {
      case "open":
        return void this.open(order.withDesk);
      case "close":
        return this.close();
      case "again":
        clearTimeout(this.again);
        this.again = setTimeout(() => this.happened({ type: "again" }), order.afterMs);
        return;
      case "accept":
        return this.sip?.accept(order.id);
      case "decline":
        return this.sip?.decline(order.id);
      case "hang_up":
        return this.sip?.hangUp(order.id);
      case "call_test":
        return this.sip?.callTest(order.id);
      case "mute":
        return this.sip?.mute(order.id, order.muted);
    }
  }

  private async open(withDesk: boolean): Promise<void> {
    const mine = ++this.opening;
    clearTimeout(this.again);
    try {
      if (this.sip !== null && this.state.call !== null) {
        await this.sip.reopen(await this.credentials(withDesk));
        if (mine === this.opening) this.happened({ type: "opened" });
        return;
      }
      const before = this.sip;
      this.sip = null;
      await before?.close();
      release(await listen()); // asked now, not when the first caller waits
      if (mine !== this.opening) return;
      const sip = await this.phone(await this.credentials(withDesk), withDesk);
      if (mine !== this.opening) return void sip.close();
      this.sip = sip;
      await sip.open();
      if (mine === this.opening) this.happened({ type: "opened" });
    } catch (problem) {
      if (mine === this.opening) this.happened({ type: "failed", ...explained(problem) });
    }
  }

  private close(): void {
    this.opening += 1;
    clearTimeout(this.again);
    this.earpiece.stop();
    void this.sip?.close();
    this.sip = null;
  }

  private credentials(withDesk: boolean): Promise<Credentials> {
    return this.session.ask<Credentials>("/me/phone", { method: "POST", body: { with_desk: withDesk } });
  }

  /** SIP is loaded only where it is used. */
  private async phone(credentials: Credentials, withDesk: boolean): Promise<SipPhone> {
    const loaded = await import("./sip");
    const sip: SipPhone = new loaded.SipPhone({
      credentials,
      renew: () => this.credentials(withDesk),
      microphone: microphoneWanted,
      onInvited: (id) => this.happened({ type: "invited", id }),
      onTalking: (id, heard) => {
        this.earpiece.play(heard);
        this.happened({ type: "talking", id });
      },
      onEnded: (id) => {
        this.earpiece.stop();
        this.happened({ type: "ended", id });
      },
      onLost: (trouble, sentence) => {
        if (this.sip === sip) this.happened({ type: "failed", trouble, sentence });
      },
    });
    return sip;
  }
}

function explained(problem: unknown): { trouble: Trouble; sentence: string } {
  const microphone = troubleOf(problem);
  if (microphone) return { trouble: microphone, sentence: "" };
  const away = !(problem instanceof ApiError) || ["unreachable", "unavailable", "full", "internal"].includes(problem.code);
  if (problem instanceof ApiError && !away) return { trouble: "refused", sentence: problem.message };
  return { trouble: problem instanceof Refusal ? "switch_refused" : "unreachable", sentence: "" };
}

function rememberedChoice(): Choice | null {
  const found = remembered.get(CHOICE);
  return found === "browser" || found === "both" || found === "desk" ? found : null;
}
