"""Prints a document, or slides, as one HTML file that needs nothing beside it and loads nothing.

Every text is escaped. A content policy forbids the page to fetch anything and to run any script but the one it carries.
"""

from __future__ import annotations

import base64
import hashlib

from namlib.export.paper import (
    CHART_FONT,
    NOTICE,
    Block,
    Deck,
    Document,
    Drawing,
    Folded,
    Grid,
    Heading,
    Listing,
    NewPage,
    Paragraph,
    Slide,
    Text,
    WriteHere,
    runs,
    standalone,
)
from namlib.table import html

_SANS = '"DejaVu Sans",Verdana,"Segoe UI",Helvetica,Arial,sans-serif'

_COMMON = """
*{box-sizing:border-box}
body{margin:0;color:#1a1a1a;background:#fff;font-family:SANS;line-height:1.5}
a{color:#005a8f}
table{border-collapse:collapse;width:100%;margin:.4em 0 1em}
caption{text-align:left;font-weight:700;padding:.3em 0;caption-side:top}
th,td{text-align:left;vertical-align:top;padding:.35em .6em .35em 0;border-top:1px solid #c9ced3}
td{overflow-wrap:anywhere}
thead th{border-top:0;border-bottom:2px solid #5a6570}
tbody th{font-weight:600}
figure{margin:.6em 0}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.88em;color:#44505a}
.box{border:1px solid #9aa5ae;border-left:6px solid #0072B2;padding:.5em .9em;margin:.7em 0}
.quote{border-left:3px solid #9aa5ae;padding-left:.9em;margin-left:0}
.lead{font-size:1.12em}
.small{font-size:.87em}
.mark{display:inline-block;border:2px solid #D55E00;font-weight:700;padding:.1em .6em}
.notice{font-size:.87em;color:#44505a}
""".replace("SANS", _SANS)

_SHEET = """
main,header,footer{max-width:52rem;margin:0 auto;padding:0 1.2rem}
header{padding-top:1.6rem}
h1{font-size:1.7rem;line-height:1.25;margin:.2em 0 .3em}
h2{font-size:1.25rem;margin:1.8em 0 .4em;border-bottom:2px solid #0072B2;padding-bottom:.15em}
h3{font-size:1.03rem;margin:1.2em 0 .3em}
h2,h3{break-after:avoid}
p{margin:.5em 0}
table.small{font-size:.85em}
.scroll{overflow-x:auto}
.name{color:#44505a;font-size:.95rem;margin:0}
dl.imprint{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em;font-size:.87em;margin:.8em 0}
dl.imprint dt{color:#44505a}dl.imprint dd{margin:0}
.write{margin:.9em 0}.write div{border-bottom:1px solid #5a6570;height:2em}
footer{border-top:1px solid #c9ced3;margin-top:2rem;padding-bottom:2rem}
@page{size:A4;margin:17mm 17mm 20mm;
 @bottom-left{content:"NOTICE";font:7.5pt SANS;color:#44505a}
 @bottom-right{content:counter(page) " / " counter(pages);font:7.5pt SANS;color:#44505a}
 @top-right{content:"MARK";font:700 7.5pt SANS;color:#44505a}}
@media print{body{font-size:10pt}main,header,footer{max-width:none;padding:0}header{padding-top:0}
 .new-page{break-before:page}tr,figure,.box{break-inside:avoid}thead{display:table-header-group}a{color:inherit}}
"""


def _text(text: Text) -> str:
    parts = []
    for run in runs(text):
        said: str = html(run.text)
        if run.bold:
            said = f"<b>{said}</b>"
        if run.italic:
            said = f"<i>{said}</i>"
        if run.url:
            said = f'<a href="{html(run.url)}" target="_blank" rel="noopener noreferrer">{said}</a>'
        parts.append(said)
    return "".join(parts)


