/** Colours come in pairs; contrast is at least 4.5 in both. */
export const STYLE = `
:root{color-scheme:light dark;--text:#1c2024;--soft:#5b6470;--back:#fff;--line:#dfe3e8;--panel:#f5f7f9;--good:#0b6b3a;--bad:#a8201a;--wait:#7a5200}
@media (prefers-color-scheme:dark){:root{--text:#e8eaed;--soft:#a2abb5;--back:#14171a;--line:#30363d;--panel:#1d2226;--good:#5fd39a;--bad:#ff8a80;--wait:#f2c14e}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:56rem;margin:0 auto;padding:1.5rem 1rem 4rem}
header{border-left:6px solid var(--wait);padding:.2rem 0 .2rem 1.1rem;margin-bottom:2rem}header.green{border-color:var(--good)}header.red{border-color:var(--bad)}
h1{margin:.1rem 0 .5rem;font-size:1.9rem;line-height:1.2}header.green h1{color:var(--good)}header.red h1{color:var(--bad)}header.undecided h1{color:var(--wait)}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--line)}
.kicker{margin:0;color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}.lead{font-size:1.1rem}
p,li{overflow-wrap:anywhere}pre{background:var(--panel);padding:.7rem .9rem;border-radius:6px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
code,pre,.ids{font-family:ui-monospace,"Cascadia Mono",Menlo,monospace;font-size:.88em}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.6rem 0 1.2rem}caption{text-align:left;color:var(--soft);font-size:.88rem;padding-bottom:.3rem}
th,td{text-align:left;padding:.38rem .8rem .38rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}th{font-weight:600}th.number,td.number{text-align:right;font-variant-numeric:tabular-nums}
.checks{list-style:none;padding:0}.checks li{padding:.35rem 0 .35rem .9rem;border-left:3px solid var(--good);margin:.4rem 0}.checks li.bad{border-color:var(--bad)}.checks .ok b{color:var(--good)}.bad,.checks .bad b{color:var(--bad)}
summary{cursor:pointer}
@media print{body{font-size:11pt}h2{break-after:avoid}table,li{break-inside:avoid}}
`;
