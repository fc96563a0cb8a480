const { entries } = pageData();
const pictures = entries.filter((entry) => entry.file);
const chosen = () => document.querySelector("input[name=show]:checked").value;
const view = byId("view");
let shown = entries;
let current = null;

const kinds = {
  all: () => true,
  pictures: (entry) => Boolean(entry.file),
  flagged: (entry) => entry.verdicts.some((verdict) => verdict.flagged),
  failed: (entry) => Boolean(entry.error),
};

/** Tell the size a file really has, where the request named none. */
function noteSize(entry, image) {
  entry.size ??= [image.naturalWidth, image.naturalHeight];
  image.classList.toggle("tall", image.naturalHeight > image.naturalWidth);
  entry.card.querySelector(".size").textContent = sizeOf(entry);
}

const sizeOf = (entry) => (entry.size ? `${entry.size[0]} × ${entry.size[1]}` : "");

function pictureFrame(entry) {
  const [width, height] = entry.size ?? [1024, 1024];
  const image = make("img", {
    loading: "lazy", decoding: "async", width, height, class: height > width ? "tall" : null, alt: entry.alt,
  });
  image.addEventListener("load", () => noteSize(entry, image), { once: true });
  image.src = entry.file;
  const frame = make("button", { type: "button", class: "frame", "aria-haspopup": "dialog" }, image);
  frame.addEventListener("click", () => open(entry));
  return frame;
}

function failureFrame(entry) {
  const remedy = entry.remedy && make("p", { class: "quiet" }, entry.remedy);
  const id = entry.id && make("p", { class: "quiet id" }, `Request id ${entry.id}`);
  return make("div", { class: "frame failure" }, make("strong", {}, "Failed"), make("p", { dir: "auto" }, entry.error), remedy, id);
}

function marks(entry) {
  const flags = entry.verdicts.filter((verdict) => verdict.flagged);
  return make(
    "p", { class: "marks" },
    make("span", { class: "number" }, entry.label),
    make("span", { class: "size" }, sizeOf(entry)),
    ...flags.map((flag) => make("span", { class: "alarm" }, `${flag.category}: ${flag.worst}`)),
    flags.length || !entry.verdicts.length ? null : make("span", {}, "filter: all safe"),
  );
}

function cardOf(entry) {
  const revised = entry.revised && make("p", { class: "prompt revised", dir: "auto" }, make("span", { class: "unseen" }, "Revised: "), entry.revised);
  const caption = make("div", { class: "caption" }, make("p", { class: "prompt", dir: "auto" }, entry.prompt), revised, marks(entry));
  entry.card = make("li", { class: "card" });
  entry.card.append(entry.file ? pictureFrame(entry) : failureFrame(entry), caption);
  entry.words = folded([entry.label, entry.prompt, entry.revised, entry.error, entry.file].join(" "));
  return entry.card;
}

/** Show the entries that have all words of the search and are of the kind chosen. */
function sift() {
  const words = folded(byId("search").value).split(/\s+/).filter(Boolean);
  const isOfKind = kinds[chosen()];
  shown = entries.filter((entry) => isOfKind(entry) && words.every((word) => entry.words.includes(word)));
  const keep = new Set(shown);
  for (const entry of entries) entry.card.hidden = !keep.has(entry);
  byId("nothing").hidden = shown.length > 0;
  byId("found").textContent = shown.length === entries.length ? "" : `${shown.length} of ${counted(entries.length, "entry", "entries")}`;
}

const walk = () => shown.filter((entry) => entry.file);

function open(entry) {
  show(entry);
  view.showModal();
}

function show(entry) {
  current = entry;
  const [all, place] = [walk(), walk().indexOf(entry)];
  const image = byId("view-picture");
  [image.width, image.height] = entry.size ?? [1024, 1024];
  Object.assign(image, { src: entry.file, alt: entry.alt });
  byId("view-place").textContent = `${place + 1} of ${all.length}`;
  // A button that were disabled while it has the focus would lose it, and the keys with it.
  byId("view-previous").ariaDisabled = place === 0;
  byId("view-next").ariaDisabled = place === all.length - 1;
  byId("view-prompt").textContent = entry.prompt;
  byId("view-revision").hidden = !entry.revised;
  byId("view-revised").textContent = entry.revised ?? "";
  const facts = [["size", sizeOf(entry)], ...entry.facts].filter(([, value]) => value);
  byId("view-facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  byId("view-filter").hidden = entry.verdicts.length === 0;
  byId("view-verdicts").replaceChildren(...entry.verdicts.map(verdictRow));
  byId("view-file").href = entry.file;
}

function verdictRow(verdict) {
  const mark = { class: verdict.flagged ? "alarm" : null };
  return make("tr", {}, make("th", { scope: "row" }, verdict.category), make("td", mark, verdict.prompt), make("td", mark, verdict.picture));
}

function step(to) {
  const all = walk();
  const next = all[Math.max(0, Math.min(all.length - 1, to(all.indexOf(current), all.length - 1)))];
  if (next !== current) show(next);
}

const steps = {
  ArrowLeft: (place) => place - 1,
  ArrowRight: (place) => place + 1,
  Home: () => 0,
  End: (_, last) => last,
};

view.addEventListener("keydown", (event) => {
  if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  step(steps[event.key]);
});
view.addEventListener("close", () => current.card.querySelector("button").focus());
byId("view-previous").addEventListener("click", () => step(steps.ArrowLeft));
byId("view-next").addEventListener("click", () => step(steps.ArrowRight));
byId("view-close").addEventListener("click", () => view.close());

byId("grid").append(...entries.map(cardOf));
byId("search").addEventListener("input", sift);
for (const input of document.querySelectorAll("input[name=show]")) {
  const count = entries.filter(kinds[input.value]).length;
  input.nextElementSibling.append(` ${count.toLocaleString("en")}`);
  input.disabled = count === 0;
  input.addEventListener("change", sift);
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || isTyping() || view.open) return;
  event.preventDefault();
  byId("search").focus();
});
const failed = entries.length - pictures.length;
byId("summary").textContent = [counted(pictures.length, "picture", "pictures"), failed ? `${failed.toLocaleString("en")} failed` : ""].filter(Boolean).join(", ");
sift();
