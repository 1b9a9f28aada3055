// Plays every stimulus of an item at once, sample-aligned; one of them is heard.
//
// Switching fades one out for 5 ms and then the other in for 5 ms, both along a cosine and never at
// the same time; every pass of the loop begins and ends with such a fade (BS.1534-3, 5.3).

const FADE_S = 0.005;
const GAP_S = 0.0005;
const LEAD_S = 0.03;
const AHEAD_S = 2;
const SHORTEST_LOOP_S = 0.5;
const TICK_MS = 100;
const RISE = Float32Array.from({ length: 33 }, (_, n) => 0.5 - 0.5 * Math.cos((Math.PI * n) / 32));
const FALL = RISE.slice().reverse();

class Player {
  constructor(rate) {
    this.context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    this.output = new AnalyserNode(this.context, { fftSize: 2048 });
    this.output.connect(this.context.destination);
    this.sounds = new Map();
    this.current = null;
    this.run = null;
    this.resting = 0;
    this.free = 0; // when the last switch is over
    this.duration = 0;
    this.loop = [0, 0];
    setInterval(() => this.extend(), TICK_MS);
  }

  // Take the sounds of an item: names -> encoded bytes. What was there before goes.
  async load(encoded) {
    this.pause();
    for (const { gain } of this.sounds.values()) gain.disconnect();
    this.sounds.clear();
    for (const [name, bytes] of encoded) {
      const buffer = await this.context.decodeAudioData(bytes);
      const gain = new GainNode(this.context, { gain: 0 });
      gain.connect(this.output);
      this.sounds.set(name, { buffer, gain });
    }
    this.duration = Math.min(...[...this.sounds.values()].map(({ buffer }) => buffer.duration));
    this.current = null;
    this.resting = 0;
    this.loop = [0, this.duration];
  }

  get playing() {
    return this.run !== null;
  }

  get position() {
    const now = this.context.currentTime;
    const pass = this.run?.passes.find(({ when, ends }) => when <= now && now < ends);
    if (pass) this.resting = pass.from + now - pass.when;
    return this.resting;
  }

  select(name) {
    if (name === this.current) return;
    const when = Math.max(this.context.currentTime + GAP_S, this.free);
    const before = this.sounds.get(this.current);
    if (before) before.gain.gain.setValueCurveAtTime(FALL, when, FADE_S);
    const next = when + FADE_S + GAP_S;
    this.sounds.get(name).gain.gain.setValueCurveAtTime(RISE, next, FADE_S);
    this.free = next + FADE_S + GAP_S;
    this.current = name;
  }

  play() {
    this.context.resume();
    if (this.run || !this.sounds.size) return;
    const master = new GainNode(this.context);
    master.connect(this.output);
    const [start, end] = this.loop;
    const from = this.resting >= start && this.resting < end - 4 * FADE_S ? this.resting : start;
    this.run = { master, passes: [] };
    for (const { gain } of this.sounds.values()) {
      gain.disconnect();
      gain.connect(master);
    }
    this.add(this.context.currentTime + LEAD_S, from, end);
    this.extend();
  }

  pause() {
    if (!this.run) return;
    this.resting = this.position;
    const { master, passes } = this.run;
    const now = this.context.currentTime;
    master.gain.setValueCurveAtTime(FALL, now, FADE_S);
    for (const { sources } of passes) for (const source of sources) source.stop(now + FADE_S);
    setTimeout(() => master.disconnect(), 100);
    this.run = null;
  }

  setLoop(start, end) {
    const first = Math.max(0, Math.min(start, this.duration - SHORTEST_LOOP_S));
    this.loop = [first, Math.min(this.duration, Math.max(end, first + SHORTEST_LOOP_S))];
    if (!this.run) return;
    this.pause();
    this.play();
  }

  add(when, from, end) {
    const ends = when + end - from;
    const sources = [...this.sounds.values()].map(({ buffer, gain }) => {
      const source = new AudioBufferSourceNode(this.context, { buffer });
      const edge = new GainNode(this.context, { gain: 0 });
      edge.gain.setValueCurveAtTime(RISE, when, FADE_S);
      edge.gain.setValueCurveAtTime(FALL, ends - FADE_S, FADE_S);
      source.connect(edge).connect(gain);
      source.onended = () => edge.disconnect();
      source.start(when, from, end - from);
      return source;
    });
    this.run.passes.push({ when, from, ends, sources });
  }

  extend() {
    if (!this.run) return;
    const now = this.context.currentTime;
    const { passes } = this.run;
    while (passes.at(-1).ends < now + AHEAD_S) this.add(passes.at(-1).ends, ...this.loop);
    while (passes[0].ends < now) passes.shift();
  }

  get level() {
    const samples = new Float32Array(this.output.fftSize);
    this.output.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  }
}
