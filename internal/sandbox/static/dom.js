// Elements and how they are brought up to date. Everything on the page is built
// from text nodes and properties; nothing is ever parsed as HTML.

const namespace = "http://www.w3.org/2000/svg";
const drawn = new Set(["svg", "path", "rect", "circle"]);

/* h makes an element. Properties: key (who it is among its siblings), class, on
   (event handlers), data (what the reader may change: value, checked, open), and
   attributes. A child that is null, false or "" is left out. */
export function h(name, props, ...children) {
  const node = drawn.has(name) ? document.createElementNS(namespace, name) : document.createElement(name);
  const { key, on, data, ...attributes } = props ?? {};
  node.key = key;
  node.handlers = {};
  for (const [type, handler] of Object.entries(on ?? {})) listen(node, type, handler);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  node.given = data ?? {}; // after the children: a select takes a value that it has
  Object.assign(node, node.given);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

function listen(node, type, handler) {
  if (!(type in node.handlers)) node.addEventListener(type, (event) => node.handlers[type]?.(event));
  node.handlers[type] = handler;
}

/* fill makes the children of a node those that are given. What is there already
   stays: focus, scroll position, what was typed, what was opened. */
export function fill(node, ...children) {
  const next = document.createDocumentFragment();
  append(next, children);
  matchChildren(node, next);
}

function matchChildren(old, next) {
  const wanted = [...next.childNodes];
  const keys = new Set(wanted.map((n) => n.key).filter((k) => k !== undefined));
  const known = new Map();
  for (const child of [...old.childNodes]) {
    if (child.key === undefined) continue;
    if (keys.has(child.key)) known.set(child.key, child);
    else child.remove();
  }
  let at = old.firstChild;
  for (const child of wanted) {
    const same = child.key === undefined ? unnamed(at, child) : known.get(child.key);
    if (same && child.key !== undefined) at = dropUnnamed(at, same);
    if (!same || same.nodeName !== child.nodeName) {
      old.insertBefore(child, at);
      if (same === at && same) at = at.nextSibling;
      if (same) same.remove();
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    match(same, child);
  }
  while (at) {
    const after = at.nextSibling;
    at.remove();
    at = after;
  }
}

function unnamed(at, child) {
  return at && at.key === undefined && at.nodeName === child.nodeName ? at : null;
}

/* dropUnnamed removes what stands before an element that is to stay, so that it
   need not move: moving takes the focus away. */
function dropUnnamed(at, target) {
  while (at && at !== target && at.key === undefined) {
    const after = at.nextSibling;
    at.remove();
    at = after;
  }
  return at;
}

function match(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !readersOwn(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value && !readersOwn(old, name)) old.setAttribute(name, value);
  }
  for (const type of Object.keys(old.handlers ?? {})) old.handlers[type] = next.handlers?.[type];
  old.handlers ??= {};
  for (const [type, handler] of Object.entries(next.handlers ?? {})) listen(old, type, handler);
  matchChildren(old, next);
  for (const [name, value] of Object.entries(next.given ?? {})) {
    const typing = document.activeElement === old && name === "value" && old.nodeName !== "SELECT";
    if (old.given?.[name] !== value && !typing) old[name] = value;
  }
  old.given = next.given;
}

/* readersOwn says that an attribute follows what the reader did. */
function readersOwn(node, name) {
  return name === "open" && node.nodeName === "DETAILS";
}

/* lines puts a line break between parts. */
export function lines(parts) {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [h("br"), part]));
}
