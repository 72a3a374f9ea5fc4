// Reads a JSON list of [where, formula, display] and prints those in which MathJax finds an error.
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
const mathjax = require(require.resolve("mathjax", { paths: [process.argv[2]] }));
mathjax
  .init({
    loader: { load: ["input/tex"] },
    tex: { packages: { "[-]": ["noundefined", "noerrors"] } }, // An unknown command is an error.
  })
  .then((MathJax) => {
    const refused = [];
    for (const [where, formula, display] of formulas) {
      MathJax.texReset(); // A number is one of its page.
      const found = MathJax.tex2mml(formula, { display });
      if (found.includes("<merror")) refused.push([where, formula, found.match(/data-mjx-error="([^"]*)"/)?.[1]]);
    }
    console.log(JSON.stringify(refused));
  });
