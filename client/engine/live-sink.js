/** Carries out what the running code of a module requests through its imports. */

import { readInvalidation } from "../module/invalidation.js";
import { readPort } from "../resources/instance-resources.js";
import { readRequest } from "../resources/resources.js";

/**
 * @param {import("../module/record.js").ModuleRecord} record
 * @param {import("../resources/instance-resources.js").InstanceResources} instanceResources
 * @param {import("../instances/invalidations.js").Invalidations} invalidations
 * @returns {import("../guest/guest.js").Sink}
 */
export function liveSink(record, instanceResources, invalidations) {
  const { tree } = record;
  const apply = (/** @type {import("../resources/instance-resources.js").Request} */ request) => {
    if (!record.heldRequests.hold(request)) instanceResources.apply(record.name, request);
  };
  return {
    dom: (batch) => tree.apply(batch),
    log: record.log,
    resource: (json) => apply(readRequest(json)),
    port: (json) => apply(readPort(json)),
    node: (id) => record.nodeOf(id) ?? null,
    invalidate: (json) => invalidations.add(record.name, readInvalidation(json)),
  };
}
