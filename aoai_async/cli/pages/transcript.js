const data = pageData();
const player = byId("player");
const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const passages = data.passages.map(passageOf);
const timed = passages.filter((passage) => passage.start !== null);
const words = passages.flatMap((passage) => passage.words);
let lit = { passage: null, word: null };
let matches = [];
let place = -1;

function clock(seconds) {
  const whole = Math.floor(seconds);
  const pair = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${pair(minutes)}:${pair(whole % 60)}` : `${minutes}:${pair(whole % 60)}`;
}

function passageOf({ start, end, parts }) {
  const passage = { start, end, words: [] };
  passage.text = make("p", { class: "text", lang: data.lang, dir: "auto" }, ...parts.map((part) => partOf(part, passage)));
  const isTimed = start !== null;
  passage.element = make("li", { class: isTimed ? "passage timed" : "passage untimed" });
  if (isTimed) {
    passage.button = make("button", { class: "time", type: "button", "aria-label": `Play from ${clock(start)}` }, clock(start));
    passage.element.append(passage.button);
    passage.element.addEventListener("click", (event) => clicked(event, passage));
  }
  passage.element.append(passage.text);
  return passage;
}

function partOf(part, passage) {
  if (typeof part === "string") return part;
  const [text, start, end] = part;
  const element = make("span", { class: "word" }, text);
  passage.words.push({ element, start, end });
  return element;
}

function clicked(event, passage) {
  // Whoever marks a stretch of text wants to copy it.
  if (!getSelection().isCollapsed) return;
  const word = passage.words.find((candidate) => candidate.element === event.target);
  playFrom((word ?? passage).start);
}

function playFrom(seconds) {
  player.currentTime = seconds;
  player.play().catch(() => {});
  light();
}

/** Return the last of some stretches that has begun and not ended, or null. */
function spokenAt(stretches, moment) {
  // A player that is sent to a moment may arrive some microseconds before it.
  const now = moment + 0.005;
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretches[middle].start <= now) low = middle + 1;
    else high = middle;
  }
  const stretch = stretches[low - 1];
  return stretch && (stretch.end === null || now < stretch.end) ? stretch : null;
}

function light() {
  const passage = spokenAt(timed, player.currentTime);
  const word = spokenAt(words, player.currentTime);
  if (passage !== lit.passage) {
    lit.passage?.element.removeAttribute("aria-current");
    passage?.element.setAttribute("aria-current", "true");
    if (passage && !player.paused && byId("follow").checked) bringIntoView(passage.element);
  }
  if (word !== lit.word) {
    lit.word?.element.classList.remove("spoken");
    word?.element.classList.add("spoken");
  }
  lit = { passage, word };
}

function bringIntoView(element) {
  element.scrollIntoView({ block: "nearest", behavior: isCalm() ? "auto" : "smooth" });
}

function keepLit() {
  light();
  if (!player.paused) requestAnimationFrame(keepLit);
}

/** Return the stretch of an element's text from one character to another. */
function rangeIn(element, from, to) {
  const range = document.createRange();
  const nodes = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let begun = 0;
  let hasStart = false;
  while (nodes.nextNode()) {
    const { currentNode: node } = nodes;
    const end = begun + node.length;
    if (!hasStart && from < end) { range.setStart(node, from - begun); hasStart = true; }
    if (to <= end) { range.setEnd(node, to - begun); return range; }
    begun = end;
  }
  return range;
}

function matchesIn(passage, pattern) {
  return [...passage.text.textContent.matchAll(pattern)].map((match) => ({
    passage, range: rangeIn(passage.text, match.index, match.index + match[0].length),
  }));
}

function search() {
  const wanted = byId("search").value.trim().replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&").replace(/\s+/g, "\\s+");
  matches = wanted ? passages.flatMap((passage) => matchesIn(passage, new RegExp(wanted, "gi"))) : [];
  place = -1;
  for (const id of ["previous", "next"]) byId(id).disabled = matches.length === 0;
  paint("found", matches);
  paint("chosen", []);
  byId("found").textContent = wanted ? counted(matches.length, "match", "matches") : "";
}

function paint(name, these) {
  if (globalThis.Highlight) CSS.highlights.set(name, new Highlight(...these.map((match) => match.range)));
}

function choose(step) {
  if (matches.length === 0) return;
  place = place === -1 && step < 0 ? matches.length - 1 : (place + step + matches.length) % matches.length;
  paint("chosen", [matches[place]]);
  bringIntoView(matches[place].passage.element);
  byId("found").textContent = `Match ${place + 1} of ${matches.length}`;
}

function download({ name, type, text }) {
  const link = make("a", { class: "plain", download: name }, `Download ${name.split(".").pop()}`);
  link.href = URL.createObjectURL(new Blob([text], { type }));
  return link;
}

byId("search").addEventListener("input", search);
byId("search").addEventListener("keydown", (event) => { if (event.key === "Enter") choose(event.shiftKey ? -1 : 1); });
byId("previous").addEventListener("click", () => choose(-1));
byId("next").addEventListener("click", () => choose(1));
byId("passages").addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const next = timed[timed.findIndex((passage) => passage.button === event.target) + step];
  if (step && next) { event.preventDefault(); next.button.focus(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !isTyping()) { event.preventDefault(); byId("search").focus(); }
  if (event.key === " " && event.target === document.body) { event.preventDefault(); player.paused ? player.play().catch(() => {}) : player.pause(); }
});
for (const moment of ["timeupdate", "seeked", "pause", "ended"]) player.addEventListener(moment, light);
player.addEventListener("play", keepLit);
player.addEventListener("error", () => {
  byId("trouble").textContent = `This browser cannot play ${data.recording}. Is it still where it was, beside this page?`;
  byId("trouble").hidden = false;
});

byId("facts").textContent = data.facts.join(" · ");
byId("following").hidden = timed.length === 0;
byId("downloads").append(...data.downloads.map(download));
byId("passages").append(...passages.map((passage) => passage.element));
player.src = data.recording;
