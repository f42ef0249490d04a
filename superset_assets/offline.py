"""What Superset 6.1's ready-made browser bundle does not let a configuration say, changed as the files are served.

Runs inside Superset (stdlib and jinja2 only). Edits, each of one place in one file of `superset/static/assets`, some words, and two pages:

- the telemetry pixel is taken out: its off switch (`SCARF_ANALYTICS`) was read when the wheel was built, so no setting reaches it
  (apache/superset#32110). The content-security policy blocks it as well; here it is not even asked for;
- the number format `RD$ M` is registered, "RD$ 3,080 M": d3 and Superset only know the SI letters (3.08G, 3.08B);
- on a phone (PHONE) a chart is as wide as the screen, a big number half of it: Superset reckons a chart's pixels from twelfths of the page's
  width, which no CSS reaches; the rows then wrap by `dashboard.css`;
- on a phone the filters start closed: open they cover the charts, and `FILTERBAR_CLOSED_BY_DEFAULT` would close them at the desk as well;
- on a phone the diagram of flows keeps more room for the names at its right, and a heat map has neither figures in its cells nor a scale wider
  than the screen;
- the change of a big number in a year is in points where the number is a percentage, and is not written where there was nothing a year ago (Superset:
  "0.0%", whatever came of it);
- a legend has no buttons ("Todas", "Inversa") that take its room; a table's cell without a value, its total's too, is "—";
- a box plot speaks Spanish, without a legend of the words "boxplot" and "outlier";
- who looks at a dashboard does not write its colours back to it (for who may not, an error in the console; for who may, a change that nobody made);
- words that the Spanish catalogue lacks, or translates by another thing ("Filters and controls" by "Controles adicionales");
- the pages of errors 404 and 500, in English and with a font asked of outside;
- the line that tells a phone to use its own width: without it every page is drawn for 980 px and shrunk.

The edited text is kept in memory and served in place of the file; the installed package stays as it is. A bundle that does not hold
exactly what is expected raises AssetMismatch: another version of Superset needs this file looked at again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, DictLoader

PREFIX = "/static/assets/"
# In millions with thousands separators from RD$ 1 M on; whole pesos below. The thin logic of a format, no business meaning.
_MILLIONS = (
    'v=>{if(v==null||isNaN(v))return"–";let a=Math.abs(v),f=(x,d)=>x.toLocaleString("en-US",{minimumFractionDigits:d,maximumFractionDigits:d});'
    'return(v<0?"-":"")+"RD$ "+(a>=1e8?f(a/1e6,0)+" M":a>=1e6?f(a/1e6,a<1e7?2:1)+" M":f(a,0))}'
)
_PIXEL = re.compile(r'let \w+=`https://[\w.]*scarf\.sh/[^`]*`;return\(0,\w+\.\w+\)\("img",\{[^}]*\}\)')
_FORMATS = re.compile(r'\.registerValue\("MEMORY_DECIMAL",(?P<make>\(0,\w+\.\w+\))\(\{binary:!1\}\)\)')
MILLIONS_FORMAT = "RD$ M"
PHONE = "(max-width: 767px)"
_IS_PHONE = f'matchMedia("{PHONE}").matches'
_WIDTH = re.compile(
    r"(?P<own>(?P<parent>\w+)\.type===\w+\.\w+\?(?P<width>\w+)=(?P=parent)\.meta\.width\|\|\w+\.\w+:(?P<column>\w+)&&(?P=width)>(?P=column)"
    r"&&\((?P=width)=(?P=column)\)),(?P=width)\},\["
)
_FILTERS_CLOSED = re.compile(r"\(0,\w+\.\w+\)\(\w+\.\w+\.FilterBarClosedByDefault\)(?=&&null===)")
_FLOWS = re.compile(r'type:"sankey"(?=\},tooltip)')
_HEAT_FIGURES = re.compile(r"label:\{show:(\w+)(?=,formatter:\w+=>\{let \w+=\w+\.value;return \w+\(null==\w+\?void 0:\w+\[2\]\)\}\},itemStyle:\{borderColor)")
_HEAT_SCALE = re.compile(r'itemHeight:"continuous"===\w+\?(?=300:14)')
_COLOURS_BACK = re.compile(
    r"\(\w+\|\|\w+\)&&(?=\(\w+\(\{type:\w+\}\),\w+\(\{type:\w+\}\),\w+\(function\*\(\)\{return \w+\.\w+\.put\(\{"
    r"endpoint:`/api/v1/dashboard/\$\{\w+\}/colors\?mark_updated)"
)
_LEGEND_BUTTONS = re.compile(r'selector:(?=\["all","inverse"\],selectorLabel:\{fontFamily)')
_CHANGE = re.compile(
    r"(?P<before>yAxisFormat:(?P<format>\w+),currencyFormat.{300,2500}?)(?P<change>\w+)=(?P<old>\w+)\?\(Number\((?P<new>\w+)\)-(?P=old)\)/Math\.abs\((?P=old)\):0,"
    r"(?P<text>\w+)=`\$\{(?P<sign>\w+)\((?P=change)\)\} \$\{(?P<suffix>\w+)\}`"
)
_NO_VALUE = re.compile(r'\[!1,"N/A"\]')
_BOX_TOOLTIP = re.compile(r'\{name:"boxplot",type:"boxplot".{300,1500}?\.join\("<br/>"\)')
_BOX_WORDS = {"`Max:": "`Máximo:", "`3rd Quartile:": "`Tercer cuartil:", "`Mean:": "`Media:", "`Median:": "`Mediana:", "`1st Quartile:": "`Primer cuartil:",
              "`Min:": "`Mínimo:", "`# Observations:": "`Observaciones:", "`# Outliers:": "`Atípicos:"}
_BOX_LEGEND = re.compile(r'(?<=\{)(?=grid:\w+\(\{\},\w+\.\w+,\w+\),xAxis:\{type:"category",data:\w+\.map\(\w+=>\w+\.name\),axisLabel:\w+,name:\w+,nameGap)')
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'
NARROW = 3  # twelfths: up to here it is a big number

# Superset's English → what a person should read.
WORDS = {"Filters and controls": "Filtros", "Data error": "Error en los datos", "Summary": "Total", "N/A": "—", "Search %s records": "Buscar en %s registros"}
PLURALS = {"%s record": ["%s registro", "%s registros"]}  # the catalogue has "%s error"
LANGUAGE_PACK = "/superset/language_pack/es/"


_PAGE = (
    "<!doctype html><html lang='es'><meta charset='utf-8'><title>Caudal</title><body style='font-family:sans-serif;margin:15vh auto;max-width:34em'>"
    "<h1>{title}</h1><p>{text}</p><p><a href='/dashboard/list/'>Volver a los tableros</a></p></body></html>"
)
ERROR_PAGES = {
    "404": _PAGE.format(title="No se encontró", text="Esa página no existe o ya no está publicada.").encode("utf-8"),
    "500": _PAGE.format(title="Algo falló", text="Superset no pudo atender el pedido. Inténtelo de nuevo; si se repite, avise a sistemas.").encode("utf-8"),
}
_MARKS = (b"scarf.sh", b'"MEMORY_DECIMAL",(0,', b".FilterBarClosedByDefault", b'type:"sankey"},tooltip', b"colors?mark_updated=", b'[!1,"N/A"]')  # with none: not read


class AssetMismatch(RuntimeError):
    """The installed Superset's bundle is not the one these edits were written for."""


