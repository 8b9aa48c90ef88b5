// The report's style sheet. One accent for what is right, one for what is wrong, and otherwise ink on paper; the same page reads well
// on a wide screen, on a phone, in the dark and printed. No fonts or images come from elsewhere.

export const styleSheet: string = `
:root{color-scheme:light dark;--paper:#fcfcfa;--raised:#ffffff;--ink:#1c1d20;--soft:#5c6068;--faint:#6b7079;--rule:#e2e2dc;--good:#2166ac;--bad:#b14f0a;--third:#5c7f3a;--box:#ff8c1a;
--serif:Charter,"Iowan Old Style","Palatino Linotype","Source Serif 4",Georgia,serif;--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#141517;--raised:#1b1d20;--ink:#e9e9e6;--soft:#a5a9b1;--faint:#80858e;--rule:#303338;--good:#6aaee6;--bad:#f0904a;--third:#9cc470}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 var(--sans);font-variant-numeric:tabular-nums;font-feature-settings:"kern","liga"}
.wrap{max-width:1120px;margin:0 auto;padding:0 28px}
.skip{position:absolute;left:-9999px}
.skip:focus{left:12px;top:12px;background:var(--raised);padding:8px 14px;z-index:2}
:focus-visible{outline:2px solid var(--good);outline-offset:2px}
a{color:inherit;text-decoration-color:var(--faint);text-underline-offset:.2em}
a:hover{text-decoration-color:currentColor}
header.top{padding:56px 0 30px;border-bottom:1px solid var(--rule)}
.over{margin:0 0 6px;color:var(--soft);font-size:.8rem;letter-spacing:.08em;text-transform:uppercase}
h1,h2,h3{font-family:var(--serif);font-weight:600;line-height:1.2;text-wrap:balance;margin:0}
h1{font-size:clamp(1.9rem,1.3rem + 2.4vw,2.9rem);letter-spacing:-.012em}
h2{overflow-wrap:anywhere;font-size:1.55rem;letter-spacing:-.006em}
h3{font-size:1.08rem}
.hero{display:grid;grid-template-columns:minmax(300px,1fr) 2fr;gap:28px 56px;align-items:end;margin-top:30px}
.score{margin:0;font-family:var(--serif);line-height:1}
.score b{display:block;white-space:nowrap;font-size:clamp(3.2rem,2rem + 4vw,4.6rem);font-weight:600;letter-spacing:-.03em;color:var(--good)}
.score span{display:block;margin-top:12px;font:1rem/1.4 var(--sans);color:var(--soft)}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:16px 26px;margin:0}
dl.facts div{border-top:1px solid var(--rule);padding-top:8px}
dt{color:var(--soft);font-size:.8rem}
dd{margin:0;font-size:1.02rem;overflow-wrap:anywhere}
nav ul{display:flex;flex-wrap:wrap;gap:4px 22px;list-style:none;margin:0;padding:14px 0;font-size:.88rem}
nav{border-bottom:1px solid var(--rule);color:var(--soft)}
main section{padding:52px 0 8px}
.lede{margin:8px 0 24px;max-width:68ch;color:var(--soft);text-wrap:pretty}
code,kbd,pre{font-family:var(--mono);font-size:.88em}
pre.command{margin:26px 0 0;padding:10px 14px;background:var(--raised);border:1px solid var(--rule);border-radius:4px;overflow-x:auto}
figure{margin:0;min-width:0}
figcaption{margin-top:6px;font-size:.8rem;line-height:1.35;color:var(--soft)}
figcaption b{color:var(--ink);font-weight:600}
img,svg.sheet{display:block;width:100%;height:auto;image-rendering:pixelated;border-radius:2px}
img,svg.sheet image{image-rendering:pixelated}
@media screen and (prefers-color-scheme:dark){img.signed,.signed-scale i{filter:invert(1) hue-rotate(180deg)}}
.tiles{display:grid;gap:14px 10px}
.tiles figcaption{margin-top:3px}
.explained{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:34px 28px;margin-top:28px;align-items:start}
.subject{max-width:300px}
article.map{min-width:0;break-inside:avoid}
article.map h3 small{display:block;font:400 .8rem/1.4 var(--sans);color:var(--soft);margin-top:3px;overflow-wrap:anywhere}
.both{display:grid;grid-template-columns:1fr 1fr;gap:8px;margin:10px 0 8px}
article.map .legend{margin:0 0 4px;grid-template-columns:minmax(120px,1fr)}
article.map .legend,article.map figure{display:grid}
dl.figures{display:grid;grid-template-columns:auto 1fr;gap:1px 14px;margin:6px 0}
dl.figures div{display:contents}
dl.figures dd{font-size:.82rem;line-height:1.4}
.caveat{margin:4px 0;font-size:.82rem;line-height:1.4;color:var(--soft);text-wrap:pretty}
details{margin:8px 0}
summary{cursor:pointer;font-size:.86rem;color:var(--soft);padding:3px 0}
summary:hover{color:var(--ink)}
details[open]>summary{margin-bottom:8px}
.compared .method{display:grid;grid-template-columns:170px minmax(0,1fr);gap:10px 24px;padding:20px 0;border-top:1px solid var(--rule);break-inside:avoid}
.compared .method:first-child{border-top:0}
.compared h3 small{display:block;font:400 .78rem/1.35 var(--sans);color:var(--soft);margin:3px 0 8px}
.compared .legend{grid-template-columns:minmax(0,1fr);display:grid;margin:0 0 4px}
.cells{display:grid;grid-template-columns:repeat(var(--n),minmax(0,220px));gap:12px}
.cells figcaption span{white-space:nowrap;margin-right:.5em}
.turn{display:flex;justify-content:space-between;gap:20px;margin:18px 0 0;font-size:.9rem;color:var(--soft)}
.glance{grid-template-columns:repeat(auto-fill,minmax(84px,1fr))}
.glance figcaption{font-size:.74rem}
.below{grid-column:2}
.tuning .pair{grid-template-columns:repeat(auto-fit,minmax(min(100%,260px),320px))}
.dissected{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr));gap:26px 28px}
.hint{display:none;margin:0 0 6px;font-size:.82rem;color:var(--soft)}
dl.facts.wide{grid-template-columns:repeat(auto-fill,minmax(min(100%,240px),1fr))}
dd small{color:var(--soft)}
.strip{grid-template-columns:repeat(auto-fill,minmax(84px,1fr))}
.strip figcaption{font-size:.72rem;overflow-wrap:anywhere}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:30px 44px}
.pair h3{margin-bottom:8px}
svg.chart{display:block;width:100%;height:auto;font:12px var(--sans);overflow:visible}
.chart .grid path{stroke:var(--rule);stroke-width:1}
.chart .base{stroke:var(--faint);stroke-width:1}
.chart text{fill:var(--soft)}
.chart .axis{fill:var(--faint)}
.chart .series path{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
.s0 path{stroke:var(--good)}.s1 path{stroke:var(--bad)}.s2 path{stroke:var(--third)}
.s1 path{stroke-dasharray:7 4}.s2 path{stroke-dasharray:2 4}
.s0 circle{fill:var(--good)}.s1 circle{fill:var(--bad)}.s2 circle{fill:var(--third)}
ul.key{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0 0 10px;padding:0;font-size:.82rem;color:var(--soft)}
ul.key svg{width:24px;height:8px;margin-right:7px;vertical-align:middle}
ul.key path{fill:none;stroke-width:2}
.scroll{overflow-x:auto;margin:0 -4px;padding:4px}
table{border-collapse:collapse;font-size:.9rem;line-height:1.35}
th{font-weight:500;color:var(--soft);text-align:left}
.layers{width:100%}
.layers th,.layers td{padding:7px 18px 7px 0;border-bottom:1px solid var(--rule);white-space:nowrap}
.layers thead th{font-size:.8rem;vertical-align:bottom}
.layers tbody th{color:var(--ink);font-family:var(--mono);font-size:.86rem}
.layers .n{text-align:right}
.layers thead .n{padding-right:114px}.layers thead .n:last-child{padding-right:96px}
.layers .kind{color:var(--soft)}
.layers td:last-child,.layers th:last-child{padding-right:0}
.layers tfoot td,.layers tfoot th{border-bottom:0;font-weight:600;color:var(--ink)}
.bar{display:inline-block;width:84px;height:.55em;margin-left:12px;background:linear-gradient(var(--faint),var(--faint)) left/calc(var(--share)*100%) 100% no-repeat;vertical-align:baseline}
.confusion{border-collapse:separate;border-spacing:2px;text-align:center}
.confusion td{min-width:46px;height:36px;padding:0 4px;border-radius:2px;background:color-mix(in oklab,var(--bad) calc(var(--share)*100%),var(--raised))}
.confusion td.right{background:color-mix(in oklab,var(--good) calc(var(--share)*100%),var(--raised))}
.confusion td.none{color:var(--faint)}
.confusion td.strong{color:#fff}
@media (prefers-color-scheme:dark){.confusion td.strong{color:#10151b}}
.confusion th{padding:2px 8px;text-align:center}
.confusion tbody th{text-align:right}
.confusion td.rate{background:none;text-align:right;padding-left:14px;color:var(--soft);white-space:nowrap}
.confusion .axis{white-space:nowrap;font-size:.8rem;color:var(--faint)}
.swatches{display:flex;flex-wrap:wrap;gap:4px 22px;margin:14px 0 0;padding:0;list-style:none;font-size:.82rem;color:var(--soft)}
.swatches i{display:inline-block;width:74px;height:10px;margin-right:8px;border-radius:2px;vertical-align:baseline}
.mistakes{grid-template-columns:repeat(auto-fill,minmax(100px,1fr));gap:22px 18px}
.legend{display:inline-grid;grid-template-columns:minmax(120px,200px) auto;gap:2px 10px;font-size:.78rem;color:var(--soft);margin:0 0 18px}
.legend i{height:9px;border-radius:2px;outline:1px solid var(--rule)}
.legend span{grid-column:1;grid-row:2;display:flex;justify-content:space-between}
.legend b{font-weight:400}
.legend em{grid-column:2;grid-row:1;font-style:normal;line-height:9px}
.filters{grid-template-columns:repeat(auto-fill,minmax(104px,1fr))}
.maps{grid-template-columns:repeat(auto-fill,minmax(88px,1fr))}
.layer-maps{display:grid;grid-template-columns:150px 1fr;gap:8px 28px;padding:20px 0;border-top:1px solid var(--rule)}
.layer-maps h3 small,.unit h3 small{display:block;font:400 .8rem/1.4 var(--sans);color:var(--soft);margin-top:4px}
.layer-maps .legend{margin-top:12px;grid-template-columns:minmax(90px,140px)}
.source{max-width:150px}
.unit{display:grid;grid-template-columns:150px 1fr;gap:10px 28px;padding:24px 0;border-top:1px solid var(--rule);break-inside:avoid}
.unit dl{margin:12px 0 0;display:grid;grid-template-columns:1fr auto;gap:2px 10px}
.unit dt,.unit dd{font-size:.82rem;line-height:1.4}.unit dd{text-align:right;overflow-wrap:normal}
.unit .ratio dt,.unit .ratio dd{color:var(--ink);font-weight:600}
.unit dl div{display:contents}
.ways{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:18px 20px;align-items:start}
svg.sheet .hit{fill:transparent}
svg.sheet .box{fill:none;stroke:var(--box);stroke-width:1;vector-effect:non-scaling-stroke}
.warn{grid-column:1/-1;margin:2px 0 0;font-size:.82rem;color:var(--bad)}
.way{margin:0 0 4px;font-size:.72rem;letter-spacing:.06em;text-transform:uppercase;color:var(--faint)}
footer{margin-top:64px;padding:22px 0 56px;border-top:1px solid var(--rule);font-size:.84rem;color:var(--soft)}
footer ul{margin:6px 0;padding-left:1.1em}
@media (max-width:860px){.ways{grid-template-columns:repeat(6,minmax(0,1fr))}.ways>*{grid-column:span 2}.ways>.wide{grid-column:span 3}}
@media (max-width:640px){.hint{display:block}.scores tbody th{white-space:normal}svg.chart{font-size:16px}.below{grid-column:1}.compared .method{grid-template-columns:1fr}.cells{grid-template-columns:repeat(min(var(--n),3),minmax(0,1fr))}.wrap{padding:0 18px}header.top{padding-top:34px}.hero,.unit,.layer-maps{grid-template-columns:1fr}.unit dl{grid-template-columns:auto auto;justify-content:start;gap:2px 18px}.filters{grid-template-columns:repeat(auto-fill,minmax(64px,1fr))}.maps{grid-template-columns:repeat(auto-fill,minmax(64px,1fr))}.mistakes{grid-template-columns:repeat(auto-fill,minmax(84px,1fr))}.confusion td{min-width:31px;height:30px;padding:0 2px;font-size:.78rem}.confusion th{padding:2px 4px;font-size:.78rem}main section{padding-top:40px}.ways{gap:14px 12px}}
@media print{@page{margin:14mm}:root{color-scheme:light;--paper:#fff;--raised:#fff;--ink:#000;--soft:#333;--faint:#555;--rule:#bbb;--good:#2166ac;--bad:#b04a08;--third:#4f7030}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:10.5pt}nav,.skip,.hint{display:none}.wrap{max-width:none;padding:0}header.top{padding-top:0}main section{padding-top:22pt}h2,h3,summary{break-after:avoid}figure,tr,.unit,.layer-maps{break-inside:avoid}.scroll{overflow:visible;margin:0;padding:0}
details::details-content{content-visibility:visible;block-size:auto;opacity:1}summary{list-style:none}pre.command{white-space:pre-wrap}figcaption,.unit dt,.unit dd,.caveat{font-size:8pt}
.layers{font-size:8.5pt}.layers th,.layers td{white-space:normal;padding:4pt 8pt 4pt 0}.layers tbody th{font-size:8pt}.bar{display:none}.layers thead .n,.layers thead .n:last-child{padding-right:8pt}
.pair{grid-template-columns:1fr 1fr;gap:10pt 16pt}.explained{grid-template-columns:1fr 1fr}.unit{grid-template-columns:96pt minmax(0,1fr);gap:6pt 14pt;padding:10pt 0}.ways{grid-template-columns:repeat(5,minmax(0,1fr));gap:8pt}.ways>*,.ways>.wide{grid-column:auto}.way{font-size:6.5pt;letter-spacing:0;white-space:nowrap}.below{grid-column:1/-1}.tuning .pair{grid-template-columns:repeat(2,200pt)}.maps{grid-template-columns:repeat(auto-fill,minmax(48pt,1fr))}}
`.trim();
