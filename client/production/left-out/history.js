/** Stands for `module/history.js` in deployed pages: no state is captured there. */

/** Keeps nothing. */
export class History {}
