// A page of a PDF drawn by PDF.js, its text laid over it, the quote marked in that text.
import { GlobalWorkerOptions, TextLayer, getDocument } from "../vendor/pdfjs/pdf.min.mjs";
import { find, fold } from "./quote.js";

const shipped = (path) => new URL(`../vendor/pdfjs/${path}`, import.meta.url).href;
GlobalWorkerOptions.workerSrc = shipped("pdf.worker.min.mjs");

const MOST_PIXELS = 2 ** 24; // of one canvas; phones refuse more
const SCALES = [0.25, 6]; // of the size in print
const WIDEST = 900; // CSS pixels a page takes where there is room
const NARROW = 700; // CSS pixels; below, the body of the print fills the width, its margins scrolled away
const LARGEST = 1.5; // scale it may take then
const MARGIN = 10; // PDF units left and right of it
const OUTERMOST = 0.02;
const ENOUGH = 0.5; // share of the quote's letters that must be found in the print
const EDGE = /[^\s\p{L}\p{N}]/u;

export class Drawing {
  #file;
  #task;
  #turn = 0;
  scale = 1; // as drawn last
  middle = 0; // of the body of the print then, CSS pixels from the edge of the page
  number = 0;

  constructor(file) {
    this.#file = file;
    this.#task = getDocument({
      url: file,
      standardFontDataUrl: shipped("standard_fonts/"),
      wasmUrl: shipped("wasm/"),
      useWasm: false, // the policy of these pages allows scripts of our own and nothing else
      useWorkerFetch: true,
      enableXfa: false,
      verbosity: 0,
    });
  }

  is(file) { return file === this.#file; }

  // Draw a page into its place, for a `width` (CSS pixels); `scale` is a number, "page" to fit the
  // page to the width, or null to choose. Gives the marks of the quote, null where a later call has
  // overtaken this one. Throws where the page cannot be drawn.
  async draw(place, { number, width, scale, quote }) {
    this.#turn += 1;
    const turn = this.#turn;
    const pdf = await this.#task.promise;
    const page = await pdf.getPage(number);
    const content = await page.getTextContent();
    const plain = page.getViewport({ scale: 1 });
    const [left, right] = body(plain, content.items);
    const whole = Math.min(width, WIDEST) / plain.width;
    const near = Math.max(whole, Math.min(LARGEST, width / (right - left)));
    const asked = scale === "page" ? width / plain.width : scale ?? (width < NARROW ? near : whole);
    const viewport = page.getViewport({ scale: Math.min(SCALES[1], Math.max(SCALES[0], asked)) });
    const sheet = document.createElement("div");
    sheet.className = "sheet";
    sheet.style.setProperty("--total-scale-factor", viewport.scale);
    sheet.style.width = `${Math.floor(viewport.width)}px`;
    sheet.style.height = `${Math.floor(viewport.height)}px`;
    const words = document.createElement("div");
    words.className = "textLayer";
    sheet.append(blank(viewport), words);
    const layer = new TextLayer({ textContentSource: content, container: words, viewport });
    await Promise.all([painted(page, sheet.firstChild, viewport), layer.render()]);
    if (turn !== this.#turn) return null;
    const marks = quote.letters ? mark(layer, quote) : [];
    place.replaceChildren(sheet);
    place.hidden = false;
    this.scale = viewport.scale;
    this.middle = ((left + right) / 2) * viewport.scale;
    bridge(marks);
    this.number = number;
    return marks;
  }
}

// Where the body of the print begins and ends sideways (PDF units), page numbers and the like left
// out: the outermost 2% of the letters on each side. The whole page where that is not known.
function body(page, items) {
  const lines = items.filter((item) => item.str?.trim() && item.transform[1] === 0 && item.transform[2] === 0);
  if (!lines.length || page.rotation) return [0, page.width];
  const edge = (at, way) => {
    const sorted = lines.map((item) => [at(item), item.str.length]).sort((a, b) => way * (a[0] - b[0]));
    let left = OUTERMOST * sorted.reduce((total, [, length]) => total + length, 0);
    return sorted.find(([, length]) => (left -= length) < 0)[0];
  };
  const start = edge((item) => item.transform[4], 1) - page.viewBox[0] - MARGIN;
  const end = edge((item) => item.transform[4] + item.width, -1) - page.viewBox[0] + MARGIN;
  return end - start < page.width / 3 ? [0, page.width] : [Math.max(0, start), Math.min(page.width, end)];
}

function blank(viewport) {
  const canvas = document.createElement("canvas");
  const ratio = Math.min(window.devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)));
  canvas.width = Math.floor(viewport.width * ratio);
  canvas.height = Math.floor(viewport.height * ratio);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

