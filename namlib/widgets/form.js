// The browser part of case discussions and quizzes: blocks that were revealed, and the one form that is open now.
// It knows no question and no answer: it shows what Python wrote, and tells Python what was entered.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// One id must serve one view: the same widget may be shown twice.
let views = 0;
const PATIENCE_MS = 15000;

// A field knows its box, its value, how to show one, how to show a reason, and where the keyboard goes.
function errorAndHelp(spec, id) {
  const error = make("div", { id: `${id}-error`, class: "nam-error", "data-error": spec.name });
  const help = make("div", { id: `${id}-help`, class: "nam-small" }, spec.help || "");
  return { error, help, described: `${id}-error ${id}-help` };
}

function grouped(options, holder, draw) {
  let group = null;
  for (const option of options) {
    if (option.group && option.group !== group) {
      group = option.group;
      holder.append(make("div", { class: "nam-group-name" }, group));
    }
    holder.append(draw(option));
  }
}

function choices(spec, id, changed) {
  const { error, help, described } = errorAndHelp(spec, id);
  const box = make("fieldset", { "aria-describedby": described }, make("legend", {}, spec.label), help, error);
  const inputs = [];
  grouped(spec.options, box, (option) => {
    const input = make("input", {
      type: spec.kind === "radio" ? "radio" : "checkbox", name: `${id}-choice`, value: option.value, "data-field": spec.name,
    });
    input.addEventListener("change", () => {
      limit();
      changed(false);
    });
    inputs.push(input);
    const words = make("span", {}, option.label);
    const note = option.note ? [make("span", { class: "nam-small" }, option.note)] : [];
    return make("label", { class: "nam-choice" }, input, words, ...note);
  });
  const ticked = () => inputs.filter((input) => input.checked).map((input) => input.value);
  // When the most that may be chosen are chosen, the rest wait; a ticked one can always be taken back.
  const limit = () => {
    if (!spec.most) return;
    const full = ticked().length >= spec.most;
    for (const input of inputs) input.disabled = full && !input.checked;
    help.textContent = `${spec.help ? `${spec.help} ` : ""}${ticked().length} of at most ${spec.most} chosen.`;
  };
  limit();
  return {
    box, error,
    value: () => (spec.kind === "radio" ? ticked()[0] || "" : ticked()),
    show: (value) => {
      const held = Array.isArray(value) ? value : [value];
      for (const input of inputs) input.checked = held.includes(input.value);
      limit();
    },
    fail: (wrong) => {
      for (const input of inputs) wrong ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
    },
    focus: () => (inputs.find((input) => input.checked) || inputs[0]).focus(),
  };
}

function written(spec, id, changed) {
  const { error, help, described } = errorAndHelp(spec, id);
  const label = make("label", { for: id }, spec.unit ? `${spec.label} [${spec.unit}]` : spec.label);
  const input = spec.kind === "text"
    ? make("textarea", { id, rows: spec.rows, maxlength: spec.longest, "data-field": spec.name, "aria-describedby": described })
    : make("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", "data-field": spec.name, "aria-describedby": described });
  input.addEventListener("input", () => changed(true));
  input.addEventListener("change", () => changed(false));
  return {
    box: make("div", { class: "nam-field" }, label, help, error, input), error,
    value: () => input.value,
    show: (value) => { input.value = value ?? ""; },
    fail: (wrong) => wrong ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid"),
    focus: () => input.focus(),
  };
}

function sliding(spec, id, changed) {
  const { error, help, described } = errorAndHelp(spec, id);
  const input = make("input", {
    id, type: "range", min: spec.low, max: spec.high, step: spec.step, "data-field": spec.name, "aria-describedby": described,
  });
  const shown = make("output", { for: id });
  // A slider always stands somewhere, so it waits, pale, until it is moved: an answer nobody gave is none.
  let value = "";
  const put = (given) => {
    value = String(given ?? "");
    input.classList.toggle("nam-blank", value === "");
    if (value !== "") input.value = value;
    else input.value = (Number(spec.low) + Number(spec.high)) / 2;
    shown.textContent = value === "" ? "not set" : `${value} ${spec.unit}`;
    input.setAttribute("aria-valuetext", value === "" ? "not set" : `${value} ${spec.unit}`);
  };
  put("");
  const moved = () => {
    put(input.value);
    changed(true);
  };
  input.addEventListener("input", moved);
  // Where it stands may be just what is meant: a click or a press of Enter or Space there answers too.
  input.addEventListener("pointerup", moved);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    moved();
  });
  return {
    box: make("div", { class: "nam-field" }, make("label", { for: id }, spec.label), help, error,
      make("div", { class: "nam-sliding" }, input, shown)), error,
    value: () => value, show: put,
    fail: (wrong) => wrong ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid"),
    focus: () => input.focus(),
  };
}

