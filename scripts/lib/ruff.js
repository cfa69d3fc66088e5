// Runs ruff, compiled to WebAssembly: node ruff.js PACKAGE, with {"options": …, "files": […]} on standard input.
// Prints one line of JSON for each thing that ruff finds: {"file", "row", "column", "code", "message"}.
const { readFileSync } = require("node:fs");
const { PositionEncoding, Workspace } = require(process.argv[2]);

const { options, files } = JSON.parse(readFileSync(0, "utf8"));
const workspace = new Workspace(options, PositionEncoding.Utf32);
for (const file of files) {
  for (const { code, message, start_location: { row, column } } of workspace.check(readFileSync(file, "utf8"))) {
    console.log(JSON.stringify({ file, row, column, code, message }));
  }
}
