/** What to report when something else answers instead of the tool. */

/** What may answer instead of the tool, and a hint what to do about it. */
function interceptor() {
  const worker = window.navigator.serviceWorker?.controller?.scriptURL;
  if (worker)
    return {
      who: `the service worker ${worker}`,
      hint: "have it leave pages and all that begins with `/@hmr/` to the network, or unregister it",
    };
  return { who: "another server, or a proxy,", hint: "start the tool on this port again, or open the address that it prints" };
}

/**
 * Why the page and the tool are not connected.
 * @param {string | null} refusal the tool's reason, if it is the tool that refuses
 */
export function interceptedText(refusal) {
  if (refusal) return `The tool does not let this page in: ${refusal}`;
  const { who, hint } = interceptor();
  return `The tool cannot be reached: ${who} answers in its place\nhint: ${hint}`;
}

/**
 * A warning that what the reader sees is not what was saved last.
 * @param {boolean} forgetful whether it was not loaded again, because the tab cannot remember that it was
 */
export function outdatedText(forgetful) {
  if (forgetful) {
    return "the page is not the one that was saved last, and it has no session storage in which to note that it was loaded again\nhint: load it again";
  }
  const { who, hint } = interceptor();
  return `the page is not the one that was saved last: ${who} answers with an old copy of it\nhint: ${hint}`;
}