function ranking(spec, id, changed, say) {
  const { error, help, described } = errorAndHelp(spec, id);
  const list = make("ol", { class: "nam-ranked", "aria-label": `${spec.label}: your order` });
  const offered = make("div", { class: "nam-offered", role: "group", "aria-label": `${spec.label}: still to be ranked` });
  const box = make("fieldset", { "aria-describedby": described }, make("legend", {}, spec.label), help, error, list, offered);
  const words = new Map(spec.options.map((option) => [option.value, option.label]));
  let order = [];

  function button(label, spoken, press, mark) {
    const made = make("button", { type: "button", "aria-label": spoken, "data-field": spec.name, "data-rank": mark }, label);
    made.addEventListener("click", press);
    return made;
  }

  function set(next, said, mark) {
    order = next;
    draw();
    say(said);
    changed(false);
    // The button that was pressed is gone; the keyboard goes on where it was, or to the nearest button left.
    const wanted = box.querySelector(`[data-rank="${CSS.escape(mark)}"]:not([aria-disabled=true])`);
    (wanted || box.querySelector("button:not([aria-disabled=true])"))?.focus();
  }

  function moved(value, by) {
    const place = order.indexOf(value);
    const next = [...order];
    if (place + by < 0 || place + by >= next.length) return;
    next.splice(place, 1);
    next.splice(place + by, 0, value);
    set(next, `${words.get(value)} is now number ${place + by + 1}.`, `${by < 0 ? "up" : "down"}:${value}`);
  }

  function draw() {
    list.replaceChildren(...order.map((value, place) => {
      const name = words.get(value);
      const up = button("Up", `Move ${name} up`, () => moved(value, -1), `up:${value}`);
      const down = button("Down", `Move ${name} down`, () => moved(value, 1), `down:${value}`);
      if (place === 0) up.setAttribute("aria-disabled", "true");
      if (place === order.length - 1) down.setAttribute("aria-disabled", "true");
      const off = button("Remove", `Remove ${name}`, () =>
        set(order.filter((other) => other !== value), `${name} removed.`, `add:${value}`), `off:${value}`);
      return make("li", {}, make("span", {}, `${place + 1}. ${name}`), up, down, off);
    }));
    const full = spec.most && order.length >= spec.most;
    const rest = spec.options.filter((option) => !order.includes(option.value));
    offered.replaceChildren(...rest.map((option, place) => {
      const next = rest[place + 1] || rest[place - 1];
      const add = button(`+ ${option.label}`, `Add ${option.label} as number ${order.length + 1}`, () => {
        if (full) say(`At most ${spec.most}; remove one first.`);
        else set([...order, option.value], `${option.label} is number ${order.length + 1}.`,
          order.length + 1 === spec.most || !next ? `off:${option.value}` : `add:${next.value}`);
      }, `add:${option.value}`);
      if (full) add.setAttribute("aria-disabled", "true");
      return add;
    }));
    const most = spec.most ? ` of at most ${spec.most}` : "";
    help.textContent = `${spec.help ? `${spec.help} ` : ""}${order.length}${most} ranked.`;
  }
  draw();
  return {
    box, error,
    value: () => order,
    show: (value) => {
      order = (Array.isArray(value) ? value : []).filter((one) => words.has(one));
      draw();
    },
    fail: () => {},
    focus: () => box.querySelector("button:not([aria-disabled=true])").focus(),
  };
}

const KINDS = { radio: choices, checks: choices, text: written, number: written, range: sliding, rank: ranking };

