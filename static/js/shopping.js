/* The shopping list: print it, copy it as text. Over plain http browsers have no clipboard, but copy what is selected. */
"use strict";
on("click", async ({ target }) => {
  if (target.closest?.("[data-print]")) window.print();
  const key = target.closest?.("[data-copy]");
  if (!key) return;
  const field = document.getElementById(key.dataset.copy);
  field.select();
  try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
  document.getElementById("status").textContent = key.textContent = key.dataset.done;
});