def _grid(grid: Grid) -> str:
    head = "".join(f'<th scope="col">{html(name)}</th>' for name in grid.heads)
    body = "".join(
        f'<tr><th scope="row">{_text(row[0])}</th>{"".join(f"<td>{_text(cell)}</td>" for cell in row[1:])}</tr>'
        for row in grid.rows
    )
    total = sum(grid.widths)
    columns = "".join(f'<col style="width:{100 * share / total:.1f}%">' for share in grid.widths)
    return (
        f'<div class="scroll"><table{" class=small" if grid.small else ""}><caption>{html(grid.caption)}</caption>'
        f"<colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _block(block: Block, deeper: int = 1) -> str:
    if isinstance(block, Heading):
        level = block.level + deeper
        return f"<h{level}>{html(block.text)}</h{level}>"
    if isinstance(block, Paragraph):
        kind = "" if block.kind == "plain" else f' class="{block.kind}"'
        return f"<p{kind}>{_text(block.text)}</p>"
    if isinstance(block, Listing):
        tag = "ol" if block.ordered else "ul"
        return f"<{tag}>{''.join(f'<li>{_text(item)}</li>' for item in block.items)}</{tag}>"
    if isinstance(block, Grid):
        return _grid(block)
    if isinstance(block, Drawing):
        svg = standalone(block.svg).replace(CHART_FONT, html(_SANS))
        caption = f"<figcaption>{html(block.caption)}</figcaption>" if block.caption else ""
        return f'<figure style="max-width:{100 * block.width:.0f}%">{svg}{caption}</figure>'
    if isinstance(block, WriteHere):
        lines = "<div></div>" * block.lines
        return f'<div class="write"><b>{html(block.label)}</b>{lines}</div>'
    if isinstance(block, Folded):
        rows = "".join(
            f"<details><summary>{html(name)}</summary><p>{html(behind)}</p></details>" for name, behind in block.items
        )
        return f'<div class="folded">{rows}</div>'
    assert isinstance(block, NewPage)
    return '<div class="new-page"></div>'


def _policy(script: str = "") -> str:
    scripts = ""
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
        scripts = f"; script-src 'sha256-{digest}'"
    return (
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'{scripts}\">"
    )


def _top(title: str, style: str, script: str = "") -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{_policy(script)}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{html(title)}</title>\n<style>{style}</style>\n</head>\n"
    )


def document(made: Document) -> str:
    """Print a document as HTML."""
    short = "FICTIONAL" if made.fictional else made.name
    style = _COMMON + _SHEET.replace("SANS", _SANS).replace("NOTICE", NOTICE).replace("MARK", short)
    imprint = "".join(f"<dt>{html(name)}</dt><dd>{html(value)}</dd>" for name, value in made.imprint)
    mark = "mark" if made.fictional else "small"
    body = "\n".join(_block(block) for block in made.blocks)
    return (
        f'{_top(f"{made.name}: {made.title}", style)}<body>\n<header><p class="name">{html(made.name)}</p>'
        f'<h1>{html(made.title)}</h1><p class="{mark}">{html(made.mark)}</p><p class="notice">{html(NOTICE)}</p>'
        f'<dl class="imprint">{imprint}</dl></header>\n<main>\n{body}\n</main>\n'
        f'<footer><p class="notice">{html(NOTICE)}</p><p class="notice">{html(made.mark)}</p></footer>\n'
        "</body>\n</html>\n"
    )


# --- slides --------------------------------------------------------------------------------------------------------

