// The player's looks: buttons, waveform, clock. Part of the player's closure, see player.js.
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