def _register_millions(match: re.Match) -> str:
    made = f'Object.assign({match["make"]}({{}}),{{id:"{MILLIONS_FORMAT}",label:"{MILLIONS_FORMAT}",formatFunc:{_MILLIONS}}})'
    return f'{match[0]}.registerValue("{MILLIONS_FORMAT}",{made})'


def _spanish_boxes(match: re.Match) -> str:
    text = match[0]
    for english, spanish in _BOX_WORDS.items():
        if text.count(english) != 1:
            raise AssetMismatch(f"box plot: {english!r} is not there once")
        text = text.replace(english, spanish)
    return text


def _change_in_points(match: re.Match) -> str:
    change, old, new, text, suffix = (match[name] for name in ("change", "old", "new", "text", "suffix"))
    points = f'{change}=Number({new})-{old},{text}=(d=>(d>0?"+":"")+d.toFixed(1))(Math.round(1e3*{change})/10||0)+" puntos "+{suffix}'
    share = f"{change}=(Number({new})-{old})/Math.abs({old}),{text}=`${{{match['sign']}({change})}} ${{{suffix}}}`"
    return f'{match["before"]}(({match["format"]}||"").endsWith("%")?({points}):{old}&&({share}))'


EDITS: tuple[tuple[str, re.Pattern, str | Callable[[re.Match], str]], ...] = (
    ("telemetry pixel", _PIXEL, "return null"),
    ("number format RD$ M", _FORMATS, _register_millions),
    ("charts on a phone", _WIDTH, rf"\g<own>,{_IS_PHONE}?\g<width>>{NARROW}?12:6:\g<width>}},[{_IS_PHONE},"),
    ("names of flows on a phone", _FLOWS, rf'\g<0>,right:{_IS_PHONE}?"36%":"20%"'),
    ("figures of heat on a phone", _HEAT_FIGURES, rf"\g<0>&&!{_IS_PHONE}"),
    ("scale of heat on a phone", _HEAT_SCALE, rf"\g<0>{_IS_PHONE}?160:"),
    ("buttons of a legend", _LEGEND_BUTTONS, r"\g<0>!1&&"),
    ("change of a big number", _CHANGE, _change_in_points),
    ("no value in a table", _NO_VALUE, '[!1,"—"]'),
    ("words of a box plot", _BOX_TOOLTIP, _spanish_boxes),
    ("legend of a box plot", _BOX_LEGEND, "legend:{show:!1},"),
    ("colours written back", _COLOURS_BACK, "!1&&"),
    ("filters on a phone", _FILTERS_CLOSED, rf"(\g<0>||{_IS_PHONE})"),
)