_SLIDES = """
html{font-size:clamp(12px,min(2.05vw,3.5vh),60px)}
body{background:#fff}
.slide{position:relative;padding:1.4rem 2.4rem 3.2rem;min-height:100vh;border-bottom:1px solid #c9ced3;
 display:flex;flex-direction:column}
.deck .slide{display:none;position:absolute;inset:0;overflow:hidden;border-bottom:0}
.deck .slide.now{display:flex}
.deck .slide.tall{overflow-y:auto}
.over{color:#44505a;font-size:.72rem;margin:0;letter-spacing:.02em}
h2{font-size:1.45rem;line-height:1.2;margin:.1rem 0 .55rem}
h3{font-size:1.02rem;margin:.5rem 0 .2rem}
.room{flex:1;min-height:0;font-size:calc(1rem*var(--fit,1))}
.room p{margin:.35em 0}
.room ul,.room ol{margin:.3em 0;padding-left:1.3em}.room li{margin:.22em 0}
.room table{font-size:.82em}
.room figure svg{max-height:calc(60vh*var(--fit,1))}
h2:focus{outline:0}
.asked{border-left:.55rem solid #E69F00}.revealed{border-left:.55rem solid #009E73}
.told,.title,.end{border-left:.55rem solid #0072B2}
.tag{position:absolute;right:2.4rem;top:1.2rem;font-size:.66rem;border:1px solid #5a6570;border-radius:1em;
 padding:.05em .7em;color:#44505a}
.title .room{display:flex;flex-direction:column;justify-content:center}
.title h2{font-size:2.3rem}
.foot{position:absolute;left:2.4rem;right:2.4rem;bottom:.75rem;font-size:.56rem;color:#44505a;
 display:flex;gap:1.2em;justify-content:space-between;align-items:baseline}
.foot .mark{border-width:1px;padding:0 .4em}.foot .legal{flex:1}.foot .place{white-space:nowrap}
.folded{columns:2;column-gap:1.6em}
details{break-inside:avoid;border-top:1px solid #c9ced3;padding:.18em 0}
details p{margin:.1em 0 .2em 1em}summary{cursor:pointer;font-weight:600}
.room dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em}.room dd{margin:0}
nav{display:none}
.deck nav{display:flex;position:fixed;right:.5rem;bottom:2.1rem;gap:.3rem}
nav button{font:inherit;font-size:.56rem;padding:.1em .6em;border:1px solid #9aa5ae;color:#44505a;background:#fff;
 border-radius:.3em;cursor:pointer}
:focus-visible{outline:3px solid #0072B2;outline-offset:2px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@page{size:A4 landscape;margin:0}
@media print{html{font-size:15.5pt}nav,.sr{display:none!important}
 .slide{break-after:page;border-bottom:0;-webkit-print-color-adjust:exact;print-color-adjust:exact}
 .deck .slide{display:flex!important;position:relative;inset:auto;min-height:0;height:209mm;overflow:hidden;
 break-inside:avoid}
 .slide:last-of-type{break-after:auto}a{color:inherit}.room figure svg{max-height:calc(125mm*var(--fit,1))}}
"""

