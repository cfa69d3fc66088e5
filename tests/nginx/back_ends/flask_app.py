"""Routes as Flask reads them."""

from flask import Flask

app = Flask(__name__)


@app.route("/")
def front():
    return "PAGE front"


@app.route("/public/", defaults={"rest": ""})
@app.route("/public/<path:rest>")
def public(rest):
    return "PAGE public"


@app.route("/manager/", defaults={"rest": ""})
@app.route("/manager/<path:rest>")
def manager(rest):
    return "PAGE manager"


@app.route("/properties/<name>/", defaults={"rest": ""})
@app.route("/properties/<name>/<path:rest>")
def property_pages(name, rest):
    return f"PAGE {name}" if name in ("elm-court", "oak-house") else ("none", 404)
