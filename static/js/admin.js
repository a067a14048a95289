/* Names for what Django's admin leaves without one, for screen readers. The words stand on the page already. */
"use strict";
const name = (place, words) => words && place?.setAttribute("aria-label", words.trim().replace(/:$/, ""));
const labelOf = (field) => field.getAttribute("aria-label") ?? field.labels[0]?.textContent;
function nameParts(root) {
  root.querySelectorAll("select.admin-autocomplete").forEach((select) => {
    name(select.nextElementSibling?.querySelector(".select2-selection__rendered"), labelOf(select));
  });
  root.querySelectorAll(".datetime input").forEach((field) => {
    const whole = field.closest(".form-row").querySelector("label, legend");
    name(field, `${whole.textContent.trim()} ${field.previousSibling.textContent}`);
  });
  root.querySelectorAll(".help-tooltip[aria-label]").forEach((sign) => sign.setAttribute("role", "img"));
  root.querySelectorAll("thead th").forEach((head) => head.textContent.trim() || head.setAttribute("role", "cell"));
  name(root.querySelector("#searchbar"), root.querySelector("label[for=searchbar] img")?.alt);
}
/* After Django's own scripts have made their parts: on load, or later by jQuery; those of a new row before its event. */
const afterwards = window.django?.jQuery ?? ((act) => act());
window.addEventListener("load", () => afterwards(() => nameParts(document)));
document.addEventListener("formset:added", (event) => nameParts(event.target));
