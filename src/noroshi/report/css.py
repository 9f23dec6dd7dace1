"""The look of the page: light, legible on a telephone, printable; fonts of the reader's own machine."""

CSS = """
:root { color-scheme: light; --ink: #1a1a1a; --soft: #555; --line: #d9d9d9; --mark: #8a3b00; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  color: var(--ink); background: #fff; }
main, .page { max-width: 1072px; margin: 0 auto; padding: 0 16px; }
.marking { background: #fff3e6; border-bottom: 2px solid var(--mark); color: var(--mark); font-size: 14px; }
.marking p, footer p { margin: 0; padding: 6px 0; max-width: none; }
.marking strong { letter-spacing: .08em; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1.2rem 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 .5rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .3rem; }
p, ul { max-width: 75ch; }
.facts, figcaption, .note, caption { color: var(--soft); font-size: 14px; }
.answer { background: #f2f7fb; border-left: 4px solid #0072b2; padding: 4px 16px; margin: 1rem 0; }
.answer p { max-width: none; }
.answer p:first-child { font-size: 1.1rem; font-weight: 600; }
nav ul { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; padding: 0; max-width: none;
  font-size: 14px; }
a { color: #00558a; }
figure { margin: 1rem 0; }
.facts { max-width: none; }
figcaption { margin-top: 4px; max-width: 90ch; }
.wide, .scroll { overflow-x: auto; }
.scroll svg { display: block; width: 100%; height: auto; min-width: 720px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 12px; }
.pair figure { margin: 0; }
.pair .scroll svg { min-width: 400px; }
svg.map text { paint-order: stroke; stroke: #fff; stroke-opacity: .85; stroke-width: 3px; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
table { border-collapse: collapse; font-size: 14px; line-height: 1.35; margin: .5rem 0; width: 100%;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 2px 0 6px; }
th, td { text-align: left; vertical-align: top; padding: 4px 10px 4px 0; border-bottom: 1px solid #ececec; }
thead th { border-bottom: 2px solid #999; vertical-align: bottom; }
tbody th { font-weight: 600; }
tr.first > * { border-top: 1.5px solid #999; }
td.long { min-width: 16ch; overflow-wrap: anywhere; }
td.better { background: #e9f4ee; }
td.worse { background: #fdeee6; }
.mark { font-size: 12px; color: var(--mark); white-space: nowrap; }
code { font-size: 13px; overflow-wrap: break-word; }
tbody th code { font-weight: normal; }
details { margin: .8rem 0; }
summary { cursor: pointer; font-weight: 600; }
footer { margin-top: 3rem; border-top: 2px solid var(--mark); padding-bottom: 2rem; font-size: 14px; }
@media (max-width: 600px) { h1 { font-size: 1.5rem; } }
@media print {
  body { font-size: 11pt; }
  nav { display: none; }
  .wide, .scroll { overflow: visible; }
  .scroll svg, .pair .scroll svg { min-width: 0; }
  table { font-size: 9pt; }
  figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; display: block; }
}
"""
