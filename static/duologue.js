// Small comforts. Every page works without this file; nothing here decides anything.
// What must stay true: no inline handlers, same-origin requests only, under 5 kB, safe to run again on swapped content.
(() => {
  "use strict";
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const say = (text) => { const box = document.getElementById("say"); if (box) box.textContent = text; };

  // [data-copy="#id"]: copies that element's value or text.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    const source = button && document.querySelector(button.dataset.copy);
    if (!source) return;
    const label = button.dataset.label ??= button.textContent;
    let done = true;
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    } catch {
      done = false;
      if (source.select) source.select(); else getSelection().selectAllChildren(source);
    }
    button.textContent = done ? "Copied" : "Selected";
    say(done ? "Copied" : "Could not copy. The text is selected: copy it with your keyboard.");
    setTimeout(() => { button.textContent = label; say(""); }, 4000);
  });

  // A second press of a submit button does nothing; coming back by the Back button enables it again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => all(form, "button:not([type=button])").forEach((b) => { b.disabled = true; }));
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    all(document, "form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      all(form, "button").forEach((b) => { b.disabled = false; });
    });
  });

  // <time datetime data-local>: adds the reader's own time when it reads differently there.
  const localTimes = (root) => all(root, "time[data-local]").forEach((time) => {
    const at = new Date(time.dateTime);
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (Number.isNaN(at.getTime()) || time.nextElementSibling?.matches(".local")) return;
    const read = (timeZone) => at.toLocaleString("en", { timeZone, weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
    try { if (time.dataset.local && read(time.dataset.local) === read(here)) return; } catch { /* unknown zone: show ours */ }
    const note = document.createElement("span");
    note.className = "local soft";
    note.textContent = ` (${read(here)} your time)`;
    time.after(note);
  });

  // select[data-guess-zone]: offers the reader's zone where nothing was chosen yet.
  const guessZones = (root) => all(root, "select[data-guess-zone]").forEach((select) => {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!select.value && [...select.options].some((o) => o.value === here)) select.value = here;
  });

  const enhance = (root) => { localTimes(root); guessZones(root); all(root, "[data-copy]").forEach((b) => { b.hidden = false; }); };

  // [data-poll="/url"]: fetches a fragment and swaps it in when it changed. 204 stops; X-Location moves on.
  const poll = (region) => {
    const pause = Math.max(2, Number(region.dataset.pollSeconds) || 5) * 1000;
    const plain = (html) => { const t = document.createElement("template"); t.innerHTML = html; return t.innerHTML.trim(); };
    const spoken = () => region.querySelector("[data-say]")?.textContent.trim() ?? "";
    let seen = plain(region.innerHTML), wait = pause, timer = 0;
    const swap = (html) => {
      const active = document.activeElement;
      const inside = active !== region && region.contains(active);
      if (inside && active.matches("input, select, textarea")) return;
      const stops = () => all(region, "a, button, input, select, textarea, summary, [tabindex]");
      const index = inside ? stops().indexOf(active) : -1;
      const open = all(region, "details[open][id]").map((d) => d.id);
      const before = spoken();
      region.innerHTML = seen = html;
      open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
      if (inside) ((active.id && document.getElementById(active.id)) || stops()[index] || region).focus();
      if (spoken() !== before) say(spoken());
      enhance(region);
    };
    const look = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(region.dataset.poll, { credentials: "same-origin", headers: { "X-Fragment": "1" } });
        const next = answer.headers.get("X-Location");
        if (next) { location.assign(next); return; }
        if (answer.redirected) { location.reload(); return; }
        if (answer.status === 204) return;
        wait = answer.ok ? pause : Math.min(wait * 2, 60000);
        const html = answer.ok ? plain(await answer.text()) : seen;
        if (html !== seen) swap(html);
      } catch { wait = Math.min(wait * 2, 60000); }
      timer = setTimeout(look, wait);
    };
    document.addEventListener("visibilitychange", () => { if (!document.hidden && timer) { clearTimeout(timer); look(); } });
    region.tabIndex = -1;
    timer = setTimeout(look, wait);
  };

  all(document, "[data-poll]").forEach(poll);
  enhance(document);
  document.querySelector(".error-summary")?.focus();
})();
