// The graph: a click, Enter or space on a processor shows its settings below; arrow keys go to the
// nearest processor in their direction, so the whole picture is one stop of the tab key.
(() => {
  "use strict";

  const root = document.getElementById("diagram");
  if (!root) return;
  const panel = document.getElementById("node-panel");
  const empty = [...panel.children];
  const nodes = [...root.querySelectorAll("[data-node]")];
  const centres = new Map(
    nodes.map((node) => {
      const { x, y, width, height } = node.querySelector("rect");
      const middle = (start, length) => start.baseVal.value + length.baseVal.value / 2;
      return [node, [middle(x, width), middle(y, height)]];
    }),
  );
  let open = null;

  function show(node) {
    open?.setAttribute("aria-pressed", "false");
    open = node === open ? null : node;
    panel.classList.toggle("filled", open !== null);
    if (!open) {
      panel.replaceChildren(...empty);
      return;
    }
    open.setAttribute("aria-pressed", "true");
    const template = root.querySelector(`[data-detail="${open.dataset.node}"]`);
    panel.replaceChildren(template.content.cloneNode(true));
    panel.querySelector("[data-close]").addEventListener("click", close);
    panel.scrollIntoView({ block: "nearest" });
  }

  function close() {
    const node = open;
    if (!node) return;
    show(node);
    focus(node);
  }

  function focus(node) {
    for (const other of nodes) other.tabIndex = other === node ? 0 : -1;
    node.focus({ preventScroll: true });
    // Firefox takes a group for a point at the picture's corner: scroll to its rectangle.
    node.querySelector("rect").scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const ASIDE = 3; // a step aside counts as three ahead

  function next(node, [right, down]) {
    const [x, y] = centres.get(node);
    let best = null;
    for (const [other, [otherX, otherY]] of centres) {
      const ahead = (otherX - x) * right + (otherY - y) * down;
      const aside = Math.abs((otherX - x) * down) + Math.abs((otherY - y) * right);
      const cost = ahead + ASIDE * aside;
      if (ahead > 1 && (!best || cost < best.cost)) best = { other, cost };
    }
    return best?.other;
  }

  root.addEventListener("click", (event) => {
    const node = event.target.closest("[data-node]");
    if (!node) return;
    focus(node);
    show(node);
  });

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && open) {
      event.preventDefault();
      close();
      return;
    }
    const node = event.target.closest("[data-node]");
    if (!node) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show(node);
    } else if (DIRECTIONS[event.key]) {
      event.preventDefault();
      const target = next(node, DIRECTIONS[event.key]);
      if (target) focus(target);
    }
  });

  root.querySelector("[data-removed]")?.addEventListener("click", (event) => {
    const shown = root.classList.toggle("with-removed");
    event.currentTarget.setAttribute("aria-pressed", String(shown));
  });
})();