function painted(page, canvas, viewport) {
  const across = canvas.width / viewport.width;
  const down = canvas.height / viewport.height;
  return page.render({ canvas, viewport, transform: [across, 0, 0, down, 0, 0] }).promise;
}

// The quote that is marked in the page's text, and what stands before and after it, as letters.
export function quoteOf(paper) {
  const told = ["", "", ""];
  const walker = document.createTreeWalker(paper, NodeFilter.SHOW_TEXT);
  let seen = false;
  while (walker.nextNode()) {
    const inside = walker.currentNode.parentElement.closest("mark") !== null;
    seen ||= inside;
    told[inside ? 1 : seen ? 2 : 0] += walker.currentNode.data;
  }
  const [before, letters, after] = told.map((text) => fold(text).letters);
  return { before, letters, after };
}

// Mark the quote in the laid-over text; an empty list where too little of it is there.
function mark(layer, quote) {
  const items = layer.textContentItemsStr.map(fold);
  const page = items.map((item) => item.letters).join("");
  const ranges = find(quote.before, quote.letters, quote.after, page);
  const found = ranges.reduce((total, [start, end]) => total + end - start, 0);
  if (found < ENOUGH * quote.letters.length) return [];
  const marks = [];
  let first = 0; // the page's letter an item begins with
  items.forEach(({ letters, at }, i) => {
    const last = first + letters.length;
    const text = layer.textContentItemsStr[i];
    const cuts = ranges
      .filter(([start, end]) => (letters ? start < last && end > first : start < first && end > first))
      .map(([start, end]) => [
        start < first ? 0 : bounded(text, at[start - first], -1),
        end > last ? text.length : bounded(text, at[end - first - 1], 1),
      ]);
    if (cuts.length) marks.push(...cut(layer.textDivs[i], text, cuts));
    first = last;
  });
  return marks;
}

// The edge of a mark at its first (-1) or last (1) letter, with the signs that stand at it.
function bounded(text, letter, way) {
  if (way < 0) {
    while (letter > 0 && EDGE.test(text[letter - 1])) letter -= 1;
    return letter;
  }
  letter += text.codePointAt(letter) > 0xffff ? 2 : 1;
  while (letter < text.length && EDGE.test(text[letter])) letter += 1;
  return letter;
}

// Put marks around pieces of one line of print, in the order of the line.
function cut(line, text, cuts) {
  const marks = [];
  const written = [];
  let done = 0;
  for (const [from, end] of cuts) {
    const start = Math.max(from, done);
    const made = document.createElement("mark");
    made.textContent = text.slice(start, end);
    written.push(text.slice(done, start), made);
    marks.push(made);
    done = end;
  }
  line.replaceChildren(...written, text.slice(done));
  return marks;
}

// Words of one line that are laid over one by one leave gaps: each mark is drawn on to the next.
function bridge(marks) {
  const boxes = marks.map((made) => made.getBoundingClientRect());
  marks.forEach((made, i) => {
    const [box, next] = [boxes[i], boxes[i + 1]];
    if (!next || !made.offsetWidth || Math.abs(next.top - box.top) > box.height / 2) return;
    const gap = next.left - box.right;
    if (gap > 0 && gap < 1.5 * box.height) made.style.paddingRight = `${(gap * made.offsetWidth) / box.width}px`;
  });
}
