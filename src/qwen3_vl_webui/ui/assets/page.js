// What the page does in the browser: buttons inside HTML become events of the bridge, keys, theme, drafts, the picture
// viewer, and the banner that asks the server how it is. No library, nothing from other hosts.
(() => {
  const keys = new Set(["__ACTION_KEY__"]);
  const store = {
    get: (name) => { try { return localStorage.getItem("qwen3vl." + name); } catch { return null; } },
    set: (name, value) => { try { localStorage.setItem("qwen3vl." + name, value); } catch { /* private mode */ } },
  };
  const page = (window.qwen3vl = { bridge: null, ready: false });
  const $ = (selector, root = document) => root.querySelector(selector);
  const box = () => $("#box textarea");
  const send = (action, id = "", text = "") => page.bridge && page.bridge({ action, id, text });

  // -- language, and what the server needs to know when the page opens ------------------------------------------------
  page.language = () => store.get("language") || (navigator.language || "en");
  page.opening = () => JSON.stringify({
    conversation: new URLSearchParams(location.search).get("c") || "",
    language: page.language(),
    zone: -new Date().getTimezoneOffset(),
    draft: store.get("draft") || "",
    settings: store.get("settings") || "",
    edited: store.get("edited") || "",
  });
  page.edited = (before, name) => {
    const names = [...new Set([...(before || []), name])];
    store.set("edited", JSON.stringify(names));
    return names;
  };
  page.unedited = (edition) => { store.set("edited", "[]"); return [edition]; };
  page.save = (...values) => { if (page.ready) store.set("settings", JSON.stringify(values)); return []; };
  if (page.language().toLowerCase().startsWith("zh")) document.documentElement.classList.add("translating");
  page.translated = (language) => {
    store.set("language", language);
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.documentElement.classList.remove("translating");
    label();
    poll();
  };
  let shown = null;
  page.opened = (conversation, found) => {
    const changed = shown !== conversation;
    shown = conversation;
    const url = new URL(location.href);
    if ((url.searchParams.get("c") || "") !== conversation) {
      if (conversation) url.searchParams.set("c", conversation); else url.searchParams.delete("c");
      history.pushState(null, "", url);
    }
    page.ready = true;
    document.documentElement.classList.add("ready");
    listen();
    if (found && sought?.conversation === conversation) { reveal(found, sought.words); sought = null; }
    if (!changed) return;
    if (narrow()) drawer("#conversations-bar", false);
    if (!matchMedia("(pointer: coarse)").matches) box()?.focus({ preventScroll: true });
  };

  // -- once its regions are there: the list is watched, and a conversation read to its end stays there at any size ----------
  let atEnd = true;
  let top = 0;
  let listening = false;
  document.addEventListener("scroll", ({ target: area }) => {
    if (!area.matches?.("#chat .bubble-wrap")) return;
    if (area.scrollHeight - area.scrollTop - area.clientHeight < 40) atEnd = true;
    else if (area.scrollTop < top) atEnd = false; // scrolled up; else what is below has grown
    top = area.scrollTop;
  }, true);
  const listen = () => {
    if (listening) return;
    listening = true;
    new MutationObserver(() => resume()).observe($("#conversations"), { childList: true, subtree: true });
    const keep = new ResizeObserver(() => {
      const area = $("#chat .bubble-wrap");
      if (area && atEnd) area.scrollTop = area.scrollHeight;
    });
    for (const region of ["#main", "#composer", "#banner-holder"]) keep.observe($(region));
  };

  // -- a conversation that a search found opens at the words ---------------------------------------------------------------
  let sought = null; // { conversation, words } from the click until it is shown
  const seek = (button) => {
    sought = { conversation: part(button, "id-"), words: $("#search input").value.trim().toLowerCase() };
    send("open-found", sought.conversation);
  };
  const firstIn = (root, words) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const at = text.data.toLowerCase().indexOf(words);
      if (at < 0 || text.parentElement.closest(".actions")) continue;
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + words.length);
      return range;
    }
    return null;
  };
  const reveal = (id, words) => {
    let [looks, quiet] = [0, 0]; // the Chatbot scrolls to its end after a while, and pictures grow: held until all is at rest
    const end = () => { quiet = Infinity; };
    for (const kind of ["wheel", "pointerdown", "keydown"]) addEventListener(kind, end, { once: true, passive: true });
    const hold = () => {
      if (quiet > 20 || looks++ > 600) return;
      const row = $(`#chat .act.id-${id}`)?.closest(".message-row");
      const area = $("#chat .bubble-wrap");
      if (row && area) {
        const range = firstIn(row, words); // none where marks or formulas come between
        if (range) CSS.highlights?.set("found", new Highlight(range));
        atEnd = false;
        const before = area.scrollTop;
        area.scrollTop += (range || row).getBoundingClientRect().top - area.getBoundingClientRect().top - area.clientHeight / 4;
        quiet = Math.abs(area.scrollTop - before) > 1 ? 0 : quiet + 1;
      }
      setTimeout(hold, 50);
    };
    hold();
  };

  addEventListener("popstate", () => send("open", new URLSearchParams(location.search).get("c") || ""));

  // -- theme: system, unless the user chose ---------------------------------------------------------------------------
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => {
    const on = (store.get("theme") || (dark.matches ? "dark" : "light")) === "dark";
    if (document.body && document.body.classList.contains("dark") !== on) document.body.classList.toggle("dark", on);
    document.documentElement.style.colorScheme = on ? "dark" : "light";
  };
  dark.addEventListener("change", theme);
  addEventListener("DOMContentLoaded", () => {
    theme();
    new MutationObserver(theme).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });

  // -- drawers: conversations on the left, settings on the right ------------------------------------------------------
  const isOpen = (selector) => Boolean($(selector)?.classList.contains("open"));
  const drawer = (selector, want) => {
    const bar = $(selector);
    if (bar && isOpen(selector) !== want) $(".toggle-button", bar)?.click();
  };
  const narrow = () => matchMedia("(max-width: 899px)").matches; // drawers lie over the page, as in page.css
  const focusOnceVisible = (selector, until = performance.now() + 1000) => {
    const element = $(selector);
    element?.focus(); // without effect while a drawer is still opening
    if (document.activeElement !== element && performance.now() < until) setTimeout(focusOnceVisible, 30, selector, until);
  };
  const settings = (want) => {
    drawer("#settings-bar", want);
    focusOnceVisible(want ? "#settings-heading .act" : "#header .act-settings");
  };

  // -- actions ---------------------------------------------------------------------------------------------------------
  const copy = async (text) => {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  // The list may be drawn anew at any time: a title being written and a question being asked are put back.
  let pending = null; // { row, title, from, to } while a title is written, { row } while a deletion waits for its yes
  const rename = (row, kept = null) => {
    const title = $(".title", row);
    if ($("input", row)) return;
    const input = Object.assign(document.createElement("input"), { value: kept ? kept.title : title.textContent, maxLength: 200 });
    input.setAttribute("aria-label", $(".act-row-rename", row).title);
    title.hidden = true;
    title.after(input);
    input.focus();
    input.setSelectionRange(kept ? kept.from : 0, kept ? kept.to : input.value.length);
    const note = () => { pending = { row: row.dataset.row, title: input.value, from: input.selectionStart, to: input.selectionEnd }; };
    note();
    let over = false; // taking the input away takes its focus, which ends it again
    const end = (keep) => {
      if (over) return;
      over = true;
      pending = null;
      const text = input.value.trim();
      input.remove();
      title.hidden = false;
      if (keep && text && text !== title.textContent) { title.textContent = text; send("rename", row.dataset.row, text); }
    };
    for (const kind of ["input", "keyup", "select"]) input.addEventListener(kind, note);
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && !event.isComposing) end(true);
      if (event.key === "Escape") end(false);
    });
    input.addEventListener("blur", () => setTimeout(() => { if (input.isConnected) end(true); }));
  };
  const confirming = (button, on) => { // of a conversation or a message
    const asked = button.closest(".row, .actions");
    if (asked.dataset.row) pending = on ? { row: asked.dataset.row } : null;
    $(".confirm", asked).hidden = !on;
    (on ? $(".confirm button", asked) : $(".act-ask-delete", asked)).focus();
  };
  const resume = () => {
    const row = pending && $(`#conversations [data-row="${pending.row}"]`);
    if (!row) return;
    if ("title" in pending) rename(row, pending);
    else if ($(".confirm", row).hidden) confirming($(".confirm", row), true);
  };
  const part = (button, prefix) => [...button.classList].find((name) => name.startsWith(prefix))?.slice(prefix.length) || "";
  const local = {
    theme: () => { store.set("theme", document.body.classList.contains("dark") ? "light" : "dark"); theme(); },
    settings: () => settings(!isOpen("#settings-bar")),
    "close-settings": () => settings(false),
    conversations: () => drawer("#conversations-bar", !isOpen("#conversations-bar")),
    reload: () => location.reload(),
    "banner-close": (button) => { sessionStorage.setItem("banner", part(button, "id-")); poll(); },
    "row-rename": (button) => rename(button.closest(".row")),
    "ask-delete": (button) => confirming(button, true),
    "cancel-delete": (button) => confirming(button, false),
    "open-found": (button) => seek(button),
    copy: (button) => copyFrom(button, `ui/text/${part(button, "id-")}`),
    "copy-places": (button) => copyFrom(button, `ui/places/${part(button, "id-")}`),
    "save-drawing": (button) => saveDrawing(button.closest(".pointed")),
    preview: (button) => preview(`ui/preview/${part(button, "id-")}`, button),
  };
  const copyFrom = async (button, address) => {
    const answer = await fetch(address);
    if (!answer.ok) return;
    await copy(await answer.text());
    button.classList.add("worked");
    setTimeout(() => button.classList.remove("worked"), 1200);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.act");
    if (button) {
      if (!keys.has(part(button, "key-"))) return; // not ours: a model may write anything
      event.preventDefault();
      const action = part(button, "do-");
      if (local[action]) local[action](button); else send(action, part(button, "id-"));
      return;
    }
    if (narrow() && event.target.closest?.("#main")) { drawer("#conversations-bar", false); drawer("#settings-bar", false); }
    const picture = event.target.closest?.("#chat .media img, #chat .canvas");
    if (picture) enlarge(picture);
  });

  // A form in an answer sends nothing and goes nowhere.
  document.addEventListener("submit", (event) => { if (event.target.closest?.("#chat")) event.preventDefault(); }, true);

  // -- picture viewer, the page that an answer wrote, what an answer points at ---------------------------------------------
  const open = (dialog, back) => {
    dialog.addEventListener("close", () => { dialog.remove(); back.focus(); });
    document.body.append(dialog);
    dialog.showModal();
  };
  const enlarge = (picture) => {
    const dialog = Object.assign(document.createElement("dialog"), { className: "viewer" });
    dialog.setAttribute("aria-label", picture.alt || $("img", picture)?.alt || "");
    dialog.append(picture.cloneNode(true));
    dialog.addEventListener("click", () => dialog.close());
    open(dialog, picture);
  };
  const preview = (address, button) => {
    const dialog = Object.assign(document.createElement("dialog"), { className: "preview" });
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts"); // an origin of its own: nothing of this page is in its reach
    frame.title = button.title;
    frame.src = address;
    const bar = document.createElement("header");
    const close = Object.assign(document.createElement("button"), { type: "button", className: "act act-close", title: $("#settings-heading .act").title });
    close.addEventListener("click", () => dialog.close());
    bar.append(close);
    dialog.append(bar, frame);
    open(dialog, button);
  };
  const saveDrawing = (pointed) => {
    const canvas = $("details[open] .canvas", pointed) || $(".canvas", pointed);
    const picture = $("img", canvas);
    const [width, height] = [picture.naturalWidth, picture.naturalHeight];
    const sheet = Object.assign(document.createElement("canvas"), { width, height });
    const pen = sheet.getContext("2d");
    const unit = Math.max(1, Math.round(Math.max(width, height) / 500));
    pen.drawImage(picture, 0, 0);
    pen.lineWidth = 2 * unit;
    pen.font = `600 ${11 * unit}px sans-serif`;
    for (const mark of canvas.querySelectorAll(".mark")) {
      const share = (name) => parseFloat(mark.style[name] || "0") / 100;
      const [x, y] = [share("left") * width, share("top") * height];
      pen.strokeStyle = pen.fillStyle = getComputedStyle(mark).borderTopColor;
      if (mark.classList.contains("point")) { pen.beginPath(); pen.arc(x, y, 6 * unit, 0, 7); pen.stroke(); }
      else pen.strokeRect(x, y, share("width") * width, share("height") * height);
      const text = mark.textContent;
      pen.fillRect(x, y, pen.measureText(text).width + 6 * unit, 15 * unit);
      pen.fillStyle = "#fff";
      pen.fillText(text, x + 3 * unit, y + 11.5 * unit);
    }
    Object.assign(document.createElement("a"), { href: sheet.toDataURL("image/png"), download: "marked.png" }).click();
  };
  document.addEventListener("mouseover", ({ target }) => {
    for (const element of document.querySelectorAll(".pointed .lit, .pointed.lit")) element.classList.remove("lit");
    const one = target.closest?.(".pointed .mark, .pointed ol.places li");
    if (!one) return;
    const pointed = one.closest(".pointed");
    const number = [...one.classList].find((name) => /^n\d+$/.test(name));
    for (const element of [pointed, ...pointed.querySelectorAll("." + number)]) element.classList.add("lit");
  });

  // What is unfolded at the end of the conversation comes into view.
  document.addEventListener("toggle", ({ target }) => { if (target.open && target.matches?.("#chat details")) target.scrollIntoView({ block: "nearest" }); }, true);

  // A video that the browser has no decoder for: a sentence instead of a black box.
  document.addEventListener("error", ({ target }) => { if (target.matches?.("#chat .clip video")) target.parentElement.classList.add("unplayable"); }, true);

  // -- keys ------------------------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); send("new"); return; }
    if (event.key === "Escape" && !$("dialog[open]")) {
      const asked = $(".confirm:not([hidden])");
      if (asked) confirming(asked, false);
      else if (event.target.matches?.("#search input, #search textarea") && event.target.value) {
        event.target.value = "";
        event.target.dispatchEvent(new Event("input", { bubbles: true }));
      } else if (event.target.closest?.("#settings-bar")) settings(false);
      else if (narrow() && (isOpen("#settings-bar") || isOpen("#conversations-bar"))) {
        drawer("#settings-bar", false);
        drawer("#conversations-bar", false);
      } else if ($("#editing .notice")) send("cancel-edit");
      else send("stop");
    }
    if ((event.key === "Enter" || event.key === " ") && event.target.matches?.("#chat .media img, #chat .canvas img")) {
      event.preventDefault();
      enlarge(event.target.closest(".canvas") || event.target);
    }
  });

  // -- names for what Gradio leaves unnamed ------------------------------------------------------------------------------
  const labels = () => JSON.parse($("#labels [data-names]")?.dataset.names || "{}");
  const label = () => {
    const names = labels();
    for (const [selector, name] of Object.entries(names)) {
      for (const element of document.querySelectorAll(selector)) {
        if (element.getAttribute("aria-label") !== name) element.setAttribute("aria-label", name);
      }
    }
    const files = { "#box input[type=file]": "image/*,video/*", "input[type=file]:has(+ #import)": ".json" };
    for (const [selector, kinds] of Object.entries(files)) {
      const input = $(selector);
      if (input && !input.accept) input.accept = kinds;
    }
  };
  setInterval(label, 1000);

  // -- banner: how the server is -------------------------------------------------------------------------------------------
  let boot = null;
  const show = (html) => { const banner = $("#banner"); if (banner && banner.dataset.html !== html) { banner.dataset.html = html; banner.innerHTML = html; } };
  page.poll = () => poll();
  let timer = null;
  let offline = "";
  async function poll() {
    clearTimeout(timer);
    let wait = 3000;
    try {
      const answer = await fetch(`ui/status?language=${encodeURIComponent(page.language())}`, { cache: "no-store" });
      if (answer.status === 401) { location.reload(); return; }
      const status = await answer.json();
      offline = status.offline;
      keys.add(status.key);
      if (boot && boot !== status.boot) {
        if (!box()?.value && !$("#box .thumbnails")) { location.reload(); return; }
        show(status.restarted);
      } else {
        boot = status.boot;
        const closed = sessionStorage.getItem("banner");
        show(status.banner && closed === status.name ? "" : status.banner);
        wait = status.settled ? 5000 : 1000;
        const header = $("#header header");
        if (header && status.served !== header.dataset.served) send("served"); // known only now
      }
    } catch { if (offline) show(offline); wait = 1500; }
    timer = setTimeout(poll, document.hidden ? 15000 : wait);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });

  Object.assign(page, { $, send, store }); // for the scripts after this one
})();
