// Sends the form that the page is about. Without scripts, its button does the same.
"use strict";

document.querySelector("form[data-submit-at-once]")?.submit();
