"""The page's stylesheet: one column of text and one for what it rests on, from 320 px to a desk, and on paper."""

from __future__ import annotations

_LIGHT = (
    "--canvas:#f6f6f3;--surface:#fff;--sunk:#efefeb;--line:#e2e2dc;--edge:#868a8e;--ink:#1b1d1f;--soft:#585d63;"
    "--danger:#ae231b;--danger-bg:#fcecea;--hold:#7d4d00;--hold-bg:#fbf1dc;--ok:#1c6840;--ok-bg:#e6f3ea;"
    "--accent:#1f56b3;--accent-bg:#eaf1fc;"
)
_DARK = (
    "--canvas:#101214;--surface:#17191c;--sunk:#23262b;--line:#2d3137;--edge:#747b84;--ink:#ececea;--soft:#a6abb2;"
    "--danger:#ff9f95;--danger-bg:#351c1b;--hold:#efbb62;--hold-bg:#2e2513;--ok:#80cfa1;--ok-bg:#162a1f;"
    "--accent:#93b8ff;--accent-bg:#182740;"
)
STYLE = (
    ":root{color-scheme:light dark;"
    + _LIGHT
    + '--mono:ui-monospace,"Cascadia Mono","Liberation Mono",monospace}'
    + "@media screen and (prefers-color-scheme:dark){:root{"
    + _DARK
    + "}}"
    + """
*,::before,::after{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:0 1rem 3rem;background:var(--canvas);color:var(--ink);
font:.9375rem/1.45 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,h3,p,ol,ul,dl,dd,figure,blockquote{margin:0;padding:0}
h1{font-size:1.625rem;line-height:2rem;font-weight:650;letter-spacing:-.015em}
h2{font-size:1.25rem;line-height:1.75rem;font-weight:650;letter-spacing:-.01em;margin-block-end:.75rem}
h3{font-size:.9375rem;line-height:1.375rem;font-weight:650;margin-block:1.25rem .5rem}
p{text-wrap:pretty;max-width:68ch}p+p{margin-block-start:.5rem}
a{color:var(--accent);text-underline-offset:.2em}
code{font:.8125rem/1.25rem var(--mono)}
.soft,dt,th,figcaption,small{font-size:.8125rem;line-height:1.125rem;color:var(--soft);font-weight:400}
dt{line-height:1.36rem}.claim dt{line-height:1.125rem}
.skip:not(:focus){position:absolute;clip-path:inset(50%)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:.25rem}
.top{padding-block:2rem 1rem;display:grid;gap:.5rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding-block:.75rem;border-block:1px solid var(--line)}
section{padding-block:2rem;border-block-end:1px solid var(--line)}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.25rem 1rem}
dd ul,dd ol{padding-inline-start:1.125rem}dd ul{list-style:none;padding:0;display:grid;gap:.25rem}
small a code{white-space:nowrap}p+.wide,.wide+details{margin-block-start:.75rem}
ol.steps,ul.plain{display:grid;gap:.5rem;padding-inline-start:1.5rem;max-width:72ch}
ul.plain{list-style:none;padding:0}
.tag{display:inline-block;font-size:.75rem;line-height:1rem;font-weight:500;padding:.125rem .375rem;border-radius:.25rem;
color:var(--tone,var(--soft));background:var(--tint,var(--sunk));overflow-wrap:normal}
.ok{--tone:var(--ok);--tint:var(--ok-bg)}.hold{--tone:var(--hold);--tint:var(--hold-bg)}
.danger{--tone:var(--danger);--tint:var(--danger-bg)}
.notice{padding:.5rem .75rem;border-radius:.375rem;border-inline-start:3px solid var(--tone);background:var(--tint)}
.claim{background:var(--surface);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin-block-end:.75rem;
display:grid;gap:.75rem 1.5rem;grid-template-columns:minmax(0,1.5fr) minmax(0,1fr);break-inside:avoid}
.claim.unapproved{border-inline-start:3px solid var(--hold)}
.claim header{display:flex;flex-wrap:wrap;gap:.25rem .5rem;align-items:center;margin-block-end:.5rem}
.claim dl{align-content:start;font-size:.8125rem;line-height:1.125rem;
grid-template-columns:minmax(5.5rem,max-content) minmax(0,1fr)}
.says{font-size:1.0625rem;line-height:1.55rem;max-width:60ch}
.other{margin-block-start:.5rem;padding-inline-start:.75rem;border-inline-start:2px solid var(--line);max-width:60ch}
.slot{border-block-end:1px dashed var(--edge)}
details{margin-block-start:.5rem}summary{cursor:pointer;color:var(--soft);font-size:.8125rem}
.bubble{background:var(--accent-bg);border-radius:.75rem;padding:.5rem .75rem;max-width:60ch}
.wide{overflow-x:auto;max-width:100%}.wide:focus-visible{outline-offset:-2px}
.wide svg{display:block;border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;padding:.375rem .75rem .375rem 0;
border-block-end:1px solid var(--line)}
.patterns code{display:block}
footer{padding-block:1.5rem}
@media (max-width:47rem){.claim{grid-template-columns:minmax(0,1fr)}dl,.claim dl{grid-template-columns:minmax(0,1fr);gap:.125rem}
dd+dt{margin-block-start:.5rem}h1{font-size:1.375rem;line-height:1.75rem}}
@media print{:root{color-scheme:light}body{max-width:none;background:#fff;font-size:10pt}nav,.skip{display:none}
details>*{display:block}.claim{border-color:#999}section{border:0}.wide{overflow:visible}.wide svg{width:100%;height:auto}
a{color:inherit;text-decoration:none}}
"""
)
