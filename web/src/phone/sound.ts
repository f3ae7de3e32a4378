// Microphones and loudspeakers: which ones, and what is heard of them.
import { remembered } from "../shared/storage";
import type { Trouble } from "./state";

export interface Devices {
  microphones: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}

const MICROPHONE = "phone.microphone";
const SPEAKER = "phone.speaker";

export const chosen = {
  microphone: () => remembered.get(MICROPHONE) ?? "",
  speaker: () => remembered.get(SPEAKER) ?? "",
  setMicrophone: (id: string) => remembered.set(MICROPHONE, id || null),
  setSpeaker: (id: string) => remembered.set(SPEAKER, id || null),
};

/** Not `exact`: a headset left at home must not leave the agent without a telephone. */
export function microphoneWanted(): MediaTrackConstraints | true {
  const id = chosen.microphone();
  return id ? { deviceId: { ideal: id } } : true;
}

/** The person is asked by the browser, the first time. Raises as getUserMedia does. */
export function listen(): Promise<MediaStream> {
  // Without https (or localhost) browsers have no such thing at all.
  if (!("mediaDevices" in navigator)) return Promise.reject(new DOMException("", "NotAllowedError"));
  return navigator.mediaDevices.getUserMedia({ audio: microphoneWanted() });
}

export function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

export function troubleOf(problem: unknown): Trouble | null {
  if (!(problem instanceof DOMException)) return null;
  if (problem.name === "NotAllowedError" || problem.name === "SecurityError") return "microphone_denied";
  return ["NotFoundError", "NotReadableError", "OverconstrainedError", "AbortError"].includes(problem.name)
    ? "microphone_missing" : null;
}

export async function devices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind) => all.filter((one) => one.kind === kind && one.deviceId !== "");
  return { microphones: of("audioinput"), speakers: of("audiooutput") };
}

/** The other side's voice, at the loudspeaker chosen. */
export class Earpiece {
  private readonly element = document.createElement("audio");

  constructor() {
    this.element.autoplay = true;
  }

  play(stream: MediaStream): void {
    this.element.srcObject = stream;
    this.useChosen();
    // Refused only before the person has touched the page, and answering is a touch.
    void this.element.play().catch(() => undefined);
  }

  stop(): void {
    this.element.srcObject = null;
  }

  /** Where the browser lets a page choose (not in Safari); a loudspeaker that has gone leaves the usual one. */
  useChosen(): void {
    if ("setSinkId" in this.element) void this.element.setSinkId(chosen.speaker()).catch(() => undefined);
  }
}

/** Tells some ten times a second how loud it is, 0 to 1, until the returned function is called. */
export function meter(stream: MediaStream, tell: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  context.createMediaStreamSource(stream).connect(analyser);
  const timer = window.setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    tell(loudness(samples));
  }, 100);
  return () => {
    window.clearInterval(timer);
    void context.close();
  };
}

const QUIETEST_DB = -60;

/** Of samples between -1 and 1: 0 at -60 dB and below, 1 at full scale. */
export function loudness(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i += 1) sum += samples[i]! ** 2;
  const db = 10 * Math.log10(sum / Math.max(samples.length, 1) || 1e-12);
  return Math.min(1, Math.max(0, 1 - db / QUIETEST_DB));
}
