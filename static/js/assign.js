/* The assignment page: what is missing, what Save will do, and which lots still fit whole, at once and without a request. */
"use strict";
function balance() {
  const form = document.querySelector("form[data-need]");
  if (!form) return;
  const fields = all("[data-stepper] input", form), sum = fields.reduce((total, field) => total + number(field.value), 0);
  const left = Number((number(form.dataset.need) - sum).toFixed(3)), kind = left > 0 ? "missing" : left < 0 ? "over" : "complete";
  all("[data-sum]", form).forEach((place) => {
    place[place.matches("progress") ? "value" : "textContent"] = Number(sum.toFixed(3));
    if (place.matches("progress")) place.classList.toggle("progress-done", !left);
  });
  all("[data-balance]", form).forEach((place) => {
    place.textContent = place.dataset[kind].replace("#", Math.abs(left));
    if (place.dataset.balance) place.className = `tag tag-${{ missing: "warn", over: "bad", complete: "ok" }[kind]}`;
  });
  all("[data-all]", form).forEach((key) => {
    const rest = number(key.dataset.all) - number(document.getElementById(key.dataset.for).value);
    key.hidden = rest <= 0 || rest > left;
  });
}
on("input htmx:afterSettle", balance);
on("htmx:afterSettle", () => all("#lots .fold .stepper-value").forEach((field) => { if (number(field.value)) field.closest("details").open = true; }));
on("click", ({ target }) => {
  const key = target.closest?.("[data-all]");
  if (!key) return;
  const field = document.getElementById(key.dataset.for);
  field.focus();
  fill(field, key.dataset.all);
});
balance();
