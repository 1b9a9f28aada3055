// The test: who listens, item after item, and the ratings as a file.
//
// What a stimulus is lies in the page scrambled, so that nobody reads it by accident; it is no
// secret from somebody who wants to find out. Names go into the file of ratings alone.
//
// window.mixtraceListeningTest, for tests and the console:
//   player  see mushra_player.js       labels  what is shown, in order
//   key     opened when the test starts    ratings  of the item at hand

const LETTERS = "ABCDEFGHIJKL";
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u;

const root = document.getElementById("mushra");
const part = (name) => root.querySelector(`[data-${name}]`);
const facts = JSON.parse(document.getElementById("mushra-facts").textContent);
const state = { player: null, key: null, labels: [], ratings: new Map() };
const rows = [];
let listener = "";
let order = [];
let number = 0;
let heard = new Set();
let saved = true;
window.mixtraceListeningTest = state;

const bytesOf = (id) =>
  Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));

function openKey() {
  const pad = new TextEncoder().encode(facts.test);
  const plain = bytesOf("mushra-key").map((byte, n) => byte ^ pad[n % pad.length]);
  return JSON.parse(new TextDecoder().decode(plain));
}

// The same seed and listener give the same order: FNV-1a of both seeds a mulberry32.
function shuffler(text) {
  let state32 = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    state32 = Math.imul(state32 ^ byte, 0x01000193);
  }
  const draw = () => {
    state32 = (state32 + 0x6d2b79f5) | 0;
    let t = Math.imul(state32 ^ (state32 >>> 15), 1 | state32);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return (list) => {
    const mixed = [...list];
    for (let n = mixed.length - 1; n > 0; n -= 1) {
      const other = Math.floor(draw() * (n + 1));
      [mixed[n], mixed[other]] = [mixed[other], mixed[n]];
    }
    return mixed;
  };
}

const say = (text) => {
  part("status").textContent = text;
};

async function begin(event) {
  event.preventDefault();
  listener = part("listener").value.trim();
  if (!NAME.test(listener)) {
    part("wrong").textContent =
      "Expected your name or number: letters, digits, spaces, dots and dashes, 60 at most.";
    part("listener").focus();
    return;
  }
  state.key = openKey();
  const shuffled = shuffler(`${facts.seed}/${listener}`);
  order = shuffled(state.key.items).map((item) => ({ ...item, stimuli: shuffled(item.stimuli) }));
  state.player = new Player(facts.rate);
  saved = false;
  part("welcome").hidden = true;
  part("trial").hidden = false;
  await show(0);
}

async function show(next) {
  number = next;
  const item = order[number];
  state.ratings = new Map();
  heard = new Set();
  state.labels = item.stimuli.map((_, n) => LETTERS[n]);
  part("heading").textContent = `Item ${number + 1} of ${order.length}`;
  part("next").textContent = number + 1 < order.length ? "Next item" : "Finish";
  part("stimuli").replaceChildren(...item.stimuli.map((stimulus, n) => row(n)));
  part("play").disabled = true;
  say("Loading.");
  const blocks = new Map([["reference", bytesOf(item.reference).buffer]]);
  item.stimuli.forEach(({ block }, n) => blocks.set(LETTERS[n], bytesOf(block).buffer));
  try {
    await state.player.load(blocks);
  } catch (error) {
    say("This browser cannot decode FLAC; open the page in a recent Firefox, Chromium or Safari.");
    throw error;
  }
  part("play").disabled = false;
  choose("reference");
  showLoop();
  say("Ready.");
  part("heading").focus();
}

function row(n) {
  const label = LETTERS[n];
  const made = part("row").content.cloneNode(true).firstElementChild;
  made.dataset.stimulus = label;
  const button = made.querySelector("button");
  const slider = made.querySelector("input");
  button.textContent = label;
  button.setAttribute("aria-label", `Play ${label}`);
  button.addEventListener("click", () => choose(label, true));
  slider.setAttribute("aria-label", `Rating of ${label}`);
  slider.setAttribute("aria-valuetext", "not rated");
  slider.addEventListener("focus", () => choose(label));
  slider.addEventListener("input", () => rate(label, slider));
  return made;
}

