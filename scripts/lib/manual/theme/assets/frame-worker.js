// A Worker that runs in a frame of the page.
window.Worker = class extends EventTarget {
  constructor(url) {
    super();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    document.body.append(frame);
    this.scope = frame.contentWindow;
    this.scope.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
    this.started = new Promise((start) => {
      const script = this.scope.document.createElement("script");
      script.src = url;
      script.onload = start;
      this.scope.document.body.append(script);
    });
  }

  postMessage(data) {
    this.started.then(() => this.scope.dispatchEvent(new MessageEvent("message", { data })));
  }
};
