// Lets a security key or passkey sign, and sends what it gave with the form around the button.
// The form stays hidden where the browser cannot do that.
const ceremonies = {
  add: (options) => navigator.credentials.create(
    { publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
  use: (options) => navigator.credentials.get(
    { publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
};
const able = window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON;
for (const form of able ? document.querySelectorAll("form[data-passkey]") : []) {
  document.getElementById(form.dataset.without).hidden = true;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    failed.hidden = true;
    try {
      const key = await ceremonies[form.dataset.passkey](JSON.parse(form.dataset.options));
      form.elements.answer.value = JSON.stringify(key);
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}
