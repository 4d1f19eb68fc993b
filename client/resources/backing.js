/** The interface of an open resource's implementation, for all kinds. Only types. */

/**
 * @typedef {object} Backing
 * @property {() => void} stop
 * @property {(node: Node) => void} [observe] continues with this node, and stops observing the previous one
 * @property {(data: string, binary: boolean) => boolean} [send] false if it has ended
 */

/**
 * How a backing reports events.
 *
 * @typedef {object} Firing
 * @property {(data: object | string | null) => void} fire with what the handler gets as `data`; text is JSON
 * @property {(event: Event, flags: number) => void} happened fires with an event
 * @property {() => void} ended it can fire no more, though it was not stopped
 * @property {(text: string) => void} warn
 */

export {};
