/** Stands for `instances/detached-state.js` in deployed pages: no update removes elements there, so no state is kept for them. */

/** Keeps nothing. */
export class DetachedStates {
  stays() {}
  leave() {
    return false;
  }
  find() {
    return null;
  }
}
