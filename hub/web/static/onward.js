// Sends the only form of the page, so that nobody has to press its button.
document.querySelector("form[data-onward]").requestSubmit();
