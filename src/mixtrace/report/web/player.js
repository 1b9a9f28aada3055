// The player: every sound of a deck runs at once, sample-aligned; switching only moves gains.
//
// Two decks: "main" (target, estimate, residual, sum: the whole song) and "strips" (tracks, dry and
// processed: a stretch of it). One deck runs at a time. Audio lies in the page as base64 and is
// decoded when it is first wanted, one file after the other.
//
// window.mixtracePlayer, for tests and the console:
//   position  seconds into the song         current  "target", "estimate", "residual", "sum", "tracks"
//   playing   whether sound runs            loop     [start, end] in seconds, or null
//   ready     the names that are decoded    level    root mean square of what is heard now
//   clock     seconds of the audio clock
//   play(), pause(), select(name), seek(seconds), setLoop(start, end), clearLoop()
(() => {
  "use strict";

  const FADE_S = 0.01;
  const LEAD_S = 0.02;
  const SEEK_S = 5;
  const SHORTEST_LOOP_S = 0.1;
  const DRAG_PX = 5;
  const RATE_HZ = 48000;

  const root = document.getElementById("player");
  if (!root) return;
  const facts = JSON.parse(document.getElementById("listen-facts").textContent);
  const part = (selector) => root.querySelector(selector);
  const parts = (selector) => [...root.querySelectorAll(selector)];

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

  const decks = { main: new Deck(0), strips: new Deck(facts.span[0]) };
  const strips = new Map(
    parts("[data-strip]").map((row) => [
      row.dataset.strip,
      { row, version: "processed", solo: false, mute: false, touched: false },
    ]),
  );
  const mainNames = parts(".signals [data-signal]").map((button) => button.dataset.signal);

  let context = null;
  let output = null;
  let current = mainNames[0];
  let playing = false;
  let resting = 0; // the position while nothing plays
  let loop = null;
  let run = null; // what runs: its deck, when it began, where, and in which range

  const deck = () => (current === "tracks" ? decks.strips : decks.main);

  // Where sound may run: [start, end), from the end back to the start if it loops.
  function range() {
    const tracks = current === "tracks";
    const [first, last] = tracks ? facts.span : [0, facts.duration];
    if (loop) {
      const start = Math.max(loop[0], first);
      const end = Math.min(loop[1], last);
      if (end - start >= SHORTEST_LOOP_S) return { start, end, loops: true };
    }
    return { start: first, end: last, loops: tracks };
  }

  const inside = (position, { start, end }) =>
    position >= start && position < end ? position : start;

  function positionAt(time) {
    const { from, when, lead, range: bounds } = run;
    const reached = from + Math.max(-lead, time - when);
    if (reached >= bounds.start && reached < bounds.end) return reached;
    if (!bounds.loops) return Math.min(Math.max(reached, bounds.start), bounds.end);
    const length = bounds.end - bounds.start;
    return bounds.start + ((((reached - bounds.start) % length) + length) % length);
  }

  const position = () => (run ? positionAt(context.currentTime) : resting);

  // Decoding: in order of demand, one at a time.
  const wanted = new Map();
  let queue = Promise.resolve();

  function openContext() {
    if (context) return;
    context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
    output = new AnalyserNode(context, { fftSize: 2048 });
    output.connect(context.destination);
  }

  function load(name) {
    openContext();
    if (!wanted.has(name)) {
      const decoding = queue.then(() => decode(name));
      queue = decoding.catch(() => {});
      wanted.set(name, decoding);
    }
    return wanted.get(name);
  }

  async function decode(name) {
    const block = document.getElementById(`audio-${name}`);
    if (!block) return;
    const bytes = Uint8Array.from(atob(block.textContent), (c) => c.charCodeAt(0));
    let buffer;
    try {
      buffer = await context.decodeAudioData(bytes.buffer);
    } catch (error) {
      const problem = part("[data-problem]");
      problem.textContent = "This browser cannot decode Ogg Opus; open the page in Firefox or Chromium.";
      problem.hidden = false;
      throw error;
    }
    const home = mainNames.includes(name) ? decks.main : decks.strips;
    home.add(name, buffer, context, output);
    setLevels();
    if (run && run.deck === home) join(name);
  }

  // Let a sound that was decoded late run with the others.
  function join(name) {
    const when = soon();
    run.deck.start(name, when, positionAt(when), run.range, ended(run));
  }

  const VERSIONS = ["dry", "processed"];
  const heard = ([number, strip]) => `${strip.version}-${number}`;
  const both = ([number]) => VERSIONS.map((version) => `${version}-${number}`);
  function wantedNow() {
    if (current !== "tracks") return [current, ...mainNames];
    const touched = [...strips].filter(([, strip]) => strip.touched);
    return [...[...strips].map(heard), ...touched.flatMap(both)];
  }
  const loadWanted = () => Promise.all([...new Set(wantedNow())].map(load));

  // Levels: one of four on the main deck; version, solo and mute on the strips'.
  function setLevels() {
    for (const name of mainNames) decks.main.setLevel(name, name === current ? facts.gains[name] : 0);
    const soloed = [...strips.values()].some((strip) => strip.solo);
    for (const [number, strip] of strips) {
      const open = soloed ? strip.solo : !strip.mute;
      for (const version of VERSIONS) {
        const name = `${version}-${number}`;
        decks.strips.setLevel(name, open && strip.version === version ? facts.gains[name] : 0);
      }
    }
  }

  // Begin at `when`; what goes on from another run has moved on until then, by `lead`.
  function start(from, when, lead = 0) {
    const bounds = range();
    run = { deck: deck(), when, lead, from: inside(from, bounds), range: bounds };
    for (const name of run.deck.sounds.keys()) run.deck.start(name, when, run.from, bounds, ended(run));
  }

  function halt(when = context?.currentTime) {
    if (!run) return;
    resting = positionAt(when);
    run.deck.stop(when);
    run = null;
  }

  const soon = () => context.currentTime + LEAD_S;

  // Take another range, deck or position; without a position, go on where it is.
  function restart(from) {
    const running = run !== null;
    const when = running ? soon() : 0;
    halt(when);
    const bounds = range();
    const wanted = from ?? resting;
    const goesOn = from === undefined && inside(wanted, bounds) === wanted;
    resting = inside(wanted, bounds);
    if (running) start(resting, when, goesOn ? LEAD_S : 0);
    show();
  }

  const ended = (mine) => () => {
    if (run !== mine || mine.range.loops) return;
    playing = false;
    halt();
    resting = mine.range.start;
    show();
  };

  async function play() {
    if (playing) return;
    playing = true;
    show();
    const rest = loadWanted();
    await context.resume();
    await load(current === "tracks" ? wantedNow()[0] : current);
    if (playing && !run) start(resting, soon());
    show();
    await rest;
  }

  function pause() {
    playing = false;
    halt();
    show();
  }

  function select(name) {
    const before = deck();
    current = name;
    setLevels();
    if (context) loadWanted();
    if (deck() !== before) restart();
    show();
  }

  function setLoop(start, end) {
    const clip = (second) => Math.min(Math.max(second, 0), facts.duration);
    const bounds = [clip(Math.min(start, end)), clip(Math.max(start, end))];
    loop = bounds[1] - bounds[0] >= SHORTEST_LOOP_S ? bounds : null;
    restart();
  }

  function clearLoop() {
    if (!loop) return;
    loop = null;
    restart();
  }

  const seek = (second) => restart(Math.min(Math.max(second, 0), facts.duration - 0.01));

  // What is shown.
  const press = (button, pressed) => button.setAttribute("aria-pressed", String(pressed));
  const percent = (second) => `${(100 * second) / facts.duration}%`;
  const clock = (second, digits) => {
    const rest = (second % 60).toFixed(digits).padStart(digits ? 4 : 2, "0");
    return `${Math.floor(second / 60)}:${rest}`;
  };

  function band(selector, bounds) {
    const element = part(selector);
    element.hidden = !bounds || bounds[1] <= bounds[0];
    if (element.hidden) return;
    element.style.left = percent(bounds[0]);
    element.style.width = percent(bounds[1] - bounds[0]);
  }

  function show() {
    press(part("[data-play]"), playing);
    for (const button of parts("[data-signal]")) press(button, button.dataset.signal === current);
    const shape = current === "tracks" ? "estimate" : current;
    for (const svg of parts("[data-shape]")) svg.toggleAttribute("hidden", svg.dataset.shape !== shape);
    for (const text of parts("[data-about]")) text.hidden = text.dataset.about !== current;
    const [first, last] = current === "tracks" ? facts.span : [0, facts.duration];
    band("[data-before]", [0, first]);
    band("[data-after]", [last, facts.duration]);
    band("[data-loop]", loop);
    part("[data-clear]").hidden = !loop;
    showStrips();
    showPosition();
    if (playing) requestAnimationFrame(follow);
  }

  function showStrips() {
    for (const strip of strips.values()) {
      strip.row.dataset.heard = strip.version;
      for (const button of strip.row.querySelectorAll("button")) {
        const { version, switch: name } = button.dataset;
        press(button, version ? strip.version === version : strip[name]);
      }
    }
  }

  let shownSecond = null;
  function showPosition() {
    const second = Math.min(position(), facts.duration);
    part("[data-cursor]").style.left = percent(second);
    part("[data-clock]").textContent = clock(Math.floor(second * 10) / 10, 1);
    if (Math.floor(second) === shownSecond) return;
    shownSecond = Math.floor(second);
    const slider = part("[data-waveform]");
    slider.setAttribute("aria-valuenow", second.toFixed(2));
    slider.setAttribute("aria-valuetext", `${clock(shownSecond, 0)} of ${clock(Math.floor(facts.duration), 0)}`);
  }

  let following = false;
  function follow() {
    if (following) return;
    following = true;
    requestAnimationFrame(() => {
      following = false;
      showPosition();
      if (playing) follow();
    });
  }

  // Hands.
  const toggle = () => (playing ? pause() : play());
  part("[data-play]").addEventListener("click", toggle);
  for (const button of parts("[data-signal]")) {
    button.addEventListener("click", () => {
      select(button.dataset.signal);
      if (button.dataset.signal === "tracks" && !playing) play();
    });
  }
  part("[data-clear]").addEventListener("click", clearLoop);

  // A button that was clicked gives the keyboard back, so that space plays.
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && event.detail > 0) button.blur();
  });

  function changeStrips(numbers, change) {
    for (const number of numbers) change(strips.get(number));
    setLevels();
    if (current !== "tracks") select("tracks");
    else if (context) loadWanted();
    show();
    if (!playing) play();
  }

  for (const [number, { row }] of strips) {
    row.addEventListener("click", (event) => {
      const { version, switch: name } = event.target.closest("button")?.dataset ?? {};
      if (!version && !name) return;
      changeStrips([number], (strip) => {
        strip.touched = true;
        if (version) strip.version = version;
        else strip[name] = !strip[name];
      });
    });
  }
  for (const button of parts("[data-all]")) {
    button.addEventListener("click", () =>
      changeStrips(strips.keys(), (strip) => (strip.version = button.dataset.all)),
    );
  }
  part("[data-reset]").addEventListener("click", () =>
    changeStrips(strips.keys(), (strip) => (strip.solo = strip.mute = false)),
  );

  const waveform = part("[data-waveform]");
  let drag = null;
  const secondAt = (event) => {
    const box = waveform.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(Math.max(share, 0), 1) * facts.duration;
  };
  waveform.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    waveform.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, second: secondAt(event), moved: false };
  });
  waveform.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.moved ||= Math.abs(event.clientX - drag.x) > DRAG_PX;
    if (!drag.moved) return;
    band("[data-loop]", [drag.second, secondAt(event)].sort((a, b) => a - b));
  });
  waveform.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { second, moved } = drag;
    drag = null;
    if (moved) setLoop(second, secondAt(event));
    else seek(second);
  });
  waveform.addEventListener("pointercancel", () => {
    drag = null;
    show();
  });

  const FIELDS = "input, select, textarea, [contenteditable]";
  const ACTIVE = "button, summary, a[href], [role=button]";

  function actionOf(event) {
    const { key, target } = event;
    if (mainNames[Number(key) - 1]) return () => select(mainNames[Number(key) - 1]);
    if (key === " ") return target.closest(ACTIVE) ? null : toggle;
    if (key === "Escape") return loop ? clearLoop : null;
    const mine = target === document.body || root.contains(target);
    if (key === "ArrowLeft") return mine ? () => seek(position() - SEEK_S) : null;
    if (key === "ArrowRight") return mine ? () => seek(position() + SEEK_S) : null;
    if (target !== waveform) return null;
    return { Home: () => seek(0), End: () => seek(facts.duration) }[key] ?? null;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (event.target.closest?.(FIELDS)) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || event.key.startsWith("Arrow")) action();
  });

  window.mixtracePlayer = {
    get position() { return position(); },
    get current() { return current; },
    get playing() { return playing && run !== null; },
    get loop() { return loop; },
    get ready() { return Object.values(decks).flatMap((d) => [...d.sounds.keys()]); },
    get clock() { return context?.currentTime ?? 0; },
    get level() {
      if (!output) return 0;
      const samples = new Float32Array(output.fftSize);
      output.getFloatTimeDomainData(samples);
      return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
    },
    play,
    pause,
    select,
    seek,
    setLoop,
    clearLoop,
  };
  show();
})();
