// Express as it comes: routes in any letters, with or without a slash at the end. In front of it what apps behind IIS or a
// rewriting proxy have: the address is what a header says.
"use strict";
const express = require("express");

const app = express();
app.use((request, response, next) => {
  request.url = request.headers["x-original-url"] || request.headers["x-rewrite-url"] || request.url;
  next();
});
const page = (name) => (request, response) => response.send(`PAGE ${name}`);
app.get("/", page("front"));
app.use("/public", page("public"));
app.use("/manager", page("manager"));
app.get("/report", page("report"));
app.use("/archive", page("archive"));
app.use("/properties/elm-court", page("elm-court"));
app.use("/properties/oak-house", page("oak-house"));
app.listen(Number(process.argv[2]), "127.0.0.1");