# Keys as in every slide program. Without the script the slides stand below each other and nothing is lost.
_SCRIPT = """
"use strict";
(function () {
  var slides = Array.prototype.slice.call(document.querySelectorAll(".slide"));
  var live = document.getElementById("live");
  var now = -1;
  document.body.classList.add("deck");
  function largest(slide, size) {
    // A slide that is not shown has no height: it is shown for as long as it is measured.
    var room = slide.querySelector(".room");
    var hidden = !slide.classList.contains("now");
    slide.classList.remove("tall");
    slide.classList.add("now");
    room.style.setProperty("--fit", size);
    while (room.scrollHeight > room.clientHeight + 1 && size > 0.56) {
      size -= 0.04;
      room.style.setProperty("--fit", size.toFixed(2));
    }
    slide.classList.toggle("tall", room.scrollHeight > room.clientHeight + 1);
    if (hidden) { slide.classList.remove("now"); }
    return size;
  }
  function fit(slide) {
    // Parts of one slide have letters of one size.
    var at = slides.indexOf(slide);
    var first = at;
    while (slides[first].dataset.part > 1) { first -= 1; }
    var size = 1.3;
    for (var place = first; place === first || (slides[place] && slides[place].dataset.part > 1); place += 1) {
      size = largest(slides[place], size);
    }
    largest(slide, size);
  }
  function show(place, tell) {
    place = Math.max(0, Math.min(slides.length - 1, place));
    if (place === now) { return; }
    slides.forEach(function (slide, index) { slide.classList.toggle("now", index === place); });
    now = place;
    fit(slides[now]);
    if (window.history && window.history.replaceState) {
      try { window.history.replaceState(null, "", "#" + (now + 1)); } catch (refused) { /* a file may refuse */ }
    }
    if (tell) {
      var heading = slides[now].querySelector("h2");
      live.textContent = "Slide " + (now + 1) + " of " + slides.length + ": " + heading.textContent;
      heading.focus({preventScroll: true});
    }
  }
  function wanted() { return (parseInt(window.location.hash.slice(1), 10) || 1) - 1; }
  function screen() {
    if (document.fullscreenElement) { document.exitFullscreen(); }
    else if (document.documentElement.requestFullscreen) { document.documentElement.requestFullscreen(); }
  }
  function open(slide) {
    var parts = Array.prototype.slice.call(slide.querySelectorAll("details"));
    var some = parts.some(function (one) { return !one.open; });
    parts.forEach(function (one) { one.open = some; });
  }
  var keys = {
    ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, n: 1,
    ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Backspace: -1, p: -1
  };
  document.addEventListener("keydown", function (event) {
    if (event.altKey || event.ctrlKey || event.metaKey) { return; }
    var onControl = event.target.closest && event.target.closest("summary, a, button");
    if (onControl && (event.key === " " || event.key === "Enter")) { return; }
    if (event.key in keys) { show(now + keys[event.key], true); }
    else if (event.key === "Home") { show(0, true); }
    else if (event.key === "End") { show(slides.length - 1, true); }
    else if (event.key === "f") { screen(); }
    else if (event.key === "o") { open(slides[now]); }
    else { return; }
    event.preventDefault();
  });
  document.getElementById("back").addEventListener("click", function () { show(now - 1, true); });
  document.getElementById("next").addEventListener("click", function () { show(now + 1, true); });
  document.addEventListener("toggle", function () { fit(slides[now]); }, true);
  window.addEventListener("resize", function () { fit(slides[now]); });
  window.addEventListener("hashchange", function () { show(wanted(), true); });
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (one) { one.open = true; });
    // On paper every slide is shown, also those that nobody has come to yet.
    slides.forEach(fit);
    slides.forEach(function (slide) { slide.classList.remove("tall"); });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (one) { one.open = false; });
    fit(slides[now]);
  });
  show(wanted(), false);
}());
"""
_TAGS = {"asked": "commit first", "revealed": "revealed"}


def _slide(slide: Slide, place: int, deck: Deck) -> str:
    over = f'<p class="over">{html(slide.over)}</p>' if slide.over else ""
    tag = f'<span class="tag">{_TAGS[slide.kind]}</span>' if slide.kind in _TAGS else ""
    mark = '<span class="mark">FICTIONAL</span>' if deck.fictional else ""
    part = f' data-part="{slide.part}"' if slide.part else ""
    body = "".join(_block(block, 2) for block in slide.blocks)
    top = f'<h2 tabindex="-1">{html(slide.title)}</h2>'
    inside = f"{over}{top}<div class=room>{body}</div>"
    if slide.kind == "title":
        inside = f"<div class=room>{top}{body}</div>"
    return (
        f'<section class="slide {slide.kind}" aria-label="slide {place} of {len(deck.slides)}"{part}>{tag}{inside}'
        f'<div class="foot">{mark}<span class="legal">{html(NOTICE)}</span>'
        f'<span class="place">{place} / {len(deck.slides)}</span></div></section>'
    )


def slides(deck: Deck) -> str:
    """Print slides as one HTML file with its own keyboard navigation."""
    body = "\n".join(_slide(slide, place, deck) for place, slide in enumerate(deck.slides, start=1))
    return (
        f"{_top(deck.name, _COMMON + _SLIDES, _SCRIPT)}<body>\n<main>\n{body}\n</main>\n"
        '<nav aria-label="Slides"><button id="back" type="button">Back</button>'
        '<button id="next" type="button">Next</button></nav>\n'
        f'<div id="live" class="sr" aria-live="polite"></div>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n'
    )
