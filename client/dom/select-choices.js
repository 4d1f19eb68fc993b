/**
 * What a reader has chosen in a `select`, by the values of its options: their positions are not reliable when the options have changed.
 */

/** An option: its value, and which one of those with this value. @typedef {{ value: string, nth: number }} Choice */

/**
 * The options of a `select`.
 * @param {HTMLSelectElement} select
 * @returns {{ option: HTMLOptionElement, choice: Choice }[]}
 */
function listed(select) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  return [...select.options].map((option) => {
    const nth = counts.get(option.value) ?? 0;
    counts.set(option.value, nth + 1);
    return { option, choice: { value: option.value, nth } };
  });
}

/** @param {HTMLOptionElement} option */
function isDisabled(option) {
  return option.disabled || option.closest("optgroup")?.disabled === true;
}

/**
 * The options that are selected as long as the reader has not chosen.
 * @param {HTMLSelectElement} select
 */
function defaults(select) {
  const marked = [...select.options].filter((option) => option.defaultSelected);
  if (select.multiple) return marked;
  if (marked.length > 0) return marked.slice(-1);
  return select.size > 1 ? [] : [...select.options].filter((option) => !isDisabled(option)).slice(0, 1);
}

/**
 * @param {HTMLSelectElement} select
 * @returns {Choice[] | null} null if it is what it would be without a choice
 */
export function chosen(select) {
  const untouched = defaults(select);
  const selected = listed(select).filter(({ option }) => option.selected);
  const same = selected.length === untouched.length && selected.every(({ option }) => untouched.includes(option));
  return same ? null : selected.map(({ choice }) => choice);
}

/**
 * Selects the chosen options that still exist. If none of them exists, a `select` for one option shows what it would
 * without a choice. An empty choice is kept.
 *
 * @param {HTMLSelectElement} select
 * @param {Choice[] | null} choices
 */
export function choose(select, choices) {
  const there = listed(select).filter(({ choice }) => choices?.some(({ value, nth }) => value === choice.value && nth === choice.nth));
  const wanted = there.map(({ option }) => option);
  const isGone = choices !== null && choices.length > 0 && wanted.length === 0 && !select.multiple;
  const selected = choices === null || isGone ? defaults(select) : wanted;
  if (selected.length === 0 && !select.multiple) {
    // If only the selected option is deselected, the browser selects the first one.
    if (select.selectedIndex !== -1) select.selectedIndex = -1;
    return;
  }
  for (const option of select.options) {
    const on = selected.includes(option);
    if (option.selected !== on && (on || select.multiple)) option.selected = on;
  }
}
