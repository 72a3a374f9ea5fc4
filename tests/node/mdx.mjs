// Reads a JSON object of MDX pages by name; prints for each its HTML, or what MDX or KaTeX says against it.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const pages = JSON.parse(fs.readFileSync(0, "utf8"));
const folder = process.argv[2];
const load = (name, file) => import(pathToFileURL(path.join(folder, name, file)));
const { evaluate } = await load("@mdx-js/mdx", "index.js");
const { default: remarkMath } = await load("remark-math", "index.js");
const { default: rehypeKatex } = await load("rehype-katex", "index.js");

class Html {
  constructor(text) {
    this.text = text;
  }
}
const VOID = new Set(["br", "hr", "img", "input", "col"]);
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const html = (child) => {
  if (child instanceof Html) return child.text;
  if (Array.isArray(child)) return child.map(html).join("");
  return child === null || child === undefined || typeof child === "boolean" ? "" : escaped(String(child));
};
const hyphened = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const value = (given) =>
  typeof given === "object" ? Object.entries(given).map(([name, each]) => `${hyphened(name)}:${each}`).join(";") : given;
const NAMES = { className: "class", htmlFor: "for" };

// As much of React as writes elements: MDX compiles to calls of it.
const Fragment = ({ children }) => new Html(html(children));
function jsx(type, { children, ...props }) {
  if (typeof type === "function") return type({ children, ...props });
  const given = Object.entries(props).map(([name, each]) => ` ${NAMES[name] ?? name}="${escaped(String(value(each)))}"`);
  const start = `<${type}${given.join("")}>`;
  return new Html(VOID.has(type) ? start : `${start}${html(children)}</${type}>`);
}

const REFUSED = "#c00000";
const found = {};
for (const [name, source] of Object.entries(pages)) {
  try {
    const page = await evaluate(source, {
      Fragment, jsx, jsxs: jsx, remarkPlugins: [remarkMath],
      rehypePlugins: [[rehypeKatex, { output: "mathml", strict: "error", errorColor: REFUSED }]],
    });
    const text = html(page.default({}));
    found[name] = text.includes(REFUSED) ? { error: "KaTeX refuses a formula" } : { html: text };
  } catch (error) {
    found[name] = { error: String(error.message ?? error) };
  }
}
console.log(JSON.stringify(found));
