"""What a page's charts and scripts are made of: SVG fit for a page, the Vega bundle, the security policy."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from workbench import words

FOLDER = Path(str(files("workbench") / "page"))
TAGS = {"en": "en", "zh": "zh-Hans"}  # the languages as HTML names them
SAID_BY_SCRIPT = ("filter", "save", "rows_all", "rows_some", "pick_months", "pick_marks", "every", "copy", "copied")


def security_policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Only these scripts run, only these style sheets apply, nothing is fetched, sent or framed."""
    ran, worn = (" ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)
                 for texts in (scripts, styles))
    return (f"default-src 'none'; script-src {ran or chr(39) + 'none' + chr(39)}; style-src-elem {worn}; "
            f"style-src-attr 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'")


def script() -> str:
    """The page's own script."""
    return (FOLDER / "page.js").read_text("utf-8")


def style() -> str:
    """The page's style sheet."""
    return (FOLDER / "style.css").read_text("utf-8")


def script_words(languages: Sequence[str]) -> str:
    """What the page's script says, in every language."""
    return held({key: {name: words.say(f"page.{key}", n="{n}", of="{of}").in_(name) for name in languages}
                 for key in SAID_BY_SCRIPT})


def held(value: object) -> str:
    """A value as JSON that can stand in a script element: the same value gives the same text, and none can end it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, from vl-convert; built once a machine, then read from the cache."""
    import vl_convert

    from workbench import cache, export

    kept = cache.folder() / f"vega-{vl_convert.get_vega_version()}-{vl_convert.get_vega_embed_version()}.js"
    with contextlib.suppress(OSError, UnicodeError):
        return kept.read_text("utf-8")
    made = vl_convert.javascript_bundle()
    made = "(function(){" + made.replace("</script", "<\\/script").replace("<!--", "<\\!--") + "})();"
    with contextlib.suppress(OSError), export.replacing(kept) as temporary:  # a cache that cannot be written stops nothing
        temporary.write_text(made, "utf-8")
    return made


def svg(picture: str, name: str) -> str:
    """A chart's picture as it stands in a page, from `pictures.drawn`.

    Its text names no font, so the reader's browser takes the page's. Vega numbers its clip paths over the whole process;
    here they are named after the chart, so that the same chart gives the same bytes and two charts of a page do not clip
    each other.
    """
    names: dict[str, str] = {}

    def tag(found: re.Match) -> str:
        kept = re.sub(r' (aria-[a-z]+|role|font-family|xmlns(:xlink)?)="[^"]*"', "", found[0])
        return re.sub(r'(id="|url\(#)([^")]+)',
                      lambda known: known[1] + names.setdefault(known[2], f"{name}-{len(names)}"), kept)

    return re.sub(r"<[a-z][^>]*>", tag, picture)
