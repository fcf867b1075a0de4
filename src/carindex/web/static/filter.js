// Shows of a list only the entries whose words contain what is typed.
document.querySelectorAll("[data-filters]").forEach((field) => {
  const entries = document.querySelectorAll(`${field.dataset.filters} > [data-words]`);
  field.addEventListener("input", (event) => {
    event.stopPropagation(); // typing here asks for nothing
    const wanted = field.value.trim().toLowerCase();
    entries.forEach((entry) => { entry.hidden = wanted !== "" && !entry.dataset.words.includes(wanted); });
  });
});
