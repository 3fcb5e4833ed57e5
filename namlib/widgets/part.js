// The one browser part of all explorers: labelled native controls, a page made in Python, and slots in it.
// It holds no formula and no clinical text: it shows what Python wrote, and tells Python what was entered.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Unlike elsewhere, one id must serve one view: the same widget may be shown twice.
let views = 0;

function control(spec, uid, change) {
  const id = `${uid}-${spec.name}`;
  const described = `${id}-error ${id}-help`;
  const help = make("div", { id: `${id}-help`, class: "nam-help" }, spec.help || "");
  const error = make("div", { id: `${id}-error`, class: "nam-error", "data-error": spec.name });
  const label = make("label", { for: id }, spec.unit ? `${spec.label} [${spec.unit}]` : spec.label);
  // Each control is a form of its own. After every change Chromium's autofill looks through all fields of the form that was
  // changed, and through all fields of the page where there is none: that costs more than the answer of the kernel.
  const box = make("form", { class: spec.wide ? "nam-control nam-wide" : "nam-control", autocomplete: "off" }, label);
  box.addEventListener("submit", (event) => event.preventDefault());
  const inputs = [];
  if (spec.kind === "choice") {
    const select = make("select", { id, "data-field": spec.name, "aria-describedby": described });
    for (const [value, words] of spec.options) select.append(make("option", { value }, words));
    // Not "change": between the two events the browser lays out the page.
    select.addEventListener("input", () => change(spec.name, select.value, false));
    inputs.push(select);
    box.append(select);
  } else if (spec.kind === "set") {
    box.replaceChildren();
    const group = make("fieldset", { class: "nam-set" }, make("legend", {}, spec.label));
    for (const [value, words] of spec.options) {
      const tick = make("input", { type: "checkbox", value, id: `${id}-${value}`, "data-field": spec.name });
      tick.addEventListener("change", () =>
        change(spec.name, inputs.filter((one) => one.checked).map((one) => one.value), false));
      inputs.push(tick);
      group.append(make("label", { for: `${id}-${value}`, class: "nam-tick" }, tick, ` ${words}`));
    }
    box.append(group);
  } else {
    const text = make("input", {
      id, type: "text", inputmode: "decimal", autocomplete: "off", "data-field": spec.name, "aria-describedby": described,
    });
    text.addEventListener("input", () => change(spec.name, text.value, false));
    inputs.push(text);
    box.append(text);
    if (spec.range || spec.steps) {
      // A slider over chosen steps runs over their places; what it says and sends is the step itself.
      const [min, max, step] = spec.range || [0, spec.steps.length - 1, 1];
      const range = make("input", {
        type: "range", min, max, step, "data-field": spec.name, "aria-label": `${spec.label}, slider [${spec.unit}]`,
      });
      range.addEventListener("input", () =>
        change(spec.name, spec.steps ? spec.steps[range.value] : range.value, true));
      inputs.push(range);
      box.append(range);
    }
  }
  box.append(make("div", { class: "nam-note" }, error, help));
  const show = (value) => {
    for (const input of inputs) {
      if (input.type === "checkbox") input.checked = (value || []).includes(input.value);
      else if (input.type === "range" && spec.steps) {
        if (!Number(value)) continue;
        input.value = spec.steps.filter((step) => Number(step) <= Number(value)).length - 1;
        input.setAttribute("aria-valuetext", `${value} ${spec.unit}`);
      } else if (input.type === "range") {
        // An empty box has no place on the slider: it waits, pale, at the low end.
        const blank = String(value ?? "").trim() === "";
        input.classList.toggle("nam-blank", blank);
        if (blank) input.value = input.min;
        else if (!Number.isNaN(Number(value))) input.value = value;
      } else if (input.value !== String(value ?? "")) input.value = value ?? "";
    }
  };
  const fail = (reason) => {
    if (error.textContent === (reason || "")) return;
    error.textContent = reason || "";
    for (const input of inputs) {
      if (reason) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  };
  return { box, show, fail, inputs };
}

// One letter for each element, as namlib/view/slots.py writes it.
const STATES = { 1: "nam-on", "?": "nam-open", 0: "nam-off" };

// Find every slot of a page once; filling it afterwards touches only what changed.
function slotsOf(root) {
  const slots = [];
  const bind = (index, put) => (slots[index] ||= []).push(put);
  for (const element of root.querySelectorAll("[data-t]"))
    bind(Number(element.dataset.t), (value) => { element.textContent = value; });
  for (const element of root.querySelectorAll("[data-h]"))
    bind(Number(element.dataset.h), (value) => { element.innerHTML = value; });
  for (const element of root.querySelectorAll("[data-m]")) {
    const [index, place] = element.dataset.m.split(":");
    bind(Number(index), (value) => {
      const state = STATES[value[place]];
      if (element.getAttribute("aria-describedby") !== state) element.setAttribute("aria-describedby", state);
    });
  }
  for (const element of root.querySelectorAll("[data-a]"))
    for (const pair of element.dataset.a.split(" ")) {
      const [name, index] = pair.split(":");
      bind(Number(index), (value) => element.setAttribute(name, value));
    }
  return slots;
}

function render({ model, el }) {
  const uid = `nam-${(views += 1)}`;
  const root = make("div", { class: "nam-explorer" });
  const form = make("div", { class: "nam-controls", role: "group", "aria-label": model.get("title") });
  const status = make("div", { class: "nam-status", role: "status", "aria-live": "polite" });
  const page = make("div", { class: "nam-page" });
  const notice = make("p", { class: "nam-notice" }, model.get("notice"));
  root.append(notice, form, status, page);
  // A notebook in command mode takes plain keys for itself: arrows move between cells, d d deletes one.
  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
  });
  el.append(root);

  const phrases = model.get("phrases"); // pieces of markup that come back again and again, sent once
  let drawn = null; // name of the page on show
  let slots = [];
  let values = [];
  let sequence = (model.get("inputs").seq || 0);
  let shown = sequence; // the question whose answer is on show
  let spoken = null;

  const controls = {};
  let group = form;
  for (const spec of model.get("controls")) {
    if (spec.kind === "group") {
      const holder = make("details", { class: "nam-group" }, make("summary", {}, spec.label));
      if (spec.open) holder.open = true;
      group = make("div", { class: "nam-group-body" });
      holder.append(group);
      form.append(holder);
      continue;
    }
    controls[spec.name] = control(spec, uid, change);
    group.append(controls[spec.name].box);
    const frames = model.get("frames_for");
    if (spec.name === frames && model.get("use_frames"))
      for (const input of controls[spec.name].inputs)
        if (input.type === "range")
          for (const event of ["focus", "pointerenter"]) input.addEventListener(event, wantFrames);
  }

  function wantFrames() {
    const others = otherInputs();
    const frames = model.get("frames");
    if (frames.key === others || model.get("want") === others) return;
    model.set("want", others);
    model.save_changes();
  }

  // Everything a set of frames depends on: all inputs but the one it runs over.
  function otherInputs() {
    const { seq, selected, ...inputs } = model.get("inputs");
    delete inputs[model.get("frames_for")];
    return JSON.stringify(Object.keys(inputs).sort().map((name) => [name, inputs[name]]));
  }

  function change(name, value, sliding) {
    sequence += 1;
    const inputs = { ...model.get("inputs"), [name]: value, seq: sequence };
    model.set("inputs", inputs);
    if (controls[name]) controls[name].show(value);
    const frames = model.get("frames");
    if (sliding && name === model.get("frames_for") && frames.key === otherInputs()) {
      const index = frames.at[value];
      if (index !== undefined) {
        const ready = frames.columns.map((column) =>
          typeof column === "string" ? column : column.length === 1 ? column[0][index] : column[0][column[1][index]]);
        shown = sequence;
        put({ page: frames.page, values: ready, errors: {}, seq: sequence });
      }
    }
    model.save_changes();
  }

  function put(frame) {
    if (frame.page !== drawn) {
      page.innerHTML = model.get("pages")[frame.page];
      slots = slotsOf(page);
      values = [];
      drawn = frame.page;
      bindNodes();
    }
    frame.values.forEach((value, index) => {
      if (values[index] === value) return;
      values[index] = value;
      const whole = value.replace(/\x01(\d+);/g, (_, place) => phrases[place]);
      for (const fill of slots[index] || []) fill(whole);
    });
    const errors = frame.errors || {};
    for (const [name, one] of Object.entries(controls)) one.fail(errors[name]);
    const wrong = Object.keys(errors).length > 0;
    if (page.classList.contains("nam-stale") !== wrong) {
      page.classList.toggle("nam-stale", wrong);
      page.setAttribute("aria-disabled", String(wrong));
    }
    // A screen reader is told once the reader pauses, not at every step of a slider.
    const words = wrong ? Object.values(errors).join(" ") : frame.values[0] || "";
    clearTimeout(spoken);
    spoken = setTimeout(() => { if (status.textContent !== words) status.textContent = words; }, 400);
  }

  function bindNodes() {
    for (const node of page.querySelectorAll("[data-node]")) {
      node.setAttribute("role", "button");
      node.setAttribute("tabindex", "0");
      const open = (event) => {
        event.preventDefault();
        change("selected", node.dataset.node, false);
      };
      node.addEventListener("click", open);
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") open(event);
      });
    }
  }

  function answered() {
    const frame = current.get(model.get("controls")) || model.get("frame");
    const asked = frame.seq || 0;
    if (asked < shown) return; // older than what is on show
    shown = asked;
    if (asked > sequence) sequence = asked;
    put(frame);
  }

  function entered() {
    const inputs = model.get("inputs");
    for (const [name, one] of Object.entries(controls)) one.show(inputs[name]);
  }

  entered();
  answered();
  // The first page is on show; the others come while the reader looks at it.
  const later = setTimeout(() => {
    if (model.get("want_pages")) return;
    model.set("want_pages", true);
    model.save_changes();
  }, 500);
  model.on("msg:custom", answered);
  model.on("change:inputs", entered);
  return () => {
    clearTimeout(spoken);
    clearTimeout(later);
    model.off("msg:custom", answered);
    model.off("change:inputs", entered);
  };
}

// The newest frame of every explorer. Not kept on the model: what is set there goes back to Python with the next change.
// The key is the list of controls, which never changes, because initialize and render are handed different wrappers of one model.
const current = new WeakMap();

// Frames arrive as what has changed. The whole is kept, so that a view opened later starts right.
function initialize({ model }) {
  model.on("msg:custom", ({ changed, ...frame }) => {
    const before = current.get(model.get("controls")) || model.get("frame");
    const values = before.page === frame.page ? [...before.values] : [];
    for (const [index, value] of Object.entries(changed)) values[index] = value;
    current.set(model.get("controls"), { ...frame, values });
  });
}

export default { initialize, render };
