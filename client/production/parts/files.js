/** The table of chosen files, as the part with the resources gets it from the engine. Stands for `dom/files.js` there. */

/** @type {typeof import("../../dom/files.js")} */
// @ts-expect-error: the name has no declaration
const files = __HMR_SHARED__;

export const { fileOf, filesOf } = files;
