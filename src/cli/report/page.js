"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const stored = (id) => JSON.parse($(id).textContent);

  // Names and reasons are only ever put on the page as text, never as markup.
  const element = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const rows = stored("data-rows").map((record, at) => {
    const escaped = Array.isArray(record[0]);
    const name = escaped ? record[0][0] : record[0];
    const row = { at, name, escaped, failed: record.length === 2 };
    if (row.failed) {
      row.reason = record[1];
      row.text = (name + " " + row.reason).toLowerCase();
    } else {
      [, row.width, row.height, row.bytes, row.mean] = record;
      row.text = name.toLowerCase();
    }
    return row;
  });
  const number = new Intl.NumberFormat("en");
  const counted = (count, what) =>
    number.format(count) + " " + what + (count === 1 ? "" : "s");
  const size = (width, height) => number.format(width) + " × " + number.format(height);
  const shownMean = (mean) => mean.toFixed(2);
  const shownBytes = (bytes) => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 999.5 && unit + 1 < units.length) {
      bytes /= 1000;
      unit += 1;
    }
    return bytes.toFixed(unit > 0 && bytes < 100 ? 1 : 0) + " " + units[unit];
  };

  // Folder and file name apart: where there is too little room, the folder is cut, and then the
  // middle of the file name, for its end is what tells pages and slices apart.
  const TAIL = 14;
  const named = (row) => {
    const name = element("bdi", row.escaped ? "name escaped" : "name");
    const slash = row.name.lastIndexOf("/") + 1;
    if (slash > 0) name.append(element("span", "folder", row.name.slice(0, slash)));
    const file = element("span", "file");
    const letters = Array.from(row.name.slice(slash));
    file.append(element("span", "begin", letters.slice(0, -TAIL).join("")),
      element("span", "end", letters.slice(-TAIL).join("")));
    name.append(file);
    name.title = row.escaped ? row.name + "\n(characters are escaped)" : row.name;
    return name;
  };

  const grey = (mean) => {
    const swatch = element("span", "swatch");
    const level = Math.round(mean);
    swatch.style.backgroundColor = "rgb(" + level + " " + level + " " + level + ")";
    return swatch;
  };

  // What is shown, and in which order.

  const state = { query: "", which: "all", bar: null, sort: "order", descending: false };
  // Means in a bar of the histogram.
  const BAR = 4;

  const compareNames = new Intl.Collator("en", { numeric: true }).compare;
  let ranks = null;
  // Names are compared once; after that, sorting by name compares numbers.
  const nameRanks = () => {
    if (!ranks) {
      ranks = new Uint32Array(rows.length);
      rows.map((row) => row.at)
        .sort((one, other) => compareNames(rows[one].name, rows[other].name) || one - other)
        .forEach((at, rank) => { ranks[at] = rank; });
    }
    return ranks;
  };
  const keys = {
    order: (row) => row.at,
    name: (row) => nameRanks()[row.at],
    size: (row) => row.width * row.height,
    mean: (row) => row.mean,
  };

  const selected = () => {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = rows.filter((row) => {
      if (state.which !== "all" && row.failed !== (state.which === "failed")) return false;
      if (state.bar !== null
        && (row.failed || Math.min(Math.floor(row.mean / BAR), 63) !== state.bar)) return false;
      return words.every((word) => row.text.includes(word));
    });
    const key = keys[state.sort];
    const sign = state.descending ? -1 : 1;
    const hasKey = (row) => !row.failed || state.sort === "order" || state.sort === "name";
    return kept.sort((one, other) => {
      // What failed has no size and no mean, and comes last either way.
      if (!hasKey(one) || !hasKey(other)) {
        return hasKey(other) - hasKey(one) || one.at - other.at;
      }
      return sign * (key(one) - key(other)) || one.at - other.at;
    });
  };

  // The gallery: each card is made once, and then only moved.

  const gallery = $("gallery");
  const cards = new Map();
  // A picture, or a word where its file could not be opened again.
  const framed = (tag, source, name) => {
    if (!source) return element("span", "frame missing", "cannot be opened again");
    const frame = element(tag, "frame");
    const image = new Image();
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = name;
    image.addEventListener("load", () => {
      if (Math.max(image.naturalWidth, image.naturalHeight) < 64) image.classList.add("tiny");
    });
    image.src = source;
    frame.append(image);
    return frame;
  };
  const mean = (row) => {
    const made = element("span", "mean");
    made.title = "mean " + row.mean;
    made.append(grey(row.mean), shownMean(row.mean));
    for (const [extreme, label] of [[lowest, "lowest"], [highest, "highest"]]) {
      if (row.mean === extreme && lowest !== highest) made.append(element("b", "", label));
    }
    return made;
  };
  const sizes = (row) =>
    [size(row.height, row.width), "↻ " + size(row.width, row.height)];
  const card = (row, before, after) => {
    const item = element("li", "card");
    const pair = element("div", "pair");
    row.pictures = [before, after];
    row.pictures.forEach((source, at) => {
      const side = ["before", "after"][at];
      const frame = framed("button", source, side);
      if (source) {
        frame.type = "button";
        frame.setAttribute("aria-label", "Enlarge " + row.name + ", " + side);
        frame.addEventListener("click", () => enlarge(row, at));
      }
      const figure = element("figure");
      figure.append(frame, element("figcaption", "", sizes(row)[at]));
      pair.append(figure);
    });
    const foot = element("p", "foot");
    foot.append(named(row), mean(row));
    item.append(pair, foot);
    return item;
  };
  const means = rows.filter((row) => !row.failed).map((row) => row.mean);
  const lowest = means.reduce((one, other) => Math.min(one, other), 255);
  const highest = means.reduce((one, other) => Math.max(one, other), 0);
  for (const [at, before, after] of stored("data-pictures")) {
    cards.set(at, card(rows[at], before, after));
  }
  $("data-rows").remove();
  $("data-pictures").remove();

  // A picture enlarged. The arrow keys go to the one beside it, and from file to file.

  const large = $("large");
  let enlarged = null;
  const enlarge = (row, at) => {
    enlarged = { row, at };
    const side = ["before", "after"][at];
    $("large-frame").replaceChildren(framed("span", row.pictures[at], side + " rotation"));
    const text = element("span", "aside", side + ", " + sizes(row)[at]);
    $("large-caption").replaceChildren(named(row), text, mean(row));
    if (!large.open) large.showModal();
  };
  const stepped = (by) => {
    const shown = order.filter((row) => cards.has(row.at));
    const place = 2 * shown.indexOf(enlarged.row) + enlarged.at + by;
    if (place >= 0 && place < 2 * shown.length) enlarge(shown[place >> 1], place & 1);
  };
  large.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (step) stepped(Number(step.dataset.step));
    // What is beside the picture closes it.
    else if (!event.target.closest(".frame, #large-caption")) large.close();
  });
  large.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) stepped(by);
  });

  const showGallery = (order) => {
    const shown = order.map((row) => cards.get(row.at)).filter(Boolean);
    gallery.replaceChildren(...shown);
    $("no-pictures").hidden = shown.length > 0;
    $("pictures").hidden = cards.size === 0;
  };

  // The list: of a long one, pieces are filled when they come near the window, and emptied when
  // they leave, so that a hundred thousand rows are as quick as a hundred.

  const PIECE = 50;
  const LONG = 1000;
  const list = $("rows");
  let order = [];
  const cell = (name, text) => {
    const made = element("span", name, text);
    made.setAttribute("role", "cell");
    return made;
  };
  const listed = (row, place) => {
    const line = element("div", row.failed ? "row failed" : "row");
    line.setAttribute("role", "row");
    line.setAttribute("aria-rowindex", place + 2);
    line.dataset.row = row.at;
    const name = cell("cell-name");
    name.append(named(row));
    line.append(cell("cell-order", number.format(row.at + 1)), name);
    if (row.failed) {
      const reason = cell("cell-reason", row.reason);
      reason.title = row.reason;
      line.append(reason);
      return line;
    }
    const mean = cell("cell-mean");
    const meter = element("span", "meter");
    const fill = element("span");
    fill.style.width = (row.mean / 255) * 100 + "%";
    meter.append(fill);
    mean.title = String(row.mean);
    mean.append(element("span", "", shownMean(row.mean)), meter);
    line.append(cell("cell-size", size(row.width, row.height)),
      cell("cell-bytes", shownBytes(row.bytes)), mean);
    return line;
  };
  const fill = (piece) => {
    if (piece.childElementCount > 0) return;
    const from = Number(piece.dataset.from);
    const lines = order.slice(from, from + PIECE).map((row, at) => listed(row, from + at));
    piece.replaceChildren(...lines);
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) fill(target);
      else if (target !== list.firstElementChild) target.replaceChildren();
    }
  }, { rootMargin: "800px 0px" });
  addEventListener("beforeprint", () => {
    watcher.disconnect();
    for (const piece of list.children) fill(piece);
  });
  addEventListener("afterprint", () => showList());

  const showList = () => {
    watcher.disconnect();
    const pieces = [];
    for (let from = 0; from < order.length; from += PIECE) {
      const piece = element("div", "piece");
      piece.dataset.from = from;
      piece.style.setProperty("--rows", Math.min(PIECE, order.length - from));
      pieces.push(piece);
    }
    list.replaceChildren(...pieces);
    if (order.length <= LONG) {
      pieces.forEach(fill);
    } else {
      // The first piece is there at once; the observer answers a moment later.
      fill(pieces[0]);
      pieces.forEach((piece) => watcher.observe(piece));
    }
    $("list").setAttribute("aria-rowcount", order.length + 1);
    $("list").dataset.rows = order.length;
    $("list").hidden = order.length === 0;
    $("no-rows").hidden = order.length > 0;
  };

  // The tools.

  const bars = [...document.querySelectorAll(".bar")];
  const update = () => {
    order = selected();
    showGallery(order);
    showList();
    const all = order.length === rows.length;
    $("count").textContent = all
      ? counted(rows.length, "file")
      : number.format(order.length) + " of " + counted(rows.length, "file");
    $("sort").value = state.sort;
    $("direction").setAttribute("aria-pressed", state.descending);
    for (const head of document.querySelectorAll("#head [data-sort]")) {
      const sorted = head.dataset.sort === state.sort;
      head.setAttribute("aria-sort",
        !sorted ? "none" : state.descending ? "descending" : "ascending");
    }
    for (const bar of bars) {
      bar.setAttribute("aria-pressed", Number(bar.dataset.bar) === state.bar);
    }
    $("bar").hidden = state.bar === null;
    if (state.bar !== null) {
      $("bar").textContent =
        "mean " + state.bar * BAR + "–" + Math.min((state.bar + 1) * BAR, 255) + " ×";
      $("bar").setAttribute("aria-label", "Show all means again");
    }
  };
  const change = (changes) => {
    Object.assign(state, changes);
    update();
  };

  let waiting = 0;
  $("search").addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => change({ query: $("search").value }));
  });
  $("which").addEventListener("change", (event) => change({ which: event.target.value }));
  $("sort").addEventListener("change", () => change({ sort: $("sort").value }));
  $("direction").addEventListener("click", () => change({ descending: !state.descending }));
  $("bar").addEventListener("click", () => change({ bar: null }));
  const tools = document.querySelector(".tools");
  tools.addEventListener("submit", (event) => event.preventDefault());
  // The head of the list stays in sight below the tools, which may take two lines.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--tools", tools.offsetHeight + "px");
  }).observe(tools);
  $("head").addEventListener("click", (event) => {
    const head = event.target.closest("button")?.closest("[data-sort]");
    if (!head) return;
    const sort = head.dataset.sort;
    change({ sort, descending: state.sort === sort && !state.descending });
  });
  // The bars are one stop for the tab key; the arrow keys go from bar to bar.
  bars.forEach((bar, at) => {
    bar.setAttribute("role", "button");
    bar.setAttribute("tabindex", at === 0 ? "0" : "-1");
    const choose = () => {
      const chosen = Number(bar.dataset.bar);
      change({ bar: state.bar === chosen ? null : chosen });
    };
    bar.addEventListener("click", choose);
    bar.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step && event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      const next = step && bars[at + step];
      if (!step) choose();
      else if (next) {
        bar.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      }
    });
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || large.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")
      && document.activeElement.type !== "radio") return;
    event.preventDefault();
    $("search").focus();
  });

  const begun = new Date(Number($("begun").dataset.seconds) * 1000).toISOString();
  $("begun").dateTime = begun;
  $("begun").textContent = "· " + begun.slice(0, 16).replace("T", " ") + " UTC";

  const failed = rows.filter((row) => row.failed).length;
  $("which").hidden = failed === 0 || failed === rows.length;
  $("results").hidden = rows.length === 0;
  update();
})();
