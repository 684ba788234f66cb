"""The look of the HTML report, light and dark; nothing comes from elsewhere. Knows nothing of its content."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --text: #1a2327; --soft: #5d6b71; --line: #d7dfe2; --ground: #f3f6f7; --back: #fff;
  --bar: #0b6e7d; --good: #2166ac; --bad: #ad5200; --ci: #1a2327; }
@media (prefers-color-scheme: dark) { :root { --text: #e2eaec; --soft: #93a3a9; --line: #2b383e; --ground: #192327;
  --back: #10171a; --bar: #188393; --good: #6cb2ea; --bad: #f0a04b; --ci: #e2eaec; } }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 1400px; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h4 { font-size: .85rem; margin: .75rem 0 .25rem; color: var(--soft); }
.sentence { font-size: 1.15rem; margin: 0 0 .5rem; } .about { color: var(--soft); font-size: .9rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; min-width: 50%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; color: var(--soft); font-size: .85rem; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.number span.ci { color: var(--soft); }
svg { display: block; } .ground { fill: var(--ground); } .bar { fill: var(--bar); opacity: .75; }
line.ci { stroke: var(--ci); stroke-width: 1.5; }
bdi { unicode-bidi: isolate; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--ground); padding: .6rem; margin: 0;
  unicode-bidi: plaintext; font: .85rem/1.45 ui-monospace, monospace; }
details { border-bottom: 1px solid var(--line); padding: .35rem 0; } summary { cursor: pointer; }
.cells th[scope=row] { font-weight: 400; white-space: pre-wrap; max-width: 22rem; min-width: 12rem; }
.cells td { min-width: 14rem; white-space: pre-wrap; font-size: .9rem; } .cells td div + div { margin-top: .5rem; }
.passed .sign { color: var(--good); } .failed .sign, .unjudged .sign, .error .sign, td.error { color: var(--bad); }
.sign { font-weight: 700; }
"""
