// What is written: the draft in the composer, its files, the numbers of the settings. Comes after page.js.
(() => {
  const page = window.qwen3vl;
  const { $, send, store } = page;

  // -- drafts: what is being written outlives a reload, with its files; an earlier message in the composer is no draft -------
  page.kept = ({ text, files }, editing) => {
    const paths = files.map((file) => file.path);
    if (removed >= 0) paths.splice(removed, 1);
    removed = -1;
    if (!page.ready) return [];
    if (!editing) store.set("draft", text || paths.length ? JSON.stringify({ text, files: paths }) : "");
    const fresh = paths.filter((path) => !looked.has(path));
    for (const path of fresh) looked.add(path);
    if (fresh.length) send("attached"); // a file of another kind is refused at once
    return [];
  };
  const looked = new Set();
  let removed = -1; // Gradio tells of a file that is taken out before it is
  document.addEventListener("click", (event) => {
    const file = event.target.closest?.("#box .delete-button") && event.target.closest(".thumbnail-item");
    if (file) removed = [...document.querySelectorAll("#box .thumbnail-item")].indexOf(file);
  }, true);

  // -- files that the server would refuse are refused before the upload, in the page's language ----------------------------
  for (const kind of ["change", "drop", "paste"]) {
    document.addEventListener(kind, (event) => {
      if (!event.target.closest?.("#box") && kind !== "drop") return;
      const limit = Number($("#labels [data-limit]")?.dataset.limit || Infinity);
      const files = event.target.files || (event.dataTransfer || event.clipboardData)?.files || [];
      const large = [...files].find((file) => file.size > limit);
      if (!large) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (kind === "change") event.target.value = "";
      send("too-large", "", large.name);
    }, true);
  }

  // -- numbers of the settings count when they are complete; Gradio would cut off or keep what does not fit, without a word ----
  const numberField = (event) => event.target.matches?.("#settings-bar input[type=number]") && event.isTrusted;
  document.addEventListener("focusin", ({ target }) => { if (target.matches("#settings-bar input[type=number]")) target.dataset.good = target.value; });
  document.addEventListener("input", (event) => { if (numberField(event)) event.stopImmediatePropagation(); }, true);
  document.addEventListener("change", (event) => {
    if (!numberField(event)) return;
    const field = event.target;
    const value = field.valueAsNumber;
    const whole = Number.isInteger(Number(field.step));
    if (value >= Number(field.min) && value <= Number(field.max) && (!whole || Number.isInteger(value))) {
      field.dataset.good = field.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    } else {
      field.value = field.dataset.good;
      send("out-of-range", field.closest("[id^=set-]").id.slice("set-".length));
    }
  }, true);
})();
