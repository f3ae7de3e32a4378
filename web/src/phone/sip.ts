import {
  Inviter, Registerer, RegistererState, SessionState, UserAgent, type Invitation, type Session,
} from "sip.js";
import type { SessionDescriptionHandler } from "sip.js/lib/platform/web";

import { release } from "./sound";
import { Refusal, type Trouble } from "./state";

/** What the gateway gives for a while (POST /me/phone). */
export interface Credentials {
  user: string;
  domain: string;
  url: string;
  password: string;
  expires_in_s: number;
  registration_s: number;
}

export interface Wiring {
  credentials: Credentials;
  /** Raises ApiError. */
  renew: () => Promise<Credentials>;
  microphone: () => MediaTrackConstraints | true;
  onInvited: (id: string) => void;
  onTalking: (id: string, heard: MediaStream) => void;
  onEnded: (id: string) => void;
  onLost: (trouble: Trouble, sentence: string) => void;
}

const CONNECT_S = 5;
const ICE_MS = 1_000; // of gathering: in an office the first candidates are the ones that count
const KEEP_ALIVE_S = 20; // under the half minute after which home routers forget a quiet connection
const RING_S = 300; // the ACD decides how long it rings; ours must not be shorter
const RENEW_AGAIN_MS = 10_000;
const TEST_EXTENSION = "9196"; // the switch's echo

/** SIP over WebSocket: one registration, one call. Carries out; decides nothing. */
export class SipPhone {
  private readonly agent: UserAgent;
  private readonly registerer: Registerer;
  private readonly calls = new Map<string, Session>();
  private renewal: ReturnType<typeof setTimeout> | undefined;
  private over = false;

  constructor(private readonly wiring: Wiring) {
    const { user, domain, url, password, registration_s } = wiring.credentials;
    const uri = UserAgent.makeURI(`sip:${user}@${domain}`);
    if (!uri) throw new Error("The gateway gave a name that is none.");
    this.agent = new UserAgent({
      uri,
      authorizationUsername: user,
      authorizationPassword: password,
      noAnswerTimeout: RING_S,
      logBuiltinEnabled: false, // it writes whole messages, with numbers, into the browser's console
      userAgentString: "Switchyard",
      contactParams: { transport: "ws" },
      transportOptions: { server: url, connectionTimeout: CONNECT_S, keepAliveInterval: KEEP_ALIVE_S, traceSip: false },
      sessionDescriptionHandlerFactoryOptions: {
        iceGatheringTimeout: ICE_MS, peerConnectionConfiguration: { iceServers: [] },
      },
      delegate: {
        onInvite: (invitation) => this.invited(invitation),
        onDisconnect: () => this.lost("unreachable", ""),
      },
    });
    // Renewed by us, at half and with a fresh password; sip.js's own turn comes only when that failed to the end.
    this.registerer = new Registerer(this.agent, { expires: registration_s, refreshFrequency: 99 });
    this.registerer.stateChange.addListener((state) => {
      if (state === RegistererState.Unregistered && !this.over) this.lost("unreachable", "");
    });
  }

  /** Registered when it returns. Raises Refusal, or Error when there is no way to the switch. */
  async open(): Promise<void> {
    await this.agent.start();
    await this.register();
    this.renewLater(this.wiring.credentials.registration_s * 500);
  }

  /** After the socket broke: the same telephone again, for a talk goes on without one. As `open`. */
  async reopen(fresh: Credentials): Promise<void> {
    await this.agent.reconnect();
    this.agent.configuration.authorizationPassword = fresh.password;
    await this.register();
    this.renewLater(fresh.registration_s * 500);
  }

  async close(): Promise<void> {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.renewal);
    for (const id of [...this.calls.keys()]) this.hangUp(id);
    // The socket's end takes the registration with it, at once. Taking it back by SIP needs a password that a sign-out
    // has just made void, and the switch would note a failed guess from this address.
    await this.agent.transport.disconnect().catch(() => undefined); // it may be closed already
    await this.agent.stop().catch(() => undefined); // as above; there is nothing more to do
  }

  accept(id: string): void {
    const session = this.calls.get(id) as Invitation | undefined;
    void session?.accept(this.constraints()).catch(() => this.hangUp(id));
  }

  decline(id: string): void {
    void (this.calls.get(id) as Invitation | undefined)?.reject({ statusCode: 486 }).catch(() => undefined);
  }

  callTest(id: string): void {
    const target = UserAgent.makeURI(`sip:${TEST_EXTENSION}@${this.wiring.credentials.domain}`);
    if (!target) return;
    const session = new Inviter(this.agent, target, this.constraints());
    this.watch(id, session);
    session.invite().catch(() => this.ended(id));
  }

  hangUp(id: string): void {
    const session = this.calls.get(id);
    if (session) void bye(session).catch(() => this.ended(id));
  }

  mute(id: string, muted: boolean): void {
    handlerOf(this.calls.get(id))?.enableSenderTracks(!muted);
  }

  press(id: string, key: string): void {
    handlerOf(this.calls.get(id))?.sendDtmf(key, { duration: 160, interToneGap: 60 });
  }

  /** Another microphone in the call that goes on; muted if the one before was. Let go of when the call ends. */
  async replaceMicrophone(id: string, stream: MediaStream): Promise<void> {
    const [track] = stream.getAudioTracks();
    const sender = handlerOf(this.calls.get(id))?.peerConnection?.getSenders()[0];
    if (!track || !sender) return release(stream);
    const before = sender.track;
    track.enabled = before?.enabled ?? true;
    await sender.replaceTrack(track);
    before?.stop();
  }

  private constraints() {
    return { sessionDescriptionHandlerOptions: { constraints: { audio: this.wiring.microphone(), video: false } } };
  }

  private register(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.registerer.register({
        requestDelegate: {
          onAccept: () => resolve(),
          onReject: ({ message }) => reject(new Refusal(message.statusCode ?? 0)),
        },
      }).catch(reject);
    });
  }

  private renewLater(ms: number): void {
    clearTimeout(this.renewal);
    this.renewal = setTimeout(() => void this.renewNow(), ms);
  }

  private async renewNow(): Promise<void> {
    try {
      const fresh = await this.wiring.renew();
      if (this.over) return;
      this.agent.configuration.authorizationPassword = fresh.password;
      await this.register();
      this.renewLater(fresh.registration_s * 500);
    } catch {
      // The gateway is away: the switch still has us, so we go on and ask again until it forgets us.
      if (!this.over) this.renewLater(RENEW_AGAIN_MS);
    }
  }

  private lost(trouble: Trouble, sentence: string): void {
    if (!this.over) this.wiring.onLost(trouble, sentence);
  }

  private invited(invitation: Invitation): void {
    this.watch(invitation.id, invitation);
    this.wiring.onInvited(invitation.id);
  }

  private watch(id: string, session: Session): void {
    this.calls.set(id, session);
    session.stateChange.addListener((state) => {
      const handler = handlerOf(session);
      if (state === SessionState.Established && handler) this.wiring.onTalking(id, handler.remoteMediaStream);
      if (state === SessionState.Terminated) this.ended(id);
    });
  }

  private ended(id: string): void {
    if (this.calls.delete(id)) this.wiring.onEnded(id);
  }
}


function handlerOf(session: Session | undefined): SessionDescriptionHandler | undefined {
  return session?.sessionDescriptionHandler as SessionDescriptionHandler | undefined;
}

async function bye(session: Session): Promise<void> {
  if (session.state === SessionState.Established) await session.bye();
  else if (session instanceof Inviter) await session.cancel();
  else await (session as Invitation).reject();
}
