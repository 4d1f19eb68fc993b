/** What the part with the resources has. */

export { HostFunctions } from "../../resources/host-functions.js";
export { Resources, readRequest } from "../../resources/resources.js";
