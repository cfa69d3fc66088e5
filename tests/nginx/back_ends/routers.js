// Three habits of Node apps, one port each: the raw target, the WHATWG URL, the legacy URL decoded and normalised.
"use strict";
const http = require("http");
const path = require("path");
const legacy = require("url");

const readings = [
  (target) => target.split("?")[0],
  (target) => decodeURIComponent(new URL(target, "http://app.example").pathname),
  (target) => path.posix.normalize(decodeURIComponent(legacy.parse(target).pathname || "/")),
];

function pageOf(read) {
  if (read.startsWith("/manager/") || read === "/manager") return "manager";
  if (read.startsWith("/public/") || read === "/public") return "public";
  const property = /^\/properties\/(elm-court|oak-house)(\/|$)/.exec(read);
  if (property) return property[1];
  return read === "/" ? "front" : null;
}

readings.forEach((reading, i) => {
  http.createServer((request, response) => {
    let page = null;
    try {
      page = pageOf(reading(request.url));
    } catch {
      response.statusCode = 400;
    }
    if (response.statusCode === 200 && page === null) response.statusCode = 404;
    response.end(page === null ? "none" : `PAGE ${page}`);
  }).listen(Number(process.argv[2 + i]), "127.0.0.1");
});
