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
//
// Four files share one closure: player_deck.js, this one, player_view.js and player_hands.js.

const LEAD_S = 0.02;
const SEEK_S = 5;
const SHORTEST_LOOP_S = 0.1;
const RATE_HZ = 48000;
const SILENCE_MS = 3000;

const root = document.getElementById("player");
if (!root) return;
const facts = JSON.parse(document.getElementById("listen-facts").textContent);
const part = (selector) => root.querySelector(selector);
const parts = (selector) => [...root.querySelectorAll(selector)];

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
let undecodable = false;

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

function complain(text) {
  const problem = part("[data-problem]");
  problem.textContent = text;
  problem.hidden = !text;
}

async function decode(name) {
  const block = document.getElementById(`audio-${name}`);
  if (!block) return;
  const bytes = Uint8Array.from(atob(block.textContent), (c) => c.charCodeAt(0));
  let buffer;
  try {
    buffer = await context.decodeAudioData(bytes.buffer);
  } catch (error) {
    undecodable = true;
    complain("This browser cannot decode Ogg Opus; open the page in Firefox or Chromium.");
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
  const patience = setTimeout(complain, SILENCE_MS, "The browser finds no sound device to play on.");
  await context.resume();
  clearTimeout(patience);
  if (!undecodable) complain("");
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