def edited_assets(folder: Path) -> dict[str, bytes]:
    """URL path → text to serve instead of the file. Raises AssetMismatch unless each edit applies to exactly one place."""
    found: dict[str, bytes] = {}
    counts = dict.fromkeys((name for name, _, _ in EDITS), 0)
    for path in sorted(folder.glob("*.js")):
        raw = path.read_bytes()
        if not any(mark in raw for mark in _MARKS):
            continue
        text = raw.decode("utf-8")
        for name, pattern, replacement in EDITS:
            text, times = pattern.subn(replacement, text)
            counts[name] += times
        if text.encode() != raw:
            found[PREFIX + path.name] = text.encode("utf-8")
    wrong = [f"{name}: {times} places instead of 1" for name, times in counts.items() if times != 1]
    if wrong:
        raise AssetMismatch(f"Superset's bundle in {folder} is not the expected one ({'; '.join(wrong)}): look at superset_assets/offline.py")
    return found


def edited_language_pack(folder: Path) -> dict[str, bytes]:
    """URL path → the Spanish catalogue with WORDS put right."""
    catalogue = json.loads((folder / "es" / "LC_MESSAGES" / "messages.json").read_text(encoding="utf-8"))
    catalogue["locale_data"]["superset"].update({word: [text] for word, text in WORDS.items()} | PLURALS)
    return {LANGUAGE_PACK: json.dumps(catalogue, ensure_ascii=False).encode("utf-8")}


def add_viewport(app: Any) -> None:
    """`FLASK_APP_MUTATOR`: the template that Superset leaves free for additions to each page's head."""
    app.jinja_loader = ChoiceLoader([DictLoader({"head_custom_extra.html": VIEWPORT}), app.jinja_loader])


class OfflineAssets:
    """WSGI middleware that serves the edited files and the error pages, and passes everything else on."""

    def __init__(self, app: Callable, assets: dict[str, bytes]):
        self.app = app
        self.assets = assets
        self.etags = {path: f'"caudal-{hashlib.sha256(body).hexdigest()[:20]}"' for path, body in assets.items()}

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        body = self.assets.get(path)
        if body is None:
            return self._pass_on(environ, start_response)
        # Asked again each time by its tag: the name carries the hash of the unedited file, so it must not be kept as it is for a year.
        kind = "text/javascript" if path.endswith(".js") else "application/json"
        headers = [("Content-Type", f"{kind}; charset=utf-8"), ("ETag", self.etags[path]), ("Cache-Control", "no-cache")]
        if environ.get("HTTP_IF_NONE_MATCH") == self.etags[path]:
            start_response("304 Not Modified", headers)
            return []
        start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _pass_on(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        page: list[bytes] = []

        def intercept(status: str, headers: list[tuple[str, str]], *args: object) -> Callable:
            kind = next((value for name, value in headers if name.lower() == "content-type"), "")
            if status[:3] in ERROR_PAGES and kind.startswith("text/html"):
                page.append(ERROR_PAGES[status[:3]])
                dropped = ("content-length", "content-encoding", "content-type", "content-disposition", "etag", "last-modified")
                headers = [(name, value) for name, value in headers if name.lower() not in dropped]
                headers += [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page[0])))]
            return start_response(status, headers, *args)

        answer = self.app(environ, intercept)
        if not page:
            return answer
        if hasattr(answer, "close"):
            answer.close()
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else page
