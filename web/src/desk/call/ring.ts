// The ring tone: 450 Hz, one second on, two off; made here, so no file has to be loaded while it rings.
const TONE_HZ = 450;
const ON_S = 1;
const EVERY_MS = 3_000;
const VOLUME = 0.18;

let context: AudioContext | null = null;

function audio(): AudioContext | null {
  if (typeof AudioContext === "undefined") return null;
  context ??= new AudioContext();
  return context;
}

/** Browsers keep a page silent until the person has touched it: the first touch wakes the sound. */
export function wakeOnTouch(): () => void {
  const wake = () => {
    void audio()?.resume().catch(() => undefined);
    stop();
  };
  const stop = () => {
    window.removeEventListener("pointerdown", wake);
    window.removeEventListener("keydown", wake);
  };
  window.addEventListener("pointerdown", wake);
  window.addEventListener("keydown", wake);
  return stop;
}

/** Rings until the returned function is called. Silent where the browser does not allow sound. */
export function ring(): () => void {
  const speaker = audio();
  if (speaker === null) return () => undefined;
  const playing = new Set<OscillatorNode>();
  const once = () => {
    if (speaker.state !== "running") return;
    const tone = speaker.createOscillator();
    const loudness = speaker.createGain();
    const begin = speaker.currentTime;
    tone.frequency.value = TONE_HZ;
    // Faded in and out: a tone cut off clicks.
    loudness.gain.setValueAtTime(0, begin);
    loudness.gain.linearRampToValueAtTime(VOLUME, begin + 0.03);
    loudness.gain.setValueAtTime(VOLUME, begin + ON_S - 0.05);
    loudness.gain.linearRampToValueAtTime(0, begin + ON_S);
    tone.connect(loudness).connect(speaker.destination);
    tone.start(begin);
    tone.stop(begin + ON_S);
    playing.add(tone);
    tone.onended = () => playing.delete(tone);
  };
  once();
  const timer = window.setInterval(once, EVERY_MS);
  return () => {
    window.clearInterval(timer);
    for (const tone of playing) tone.stop();
  };
}
