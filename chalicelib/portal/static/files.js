// A file that is chosen fills the text area that data-file-for names: forms of the portal take no files.
"use strict";

for (const field of document.querySelectorAll("[data-file-for]")) {
  field.hidden = false;
  field.addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file) document.getElementById(field.dataset.fileFor).value = await file.text();
    event.target.value = "";
  });
}
