// Find a quote of the cleaned text in the text of the drawn page. Pure; knows no document.
//
// The two differ in line breaks, hyphens, ligatures, spaces and accents, so only letters and digits
// are compared, in their plain forms. Where the same words stand on the page more than once, the
// text before and after decides. Where the print has something in between (a footnote, a column,
// the cells of a table in another order), the quote is found in parts.

const KEPT = /[\p{L}\p{N}]/u;
const CONTEXT_LETTERS = 200;
const SMALLEST_PART = 4; // letters; fewer are found only right beside a part already found
const BESIDE = 3; // letters that may lie between the two

// The letters and digits of a text, and where in it each one stands (UTF-16 offsets).
export function fold(text) {
  const at = [];
  let letters = "";
  let offset = 0;
  for (const sign of text) {
    for (const part of sign.normalize("NFKD").toLowerCase()) {
      if (!KEPT.test(part)) continue;
      letters += part;
      for (let i = 0; i < part.length; i += 1) at.push(offset);
    }
    offset += sign.length;
  }
  return { letters, at };
}

// Where the quote stands among the page's letters: [start, end) pairs in the page's order.
// All arguments are letters as `fold` gives them; `before` and `after` are the cleaned page around.
export function find(before, quote, after, page) {
  if (!quote || !page) return [];
  const whole = occurrences(quote, page);
  if (whole.length === 0) return joined(parts(quote, page, nearby(before, quote, after, page)));
  const start = whole.length === 1 ? whole[0] : likeliest(whole, before, quote, after, page);
  return [[start, start + quote.length]];
}

function occurrences(part, text, from = 0, to = text.length) {
  const found = [];
  for (let i = text.indexOf(part, from); i >= 0 && i + part.length <= to; i = text.indexOf(part, i + 1)) {
    found.push(i);
  }
  return found;
}

function likeliest(starts, before, quote, after, page) {
  const earlier = occurrences(quote, before + quote).length - 1;
  const inText = occurrences(quote, before + quote + after).length;
  const scored = starts.map((start, rank) => {
    const around = sameEnd(before, page.slice(0, start)) + sameStart(after, page.slice(start + quote.length));
    const inTurn = inText === starts.length ? Math.abs(rank - earlier) : Math.abs(start - before.length) / page.length;
    return { start, around, inTurn };
  });
  scored.sort((a, b) => b.around - a.around || a.inTurn - b.inTurn);
  return scored[0].start;
}

function sameStart(a, b) {
  let i = 0;
  while (i < CONTEXT_LETTERS && i < a.length && i < b.length && a[i] === b[i]) i += 1;
  return i;
}

function sameEnd(a, b) {
  let i = 0;
  while (i < CONTEXT_LETTERS && i < a.length && i < b.length && a[a.length - 1 - i] === b[b.length - 1 - i]) i += 1;
  return i;
}

// Where the quote may be expected in the print: after what precedes it, else in proportion.
function nearby(before, quote, after, page) {
  for (const length of [60, 30, 15]) {
    const lead = before.slice(-length);
    const found = lead.length === length ? occurrences(lead, page) : [];
    if (found.length === 1) return found[0] + length;
  }
  return Math.round((before.length / (before.length + quote.length + after.length)) * page.length);
}

// The longest part of the quote that is on the page, then what is left on both sides of it.
function parts(quote, page, expected) {
  const found = [];
  const free = (start, end) => found.every(([from, to]) => end <= from || to <= start);
  const search = (from, to, left, right) => {
    if (from >= to) return;
    const target = left ?? right ?? expected;
    const part = longest(quote.slice(from, to), page, target, free);
    const tooShort = !part || (part.length < SMALLEST_PART && !besides(part, from, to, left, right));
    if (tooShort) return;
    const start = from + part.at;
    found.push([part.start, part.start + part.length]);
    search(from, start, left, part.start);
    search(start + part.length, to, part.start + part.length, right);
  };
  const besides = (part, from, to, left, right) =>
    (left !== null && part.at === 0 && Math.abs(part.start - left) <= BESIDE) ||
    (right !== null && part.at + part.length === to - from && Math.abs(right - part.start - part.length) <= BESIDE);
  search(0, quote.length, null, null);
  return found;
}

// The longest common piece of two texts that is still free on the page; of several, the one
// nearest to where it is expected.
function longest(piece, page, target, free) {
  let best = null;
  let above = new Uint16Array(page.length + 1);
  for (let i = 1; i <= piece.length; i += 1) {
    const row = new Uint16Array(page.length + 1);
    for (let j = 1; j <= page.length; j += 1) {
      if (piece[i - 1] !== page[j - 1]) continue;
      const length = above[j - 1] + 1;
      row[j] = length;
      const start = j - length;
      const nearer = best && length === best.length && Math.abs(start - target) < Math.abs(best.start - target);
      if ((!best || length > best.length || nearer) && free(start, j)) {
        best = { at: i - length, start, length };
      }
    }
    above = row;
  }
  return best;
}

function joined(ranges) {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const whole = [];
  for (const [start, end] of sorted) {
    const last = whole[whole.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else whole.push([start, end]);
  }
  return whole;
}
