// Reads a JSON list of [where, formula, display] and prints those in which MathJax finds an error.
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
const mathjax = require(require.resolve("mathjax", { paths: [process.argv[2]] }));

async function main() {
  const MathJax = await mathjax.init({
    loader: { load: ["input/tex"] },
    tex: { packages: { "[-]": ["noundefined", "noerrors"] } }, // An unknown command is an error.
  });
  const refused = [];
  for (const [where, formula, display] of formulas) {
    MathJax.texReset(); // A number is one of its page.
    const found = await MathJax.tex2mmlPromise(formula, { display });
    if (found.includes("<merror")) refused.push([where, formula, found.match(/data-mjx-error="([^"]*)"/)?.[1]]);
  }
  console.log(JSON.stringify(refused));
}
main();
