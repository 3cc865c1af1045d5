// An element that shows offers of a media centre in the page of another web site.
(() => {
  const hub = new URL(document.currentScript.src).origin;
  customElements.define("{{ element }}", class extends HTMLElement {
    connectedCallback() {
      if (this.firstElementChild) return;
      const address = new URL(`${hub}/einbetten/${encodeURIComponent(this.getAttribute("zentrum"))}`);
      for (const name of ["art", "farbe", "q", "lang"])
        if (this.getAttribute(name)) address.searchParams.set(name, this.getAttribute(name));
      const frame = document.createElement("iframe");
      frame.src = address;
      frame.title = this.getAttribute("titel") || {{ _("Offers of the media centre")|tojson }};
      frame.loading = "lazy";
      frame.width = "100%";
      frame.height = "800";
      frame.setAttribute("frameborder", "0");
      addEventListener("message", event => {
        const height = Number(event.data && event.data.medienverbundHeight);
        if (event.origin === hub && event.source === frame.contentWindow && height > 0)
          frame.height = String(Math.min(Math.ceil(height), 20000));
      });
      this.append(frame);
    }
  });
})();
