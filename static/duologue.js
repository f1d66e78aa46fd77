// Comforts: every page works without this file.
// Must stay true: same origin only, under 5 kB, safe to run again on swapped content.
(() => {
  "use strict";
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const say = (text) => { const box = document.getElementById("say"); if (box) box.textContent = text; };

  // [data-copy="#id"]: copies that element's value or text.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    const source = button && document.querySelector(button.dataset.copy);
    if (!source) return;
    const label = button.dataset.label ??= button.textContent;
    let told = "Copied";
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    } catch {
      told = "Selected";
      getSelection().selectAllChildren(source);
      source.select?.();
    }
    say(button.textContent = told);
    setTimeout(() => { button.textContent = label; say(""); }, 4000);
  });

  // A second press of a submit button does nothing; the browser's Back enables it again.
  const able = (form, yes) => all(form, "[type=submit], button:not([type])").forEach((b) => { b.disabled = !yes; });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.target) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => able(form, false));
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) all(document, "form[data-sent]").forEach((form) => { delete form.dataset.sent; able(form, true); });
  });

  // <time datetime data-local>: adds the reader's time where it differs.
  const localTimes = (root) => all(root, "time[data-local]").forEach((time) => {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || time.nextElementSibling?.matches(".local")) return;
    const read = (timeZone) => at.toLocaleString("en", { timeZone, weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
    try { if (time.dataset.local && read(time.dataset.local) === read(here)) return; } catch { /* unknown zone */ }
    const note = document.createElement("span");
    note.className = "local soft";
    note.textContent = ` (${read(here)} your time)`;
    time.after(note);
  });

  // select[data-guess-zone]: the reader's zone where none is chosen.
  const guessZones = (root) => all(root, "select[data-guess-zone]").forEach((select) => {
    if (!select.value && [...select.options].some((o) => o.value === here)) select.value = here;
  });

  const enhance = (root) => { localTimes(root); guessZones(root); all(root, "[data-copy]").forEach((b) => { b.hidden = false; }); };

  // [data-poll="/url"]: swaps in a fresh fragment when it changed. 204 stops; X-Location moves on.
  const poll = (region) => {
    const pause = Math.max(2, region.dataset.pollSeconds || 5) * 1000;
    const plain = (html) => { const t = document.createElement("template"); t.innerHTML = html; return t.innerHTML.trim(); };
    const spoken = () => all(region, "[data-say]").map((part) => part.textContent.trim());
    const stops = () => all(region, "a, button, summary");
    let seen = plain(region.innerHTML), wait = pause, timer;
    const swap = (html) => {
      const active = document.activeElement;
      const inside = active !== region && region.contains(active);
      if (inside && active.matches("input, select, textarea")) return;
      const index = stops().indexOf(active), open = all(region, "details[open][id]"), before = spoken();
      region.innerHTML = seen = html;
      open.forEach(({ id }) => document.getElementById(id)?.setAttribute("open", ""));
      if (inside) (stops()[index] ?? region).focus();
      const news = spoken().filter((text) => !before.includes(text));
      if (news.length) say(news.join(" "));
      enhance(region);
    };
    const look = async () => {
      if (document.hidden) return;
      let answer;
      try { answer = await fetch(region.dataset.poll, { credentials: "same-origin" }); } catch { /* offline */ }
      const next = answer?.headers.get("X-Location");
      if (next) return location.assign(next);
      if (answer?.redirected) return location.reload();
      if (answer?.status === 204) return document.removeEventListener("visibilitychange", again);
      if (answer?.ok) {
        const html = plain(await answer.text().catch(() => seen));
        if (html !== seen) swap(html);
      }
      wait = answer?.ok ? pause : Math.min(wait * 2, 60000);
      timer = setTimeout(look, wait);
    };
    const again = () => { clearTimeout(timer); look(); };
    document.addEventListener("visibilitychange", again);
    region.tabIndex = -1;
    timer = setTimeout(look, wait);
  };

  all(document, "[data-poll]").forEach(poll);
  enhance(document);
  document.querySelector(".error-summary")?.focus();
})();
