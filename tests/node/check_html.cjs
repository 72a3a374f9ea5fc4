// node check_html.cjs PAGE.html ...   looks at pages in one Chromium (which CHROMIUM names) as a reader would: with keys,
// mouse, without script, on a phone, on paper. puppeteer-core and axe-core are from npm. A page without steps is
// looked at as well, but for what only steps have. Pages behind --brief are looked at in fewer sizes and themes.
const fs = require("fs"), path = require("path"), { execSync } = require("child_process");
const puppeteer = require("puppeteer-core"), axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const chromium = process.env.CHROMIUM || execSync("command -v chromium").toString().trim();
let good = 0, bad = 0;
const ok = (cond, what) => { cond ? good++ : (bad++, console.log("  FAILED", what)); };
const CORE = new Set("math mrow mi mo mn mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mstyle mpadded mphantom mtable mtr mtd semantics annotation".split(" "));
const tick = ms => new Promise(r => setTimeout(r, ms));

function source(html) {
  ok(Buffer.byteLength(html) <= 300000, "at most 300 kB: " + Buffer.byteLength(html));
  const js = (html.match(/<script>([\s\S]*?)<\/script>/) || ["", ""])[1];
  ok(js.trim().split("\n").length <= 250, "at most 250 lines of script: " + js.trim().split("\n").length);
  ok(!/https?:|\/\/[a-z]|<link[^>]*stylesheet|@import|url\(/i.test(html.replace(/\/\/ .*/g, "")), "no address, nothing external");
  ok(!/innerHTML|eval\(|\son\w+="/.test(html), "no innerHTML, eval or inline handler");
  html = html.replace(/<script>[\s\S]*?<\/script>/, "");
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(m => m[1]);
  ok(new Set(ids).size === ids.length, "ids are unique");
  for (const [, a] of html.matchAll(/href="#([^"]+)"/g)) ok(ids.includes(a), "link to " + a);
  const families = new Map([...html.matchAll(/data-s="([^"]+)" data-f="([^"]+)"/g)].map(m => [m[1], m[2]]));
  for (const [, k] of html.matchAll(/data-s="([^"]+)"/g)) ok(ids.includes("sym-" + k) || families.has(k) && ids.includes("sym-" + families.get(k)), "symbol among the symbols: " + k);
  for (const [, k] of html.matchAll(/data-def="([^"]+)"/g)) ok(ids.includes(k), "definition of a symbol: " + k);
  for (const [, a] of html.matchAll(/data-(?:at|from)="([^"]+)"/g)) a.split(" ").forEach(s => ok(ids.includes("step-" + s), "step " + s));
  const graph = new Set([...html.matchAll(/data-g="([^"]+)"/g)].map(m => m[1])), lit = new Set([...html.matchAll(/data-lights="([^"]*)"/g)].flatMap(m => m[1].split(" ")));
  for (const g of lit) ok(graph.has(g), "in the graph: " + g);
  for (const g of graph) ok(lit.has(g), "lit by a step: " + g);
  for (const [, l] of html.matchAll(/data-lights="([^"]*)"/g)) ok(l, "a step lights something");
  for (const [m] of html.matchAll(/<math[\s\S]*?<\/math>/g)) {
    for (const [, t] of m.matchAll(/<([a-z]+)/g)) ok(CORE.has(t), "MathML Core element: " + t);
    ok(!/href=|mathcolor|mathsize|<mfenced|<menclose|mathvariant="(?!normal)/.test(m), "no attribute outside MathML Core");
    ok(!/<mo[^>]*>⊤/.test(m), "⊤ is an identifier: as an operator it gets spaces");
  }
}

async function open(b, file, o = {}) {
  const p = await b.newPage(), log = [];
  p.on("console", m => log.push(m.text())); p.on("pageerror", e => log.push(e.message)); p.on("request", r => { if (!r.url().startsWith("file:") && !r.url().startsWith("data:")) log.push("request"); });
  await p.setViewport({ width: o.w || 1360, height: o.h || 900 });
  await p.setJavaScriptEnabled(o.js !== false);
  await p.setOfflineMode(true);
  await p.emulateMediaFeatures([{ name: "prefers-color-scheme", value: o.dark ? "dark" : "light" }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await p.goto("file://" + path.resolve(file));
  p.log = log;
  return p;
}
async function accessible(p, what) {
  await p.evaluate(axe);
  const r = await p.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const hard = r.violations.filter(v => ["serious", "critical"].includes(v.impact));
  ok(hard.length === 0, `axe, ${what}: ` + hard.map(v => v.id + " " + v.nodes.slice(0, 3).map(n => n.target.join(" ") + " " + (n.any[0] || {}).message)).join("; "));
  const soft = r.violations.filter(v => !hard.includes(v)).map(v => v.id);
  if (soft.length) console.log("  axe, minor or moderate:", what, soft.join(", "));
}
const state = p => p.evaluate(() => {
  const q = s => [...document.querySelectorAll(s)], vis = x => getComputedStyle(x).visibility === "visible";
  return { step: q(".step.now").map(x => x.id.slice(5)), current: q("[aria-current=step]").length, lit: [...new Set(q("[data-g].now").map(x => x.dataset.g))].sort(), factor: q(".live [data-at].now").map(x => x.dataset.w),
    shown: q(".live [data-at]").filter(x => x.matches(".factor") ? vis(x.querySelector(".fx")) : vis(x)).map(x => x.dataset.at), got: q(".known .got").length, say: document.querySelector("#say").textContent, pos: +document.querySelector("#pos").value };
});
async function stepping(p) {
  const steps = await p.$$eval(".step", a => a.map(x => ({ id: x.id.slice(5), lights: x.dataset.lights.split(" ").sort(), fwd: x.matches(".fwd") })));
  const parts = await p.$$eval(".live [data-at]", a => a.map(x => x.dataset.at)), chips = await p.$$eval(".known li", a => a.map(x => x.dataset.from));
  ok((await state(p)).step.length === 0, "no step at first");
  const shown = await p.evaluate(() => [document.querySelectorAll(".live .factor").length, document.querySelectorAll(".step [data-r]").length]);
  ok(!shown[0] || shown[1] > 0, "lines show the factors that they add in their role");
  const at = s => steps.findIndex(x => x.id === s);
  for (let i = 0; i < steps.length; i++) {
    await p.keyboard.press("ArrowRight"); await tick(25);
    const s = await state(p), me = steps[i];
    ok(s.step.length === 1 && s.step[0] === me.id && s.current === 1, `line ${me.id} is lit alone`);
    ok(JSON.stringify(s.lit) === JSON.stringify([...new Set(me.lights)]), `edges of ${me.id}: ${s.lit}`);
    ok(s.shown.length === parts.filter(a => at(a.split(" ")[0]) <= i).length, `factors known at ${me.id}`);
    ok((s.factor.length > 0) === parts.some(a => a.split(" ").includes(me.id)), `the factor added at ${me.id}`);
    ok(s.got === chips.filter(c => at(c) <= i).length, `gradients known at ${me.id}`);
    ok(s.pos === i + 1 && s.say.includes(me.fwd ? "Forward" : "Backward"), `status at ${me.id}`);
    const r = await p.$eval(".step.now", x => { const r = x.getBoundingClientRect(), n = innerWidth < 1088 ? document.querySelector(".panel").getBoundingClientRect().bottom : 0; return r.top >= n - 1 && r.bottom <= innerHeight + 1; });
    ok(r, `line ${me.id} is in view`);
  }
  const end = await state(p);
  ok(end.shown.length === parts.length && end.got === chips.length, "everything known at the end");
  await p.keyboard.press("ArrowRight");
  ok((await state(p)).pos === steps.length, "the end is the end");
  for (let i = 0; i < steps.length; i++) await p.keyboard.press("ArrowLeft");
  ok((await state(p)).step.length === 0, "and back to the start");
  await p.click("#next"); ok((await state(p)).step[0] === steps[0].id, "the button steps");
  const mid = steps[steps.length >> 1].id; await p.$eval(`#step-${mid} .because`, x => x.click()); ok((await state(p)).step[0] === mid, "a click on a line goes there");
  const to = await p.$eval(".gbox [data-go]:not([data-go='1'])", x => (x.click(), +x.dataset.go)); ok((await state(p)).step[0] === steps[to - 1].id, "a click in the graph too");
  await p.focus("#pos"); await p.keyboard.press("End"); await tick(30); ok((await state(p)).pos === steps.length, "the slider goes to the end");
  await p.keyboard.press("Home"); await tick(30); ok((await state(p)).pos === 0, "and to the start");
  return steps;
}
async function symbols(p) {
  const first = await p.$(".lists math [tabindex='0']");
  ok(first, "one symbol is a tab stop");
  ok(await p.$$eval("math [tabindex='0']", a => a.length) === 1, "only one");
  await p.evaluate(() => document.activeElement.blur()); await p.focus("#pos");
  for (let i = 0; i < 6 && !(await p.evaluate(() => document.activeElement.matches("math [data-s]"))); i++) await p.keyboard.press("Tab");
  ok(await p.evaluate(() => document.activeElement.matches(".lists math [data-s]")), "Tab reaches the symbols");
  const card = () => p.evaluate(() => { const c = document.querySelector("#card"), x = document.activeElement, k = x.dataset.s || "", same = [...document.querySelectorAll(`[data-s="${k}"]`)];
    const e = k && document.getElementById("sym-" + (x.dataset.f || k)), r = c.getBoundingClientRect();
    return { k, open: !c.hidden, text: c.textContent, name: e && e.dataset.name, shape: e && e.dataset.shape, marked: same.length && same.every(y => y.classList.contains("same")), only: document.querySelectorAll(".same").length === same.length, ring: getComputedStyle(x).outlineStyle, stop: x.tabIndex, inside: r.left >= 0 && r.right <= innerWidth }; });
  const seen = new Set();
  for (let i = 0; i < 25; i++) {
    const c = await card(); seen.add(c.k);
    ok(c.open && c.text.includes(c.name) && (!c.shape || c.text.includes(c.shape)) && c.inside, "card of " + c.k);
    ok(c.marked && c.only, "uses of " + c.k + " are marked, no others"); ok(c.ring === "solid" && c.stop === 0, "focus ring and tab stop on " + c.k);
    await p.keyboard.press(i % 5 === 4 ? "ArrowDown" : "ArrowRight");
  }
  ok(seen.size > 2, "the arrows go from symbol to symbol");
  const where = await p.evaluate(() => document.getElementById("sym-" + (document.activeElement.dataset.f || document.activeElement.dataset.s)).dataset.def);
  await p.keyboard.press("Enter"); if (where) ok(await p.evaluate(w => document.activeElement.closest("#" + w) && location.hash === "#" + w, where), "Enter goes to the definition " + where);
  await p.keyboard.press("Escape");
  ok(await p.evaluate(() => document.querySelector("#card").hidden && document.activeElement.id === "next" && !document.querySelector(".same")), "Escape closes and gives the arrows back");
  const before = (await state(p)).pos; await p.keyboard.press("ArrowRight"); ok((await state(p)).pos === before + 1, "then the arrows step");
  for (let i = 0; i < 9; i++) await p.keyboard.press("ArrowRight");
  await p.focus("#next"); await p.keyboard.press("Tab"); await p.keyboard.press("Enter");
  ok(await p.evaluate(() => document.activeElement.matches("math [data-s]") && document.activeElement.closest(".step.now")), "from the controls to the symbols of the lit line: Tab, Enter");
  await p.keyboard.press("Escape");
  const x = await p.$(".result math [data-s]"); await x.evaluate(y => y.scrollIntoView({ block: "center" })); await x.hover(); await tick(200);
  ok(await p.$eval("#card", c => !c.hidden), "hover shows the card");
  const c = await p.$("#card"); await c.hover(); await tick(400); ok(await p.$eval("#card", c => !c.hidden), "the card can be pointed at");
  await p.mouse.move(5, 5); await tick(400); ok(await p.$eval("#card", c => c.hidden), "and goes when left");
}
async function tabs(p) {
  const n = await p.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); return document.querySelectorAll("a[href],button,input,[tabindex='0']").length; });
  let noring = [], seen = 0;
  for (let i = 0; i < n + 2; i++) {
    await p.keyboard.press("Tab");
    const a = await p.evaluate(() => { const x = document.activeElement; return x === document.body ? null : [x.tagName + " " + x.textContent.slice(0, 12), getComputedStyle(x).outlineStyle]; });
    if (a) { seen++; if (a[1] === "none") noring.push(a[0]); }
  }
  ok(seen >= n && !noring.length, "every tab stop has a visible focus " + noring);
}
async function contrast(p, what) {
  const low = await p.evaluate(() => {
    const s = getComputedStyle(document.documentElement), rgb = n => { const d = document.createElement("i"); d.style.color = s.getPropertyValue(n); document.body.append(d); const c = getComputedStyle(d).color.match(/[\d.]+/g).slice(0, 3).map(v => v / 255); d.remove(); return c; };
    const lum = c => { const [r, g, b] = c.map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; }, ratio = (a, b) => { const [x, y] = [lum(rgb(a)), lum(rgb(b))].sort((m, n) => n - m); return (x + .05) / (y + .05); };
    const out = [];
    const names = l => l.filter(n => s.getPropertyValue(n)), front = names(["--ink", "--muted", "--link", "--back", "--now"]), behind = names(["--bg", "--panel", "--nowbg", "--same"]);
    for (const f of front) for (const b of behind) if (ratio(f, b) < (f === "--now" ? 3 : 4.5)) out.push(`${f} on ${b} ${ratio(f, b).toFixed(2)}`);
    if (s.getPropertyValue("--pale") && ratio("--pale", "--bg") < 3) out.push("--pale " + ratio("--pale", "--bg").toFixed(2));
    return out;
  });
  ok(!low.length, `contrast, ${what}: ` + low);
}
(async () => {
  const b = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
  let brief = false;
  for (const file of process.argv.slice(2)) {
    if (file === "--brief") { brief = true; continue; }
    console.log(path.basename(file));
    source(fs.readFileSync(file, "utf8"));
    for (const dark of brief ? [true] : [false, true]) {
      const p = await open(b, file, { dark });
      if (!brief) await accessible(p, dark ? "dark" : "light"); await contrast(p, dark ? "dark" : "light");
      const n = await p.$$eval(".step", a => a.length); for (let i = 0; i < n * .7; i++) await p.keyboard.press("ArrowRight");
      await accessible(p, (dark ? "dark" : "light") + ", stepping");
      ok(!p.log.length, "console: " + p.log); await p.close();
    }
    let p = await open(b, file);
    const stepped = await p.$(".step") !== null, going = async q => stepped && await stepping(q);
    await going(p); if (stepped) await symbols(p); if (!brief) await tabs(p);
    ok(!stepped || await p.$eval(".step", x => getComputedStyle(x).transitionDuration) === "0s", "no motion where it is not wanted");
    ok(!p.log.length, "console: " + p.log); await p.close();
    p = await open(b, file, { w: 390, h: 844, dark: true });
    const wide = () => p.evaluate(() => document.documentElement.scrollWidth);
    ok(await wide() <= 390, "no sideways scrolling of the page on a phone: " + await wide());
    const stuck = await p.$$eval("[data-scroll],.gscroll", a => a.filter(x => x.scrollWidth > x.clientWidth + 1 && (x.tabIndex !== 0 || getComputedStyle(x).overflowX !== "auto")).length);
    ok(!stuck, "what is too wide scrolls and takes the focus");
    if (!brief) await accessible(p, "phone"); await going(p); ok(await wide() <= 390, "nor when stepping"); await accessible(p, "phone, stepping");
    const panel = stepped ? await p.evaluate(() => document.querySelector("#next").click() || document.querySelector(".panel").offsetHeight) : 0; ok(panel < 844 * .45, "the panel leaves room on a phone: " + panel);
    ok(!p.log.length, "console: " + p.log); await p.close();
    for (const w of brief ? [320] : [320, 600, 768, 1100, 1920]) { p = await open(b, file, { w, h: 700 }); for (const k of [0, 1]) { ok(await wide() <= w, `${w} px: ` + await wide()); await p.keyboard.press("ArrowRight"); await tick(30); } await p.close(); }
    p = await open(b, file, { js: false });
    const off = await p.$$eval(".step,.line,.factor,.gbox math", a => a.filter(x => !x.closest(".live") && (!x.getClientRects().length || getComputedStyle(x).visibility !== "visible")).length);
    ok(!off, "without script everything is there"); ok(await p.$$eval("button,input,#card", a => a.every(x => !x.getClientRects().length)), "and no dead control"); await p.close();
    p = await open(b, file, { dark: true }); for (let i = 0; i < 5; i++) await p.keyboard.press("ArrowRight");
    await p.emulateMediaType("print");
    ok(await p.$$eval("button,.controls,.live,.known,#card", a => a.every(x => !x.getClientRects().length)), "print has no controls");
    ok(await p.evaluate(() => getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)"), "print is black on white");
    await p.close();
  }
  await b.close();
  console.log(`${good} passed, ${bad} failed`);
  process.exitCode = bad ? 1 : 0;
})();
