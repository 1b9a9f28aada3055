// The player's hands: clicks, drags and keys, and what it shows to tests. Part of its closure.
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
part("[data-reset]")?.addEventListener("click", () =>
  changeStrips(strips.keys(), (strip) => (strip.solo = strip.mute = false)),
);

const DRAG_PX = 5;
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