function render({ model, el }) {
  const uid = `nam-form-${(views += 1)}`;
  // Tells this view from those of another browser, so that only it makes a file of an answer meant for it.
  const view = `${uid}-${Math.random().toString(36).slice(2)}`;
  const root = make("div", { class: "nam-explorer nam-form-root", role: "region", "aria-label": model.get("title") });
  const notice = make("p", { class: "nam-notice" }, model.get("notice"));
  const trouble = make("div", { class: "nam-trouble", role: "alert", hidden: "" });
  const blocks = make("div", { class: "nam-blocks" });
  const said = make("div", { class: "nam-said", role: "status", "aria-live": "polite" });
  const place = make("div", {});
  const actions = make("div", { class: "nam-actions" });
  root.append(notice, trouble, blocks, place, said, actions);
  // A notebook in command mode takes plain keys for itself, and Enter with Shift or Ctrl runs the cell anew.
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || !(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
  });
  el.append(root);

  let sequence = 0;
  let fields = {};
  let open = null; // id of the form on show
  let shown = []; // the blocks on show, as they came
  let waiting = null;
  let drafting = null;
  let first = true;

  function send(kind, rest) {
    sequence += 1;
    model.set("sent", { kind, view, seq: sequence, ...rest });
    model.save_changes();
  }

  function say(words) {
    // The same words twice are said twice only if something changes in between.
    said.textContent = said.textContent === words ? `${words}\u00a0` : words;
  }

  const values = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value()]));

  function draft(later) {
    clearTimeout(drafting);
    const form = open;
    drafting = setTimeout(() => { if (open === form) send("draft", { form, values: values() }); }, later ? 1200 : 0);
  }

  function wait() {
    root.setAttribute("aria-busy", "true");
    say("Saving ...");
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      root.removeAttribute("aria-busy");
      waiting = null;
      say("Not saved: the notebook's kernel does not answer. What you entered still stands here; restart the kernel, run the cell and commit again.");
    }, PATIENCE_MS);
  }

  function submit(event) {
    event.preventDefault();
    if (waiting) return;
    clearTimeout(drafting);
    send("submit", { form: open, values: values() });
    wait();
  }

  function drawForm(form, held) {
    open = form ? form.id : null;
    fields = {};
    if (!form) return place.replaceChildren();
    const heading = make("h4", { tabindex: "-1" }, form.heading);
    const made = make("form", { novalidate: "", "data-form": form.id }, heading);
    if (form.intro) made.append(make("p", {}, form.intro));
    form.fields.forEach((spec, number) => {
      fields[spec.name] = KINDS[spec.kind](spec, `${uid}-${form.id}-${number}`, draft, say);
      if (held[spec.name] !== undefined) fields[spec.name].show(held[spec.name]);
      made.append(fields[spec.name].box);
    });
    made.append(make("button", { type: "submit", class: "nam-go", "data-field": "submit" }, form.submit));
    made.addEventListener("submit", submit);
    place.replaceChildren(made);
  }

  function drawActions(page) {
    actions.replaceChildren();
    const add = (label, name, press) => {
      const button = make("button", { type: "button", "data-action": name }, label);
      button.addEventListener("click", press);
      actions.append(button);
      return button;
    };
    for (const one of page.actions) {
      const button = add(one.label, one.name, () => {
        if (!one.confirm) return send("action", { name: one.name });
        const back = () => { asking.replaceWith(button); button.focus(); };
        const yes = make("button", { type: "button", "data-action": `${one.name}-yes` }, "Yes");
        const no = make("button", { type: "button", "data-action": `${one.name}-no` }, "No");
        const asking = make("span", { role: "group", "aria-label": one.confirm }, `${one.confirm} `, yes, " ", no);
        yes.addEventListener("click", () => { back(); send("action", { name: one.name }); });
        no.addEventListener("click", back);
        button.replaceWith(asking);
        no.focus();
      });
    }
    for (const name of page.files) add(`Download ${name}`, `file-${name}`, () => send("file", { name }));
  }

  function put() {
    const page = model.get("page");
    if (!page.blocks) return;
    // Before anything is redrawn: only the view that the reader is in moves the keyboard.
    const here = root.contains(document.activeElement);
    if (waiting) clearTimeout(waiting);
    waiting = null;
    root.removeAttribute("aria-busy");
    trouble.hidden = !page.trouble && page.notes.length === 0;
    const warning = [page.trouble, ...page.notes].filter(Boolean).join(" ");
    if (trouble.textContent !== warning) trouble.textContent = warning;

    // Blocks that were read stay untouched, so that nothing moves under the reader's eyes.
    let fresh = null;
    page.blocks.forEach((block, number) => {
      const there = blocks.children[number];
      if (there && shown[number] && shown[number].id === block.id && shown[number].html === block.html) return;
      const made = make("section", { class: "nam-block", "data-block": block.id });
      made.innerHTML = block.html;
      if (there) there.replaceWith(made);
      else blocks.append(made);
      fresh ||= made;
    });
    while (blocks.children.length > page.blocks.length) {
      blocks.lastElementChild.remove();
      fresh ||= blocks.lastElementChild;
    }
    shown = page.blocks;

    const other = (page.form ? page.form.id : null) !== open;
    if (other) drawForm(page.form, page.draft || {});
    drawActions(page);
    for (const [name, field] of Object.entries(fields)) {
      const reason = page.errors[name] || "";
      if (field.error.textContent !== reason) field.error.textContent = reason;
      field.fail(Boolean(reason));
    }
    if (first) {
      first = false; // whoever scrolls past a notebook is not pulled to this cell
      return;
    }
    say(page.said);
    const wrong = Object.keys(page.errors).find((name) => fields[name]);
    const heading = (fresh && fresh.querySelector("h3, h4")) || (other && place.querySelector("h4"));
    if (wrong && here) fields[wrong].focus();
    else if (heading && here) {
      heading.setAttribute("tabindex", "-1");
      heading.focus();
    }
  }

  function received(message) {
    if (message.view !== view || !message.file) return;
    const type = message.file.endsWith(".csv") ? "text/csv" : "application/json";
    // The mark tells spreadsheet programs that it is UTF-8.
    const parts = type === "text/csv" ? ["\ufeff", message.text] : [message.text];
    const address = URL.createObjectURL(new Blob(parts, { type: `${type};charset=utf-8` }));
    const link = make("a", { href: address, download: message.file });
    root.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    say(`${message.file} was handed to your browser to download.`);
  }

  put();
  model.on("change:page", put);
  model.on("msg:custom", received);
  return () => {
    clearTimeout(waiting);
    clearTimeout(drafting);
    model.off("change:page", put);
    model.off("msg:custom", received);
  };
}

export default { render };
