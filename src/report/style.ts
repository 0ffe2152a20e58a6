/** The page's style sheet. System fonts, no images: nothing is fetched. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #1b2230; --soft: #566073; --line: #dde1e8; --code: #eef0f4;
  --old: #a35a00; --new: #1f5fd0; --good: #16753a; --bad: #bf2330; --open: #8a6100;
  --good-bg: #e4f5ea; --bad-bg: #fdeaea; --open-bg: #fdf3da;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #11151c; --card: #1a202b; --ink: #e8ebf1; --soft: #a3adbd; --line: #323b4a; --code: #242c39;
    --old: #eda255; --new: #7fb0ff; --good: #62cf8a; --bad: #ff8a8f; --open: #e7bd55;
    --good-bg: #14301f; --bad-bg: #3a1a1f; --open-bg: #33290f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; margin: .35rem 0 .5rem; }
h2 { font-size: 1.2rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .4rem; }
p, ul { margin: .5rem 0; }
ul { padding-left: 1.2rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem 1.25rem; margin: 1rem 0; }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
.eyebrow { color: var(--soft); font-size: .875rem; margin: 0; overflow-wrap: anywhere; }
.verdict { border-width: 0 0 0 8px; padding: 1.25rem 1.5rem; }
.PASS { border-color: var(--good); background: var(--good-bg); }
.FAIL { border-color: var(--bad); background: var(--bad-bg); }
.INCONCLUSIVE { border-color: var(--open); background: var(--open-bg); }
.mark { display: inline-block; border-radius: 5px; padding: 0 .45rem; font-weight: 650; font-size: .8125rem; white-space: nowrap; border: 1px solid currentColor; }
.mark.PASS { color: var(--good); } .mark.FAIL { color: var(--bad); } .mark.INCONCLUSIVE { color: var(--open); }
.mark.old { color: var(--old); } .mark.new { color: var(--new); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem 1.25rem; margin: 1rem 0 0; }
.facts div { min-width: 0; }
.facts dt { color: var(--soft); font-size: .875rem; }
.facts dd { margin: 0; font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts.text dd { font-size: 1rem; font-weight: 400; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); gap: 1rem 2rem; }
figure { margin: .5rem 0; min-width: 0; }
figcaption { color: var(--soft); font-size: .875rem; margin-bottom: .35rem; }
figure svg { max-width: 100%; height: auto; --plot-background: var(--card); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: .875rem; }
tbody th { font-weight: 500; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
tbody td:last-child { min-width: 7.5rem; }
tbody td:last-child:not(.n) { overflow-wrap: anywhere; }
tr:last-child > * { border-bottom: 0; }
code, pre { font: .875rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; background: var(--code); border-radius: 5px; }
code { padding: .1rem .3rem; overflow-wrap: anywhere; }
pre { padding: .7rem .85rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: .6rem 0; }
summary { cursor: pointer; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem 1.5rem; }
.sides > div { min-width: 0; }
.sides ol { margin: .3rem 0 .75rem; padding-left: 1.4rem; }
.sides li { margin: .25rem 0; overflow-wrap: anywhere; }
.search { break-inside: avoid; }
.search code { display: inline-block; max-width: 100%; }
:focus-visible { outline: 3px solid var(--new); outline-offset: 2px; }
@media (max-width: 36rem) {
  section { padding: .9rem 1rem; }
  .verdict { padding: 1rem; }
  .sides { grid-template-columns: 1fr; }
  h1 { font-size: 1.45rem; }
}
@media print {
  body { background: none; font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  section { border-width: 1px 0 0; border-radius: 0; padding: .6rem 0; margin: 0; }
  .verdict { border-width: 0 0 0 8px; padding-left: 1rem; }
  section, figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
