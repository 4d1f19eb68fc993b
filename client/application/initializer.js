/**
 * The JavaScript module whose hooks are called while an application starts for the first time (`data-initializer` of Trunk).
 *
 * Its default export returns an object of hooks; each may be absent. The contract is that of Trunk:
 * https://trunk-rs.github.io/trunk/assets/index.html#initializer
 */

/**
 * @typedef {object} Hooks
 * @property {() => void} [onStart]
 * @property {(progress: { current: number, total: number }) => void} [onProgress]
 * @property {() => void} [onComplete] called when loading has ended, with success or not
 * @property {(wasm: unknown) => void} [onSuccess]
 * @property {(error: unknown) => void} [onFailure]
 */

/**
 * Runs a start with the hooks of an initializer.
 *
 * @template T
 * @param {string | null | undefined} url of the initializer, if there is one
 * @param {() => Promise<unknown>} load
 * @param {() => Promise<T>} start
 * @param {(started: T) => { exports: unknown } | { error: unknown }} ended
 * @returns {Promise<T>}
 */
export async function withInitializer(url, load, start, ended) {
  if (!url) return start();
  const hooks = await hooksOf(url);
  call(() => hooks.onStart?.());
  try {
    await load();
    call(() => hooks.onProgress?.({ current: 1, total: 1 }));
  } catch {
    // The start reports it.
  }
  call(() => hooks.onComplete?.());
  const started = await start();
  const result = ended(started);
  call(() => {
    if ("exports" in result) hooks.onSuccess?.(result.exports);
    else hooks.onFailure?.(result.error);
  });
  return started;
}

/**
 * The hooks of an initializer; none, with an error in the console, if it cannot be loaded: the application is started without them.
 *
 * @param {string} url
 * @returns {Promise<Hooks>}
 */
async function hooksOf(url) {
  try {
    /** @type {{ default: () => Hooks }} */
    const module = await import(url);
    return module.default() ?? {};
  } catch (error) {
    console.error(`[hmr] the initializer ${url} cannot be used:`, error);
    return {};
  }
}

/**
 * Calls a hook. One that throws does not keep the application from starting.
 * @param {() => void} hook
 */
function call(hook) {
  try {
    hook();
  } catch (error) {
    console.error("[hmr] a hook of the initializer has failed:", error);
  }
}