const WORDS = ["bad", "poor", "fair", "good", "excellent"];
const word = (rating) => WORDS[Math.min(4, Math.floor(rating / 20))];

// Only what is heard can be rated: a slider that is moved brings its stimulus.
function rate(label, slider) {
  choose(label);
  state.ratings.set(label, Number(slider.value));
  slider.setAttribute("aria-valuetext", `${slider.value}, ${word(slider.value)}`);
  slider.closest("li").querySelector("output").textContent = slider.value;
}

function choose(label, start = false) {
  state.player.select(label);
  if (start) state.player.play();
  if (state.player.playing) heard.add(label);
  for (const button of root.querySelectorAll("[data-reference], [data-stimulus] button")) {
    const own = button.closest("[data-stimulus]")?.dataset.stimulus ?? "reference";
    button.setAttribute("aria-pressed", String(own === label));
  }
  showPlaying();
}

function toggle() {
  if (state.player.playing) state.player.pause();
  else {
    state.player.play();
    heard.add(state.player.current);
  }
  showPlaying();
}

function showPlaying() {
  part("play").textContent = state.player.playing ? "Pause" : "Play";
}

function showLoop() {
  const [start, end] = state.player.loop;
  const whole = start === 0 && end === state.player.duration;
  part("loop").textContent = whole
    ? "The whole excerpt repeats."
    : `${start.toFixed(1)} to ${end.toFixed(1)} s repeat.`;
}

function loop(start, end) {
  state.player.setLoop(start, end);
  showLoop();
}

const fromHere = () => loop(state.player.position, state.player.loop[1]);
const toHere = () => loop(state.player.loop[0], state.player.position);
const wholeAgain = () => loop(0, state.player.duration);

async function next() {
  const unheard = state.labels.filter((label) => !heard.has(label));
  const unrated = state.labels.filter((label) => !state.ratings.has(label));
  if (unheard.length || unrated.length) {
    const left = [
      unheard.length && `not heard: ${unheard.join(", ")}`,
      unrated.length && `not rated: ${unrated.join(", ")}`,
    ].filter(Boolean);
    say(`Hear and rate all of them before you go on; ${left.join("; ")}.`);
    return;
  }
  keep();
  if (number + 1 < order.length) {
    await show(number + 1);
    return;
  }
  state.player.pause();
  part("trial").hidden = true;
  part("end").hidden = false;
  part("thanks").focus();
}

function keep() {
  const item = order[number];
  const time = new Date().toISOString();
  item.stimuli.forEach(({ system, role }, n) => {
    const rating = state.ratings.get(LETTERS[n]);
    rows.push([facts.test, listener, time, item.song, system, role, rating, n + 1]);
  });
}

const HEAD = ["test", "listener", "time", "song", "system", "role", "rating", "position"];
const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;

function download() {
  const text = [HEAD, ...rows].map((values) => values.map(quoted).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text}\r\n`], { type: "text/csv" }));
  link.download = `ratings ${listener}.csv`;
  link.click();
  saved = true;
}

const TYPED = ["INPUT", "TEXTAREA", "SELECT"];
function onKey(event) {
  if (part("trial").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target;
  if (TYPED.includes(on.tagName) && on.type !== "range") return;
  const chosen = "123456789".indexOf(event.key);
  if (event.key === "r" || event.key === "0") choose("reference", true);
  else if (chosen >= 0 && state.labels[chosen]) choose(state.labels[chosen], true);
  else if (event.key === " " && on.tagName !== "BUTTON") toggle();
  else if (event.key === "[") fromHere();
  else if (event.key === "]") toHere();
  else if (event.key === "Escape") wholeAgain();
  else return;
  event.preventDefault();
}

part("form").addEventListener("submit", begin);
part("play").addEventListener("click", toggle);
part("reference").addEventListener("click", () => choose("reference", true));
part("from").addEventListener("click", fromHere);
part("to").addEventListener("click", toHere);
part("whole").addEventListener("click", wholeAgain);
part("next").addEventListener("click", next);
part("download").addEventListener("click", download);
document.addEventListener("keydown", onKey);
window.addEventListener("beforeunload", (event) => {
  if (!saved) event.preventDefault();
});
setInterval(() => {
  if (state.player?.duration) part("position").value = state.player.position / state.player.duration;
}, 100);
