// Reads a JSON list of [where, formula, display] and prints those that KaTeX refuses in strict mode.
const katex = require(require.resolve("katex", { paths: [process.argv[2]] }));
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
const refused = [];
for (const [where, formula, displayMode] of formulas) {
  try {
    katex.renderToString(formula, { displayMode, strict: "error", throwOnError: true, trust: false });
  } catch (error) {
    refused.push([where, formula, String(error.message)]);
  }
}
console.log(JSON.stringify(refused));
