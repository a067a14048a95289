/* Behaviour hooks on data-* attributes. Listeners sit on the document, so that swapped-in parts work at once. */
"use strict";
const on = (names, act, options) => names.split(" ").forEach((name) => document.addEventListener(name, act, options));
const all = (selector, root = document) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
const fill = (field, text) => { field.value = text; ["input", "change"].forEach((name) => field.dispatchEvent(new Event(name, { bubbles: true }))); };
const number = (text) => Number(String(text ?? "").replace(/\s/g, "").replace(",", ".")) || 0;
/* Stepper: keys (held: after 0.45 s, 11 a second), arrows, page keys. The server has the last word. [data-fill]: a key that sets a field. */
function step(box, by) {
  const field = box.querySelector("input"), { min, max, step: size = "1" } = box.dataset, now = number(field.value);
  const wanted = Math.max(now + by * number(size), number(min));
  const next = max && by > 0 ? Math.max(Math.min(wanted, number(max)), now) : wanted;
  if (next !== now || !field.value) fill(field, String(Number(next.toFixed(3))));
}
let timer, held = false; const keyOf = (event) => event.target.closest?.("[data-by]");
const press = (key) => key.isConnected && step(key.closest("[data-stepper]"), number(key.dataset.by));
const repeat = (key) => { held = true; press(key); timer = setTimeout(repeat, 90, key); };
on("pointerdown", (event) => { held = false; if (keyOf(event) && event.button === 0) timer = setTimeout(repeat, 450, keyOf(event)); });
on("pointerup pointercancel scroll", () => clearTimeout(timer), true);
on("pointerout", (event) => keyOf(event) && clearTimeout(timer));
on("click", (event) => keyOf(event) && (!held || event.detail === 0) && press(keyOf(event)));
on("click", ({ target }) => { const key = target.closest?.("[data-fill]"); if (key) fill(document.getElementById(key.dataset.fill), key.value); });
on("keydown", (event) => {
  const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key], box = event.target.closest?.("[data-stepper]");
  if (event.key === "Enter" && event.target.matches?.("[data-find]")) event.preventDefault();
  if (by && box) { event.preventDefault(); step(box, by); }
  const search = document.querySelector("[data-search]");
  if (event.key !== "/" || !search || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  event.preventDefault(); search.focus(); search.select();
});
/* What shows a number at once: labels that repeat one field, and the sum of a form's steppers. */
on("input", ({ target }) => {
  all(`[data-label-for="${target.id}"]`).forEach((label) => { label.textContent = target.value.trim() || "0"; });
  if (!target.form || !target.closest("[data-stepper]")) return;
  const sum = all("[data-stepper] input", target.form).reduce((total, field) => total + number(field.value), 0);
  all("[data-sum]", target.form).forEach((place) => { place[place.matches("progress") ? "value" : "textContent"] = Number(sum.toFixed(3)); });
});
/* New content, the first load included: dialogs open as modal, a summary of errors takes the focus. */
function settle(root) {
  all("dialog[data-modal]", root).forEach((box) => { if (!box.matches(":modal")) { box.open = false; box.showModal(); } });
  all("[data-autofocus]", root).forEach((place) => { place.removeAttribute("data-autofocus"); place.focus(); });
}
on("htmx:afterSettle", (event) => settle(event.target));
on("close", ({ target }) => target.matches("dialog[data-modal]") && target.remove(), true);
settle(document);
/* A form goes out once; the address keeps its one-time key, so that Back and another tap send the same. It wakes up with an answer, when Back shows the page again, or after 8 s without either. */
const keep = (form) => { const url = new URL(location); url.searchParams.set("key", form.elements.key.value); history.replaceState(history.state, "", url); };
on("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (Date.now() - number(form.dataset.sent) < 8000) { event.preventDefault(); event.stopImmediatePropagation(); }
  else { form.dataset.sent = Date.now(); event.submitter?.setAttribute("aria-busy", "true"); if (form.matches("[data-keep]")) keep(form); }
}, true);
const wake = (root) => all("[data-sent], [aria-busy]", root).forEach((place) => { delete place.dataset.sent; place.removeAttribute("aria-busy"); });
window.addEventListener("pageshow", () => wake(document));
on("htmx:afterRequest", (event) => wake(event.target));
/* One bar at the top: "no answer", "refused", or the one that the answer names. It goes with the next good answer; a form that was lost waits for its own. */
let lost = null;
const bar = (name) => all("[data-bar]").forEach((place) => { place.hidden = place.dataset.bar !== name; });
on("htmx:sendError htmx:timeout", ({ detail }) => { bar("offline"); if (detail.requestConfig.verb === "post") lost = detail.elt; });
on("htmx:responseError", ({ detail }) => bar(detail.xhr.getResponseHeader("Bakery-Bar") || "refused"));
on("htmx:afterSwap", ({ detail }) => { if (!lost?.isConnected || detail.requestConfig.elt === lost) { lost = null; bar(""); } });
