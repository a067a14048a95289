/* The shopping list: print it, copy it as text. Browsers copy what is selected over plain http too, where they have no clipboard. */
"use strict";
on("click", async ({ target }) => {
  if (target.closest?.("[data-print]")) window.print();
  const key = target.closest?.("[data-copy]");
  if (!key) return;
  const field = document.getElementById(key.dataset.copy);
  field.select();
  if (!document.execCommand("copy")) await navigator.clipboard.writeText(field.value);
  document.getElementById("status").textContent = key.textContent = key.dataset.done;
});
