const FADE_S = 0.01;

// A group of sounds that start together, each with a gain of its own.
class Deck {
  constructor(origin) {
    this.origin = origin;
    this.sounds = new Map();
    this.take = [];
  }

  add(name, buffer, context, output) {
    const gain = new GainNode(context, { gain: 0 });
    gain.connect(output);
    this.sounds.set(name, { buffer, gain });
  }

  // Start one sound so that `position` of the song is heard at `when` of the context's clock.
  start(name, when, position, range, onEnd) {
    const { buffer, gain } = this.sounds.get(name);
    const context = gain.context;
    const source = new AudioBufferSourceNode(context, {
      buffer,
      loop: range.loops,
      loopStart: range.start - this.origin,
      loopEnd: range.end - this.origin,
    });
    const edge = new GainNode(context, { gain: 0 });
    edge.gain.setValueAtTime(0, when);
    edge.gain.linearRampToValueAtTime(1, when + FADE_S);
    source.connect(edge).connect(gain);
    source.onended = onEnd;
    source.start(when, Math.max(0, position - this.origin));
    this.take.push({ source, edge });
  }

  stop(when) {
    for (const { source, edge } of this.take) {
      source.onended = () => edge.disconnect();
      edge.gain.cancelScheduledValues(when);
      edge.gain.setValueAtTime(edge.gain.value, when);
      edge.gain.linearRampToValueAtTime(0, when + FADE_S);
      source.stop(when + FADE_S);
    }
    this.take = [];
  }

  setLevel(name, level) {
    const sound = this.sounds.get(name);
    if (!sound || sound.level === level) return;
    sound.level = level;
    const { gain } = sound.gain;
    const now = sound.gain.context.currentTime;
    gain.cancelScheduledValues(now);
    gain.setValueAtTime(gain.value, now);
    gain.linearRampToValueAtTime(level, now + FADE_S);
  }
}
